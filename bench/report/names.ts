// Names of the bench that the README's tables are made by: sections and contenders have them too.

export const SECTIONS = { forward: "forward", training: "training", convolution: "convolution" };
export const TABLES = { targets: "target shapes", gradients: "gradients", network: "training step of a CNN" };
export const NORMALIZATIONS = { batchNorm: "tf.batchNorm", composed: "UAN of tf operations", uan: "tfjs-uan" };
export const CONVOLUTIONS = {
  forward: "tf.conv2d",
  filter: "gradient of filter",
  input: "gradient of input",
  theirs: "gradient of input, backend's",
};
export const BACKENDS = { wasm: "wasm", cpu: "cpu" };
