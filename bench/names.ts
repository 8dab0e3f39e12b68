// Names of sections, tables and contenders that the documents show.

export const SECTIONS = { forward: "forward", training: "training", convolution: "convolution", layers: "layers", step: "step" };
export const TABLES = {
  targets: "target shapes",
  gradients: "gradients",
  network: "training step of a CNN",
  steps: "training steps",
};
export const NORMALIZATIONS = { batchNorm: "tf.batchNorm", composed: "UAN of tf operations", uan: "tfjs-uan" };
/** UAN by moments of the batch. */
export const BY_BATCH = { standardized: "UAN, standardize, prior mass", moments: "UAN, moments of the batch" };
export const GRADIENTS = {
  forward: "tf.conv2d",
  filter: "gradient of filter",
  input: "gradient of input",
  theirs: "gradient of input, backend's",
};
export const LAYER_TABLES = {
  inference: "batch normalization, inference",
  step: "batch normalization, training step",
  layerForward: "layer normalization, forward",
  layerTraining: "layer normalization, forward and backward",
  mixtureForward: "mixture normalization, forward",
  mixtureTraining: "mixture normalization, forward and backward",
};
export const LAYERS = {
  replaced: "tf.batchNorm, replaced",
  batch: "batchNormalization",
  shrunk: "batchNormalization, prior mass",
  theirs: "tf.layers.layerNormalization",
  layer: "layerNormalization",
  group: "groupNormalization",
  instance: "instanceNormalization",
  mixture: "mixtureNormalization",
};
/** The numbers of EM steps with which mixture normalization is measured. */
export const EM_STEPS = [1, 2, 4, 8];
export const mixtureName = (emSteps: number) => `${LAYERS.mixture}, ${emSteps} EM step${emSteps === 1 ? "" : "s"}`;
export const NODE = "Node.js";
export const CHROMIUM = "Chromium";
export const BACKENDS = { wasm: "wasm", cpu: "cpu" };
/** What trains in section step. */
export const STEP_CONTENDERS = { theirs: "wasm without tfjs-uan", ours: "tfjs-uan", native: "tfjs-node" };
/** What numbers of threads are called where they are compared. */
export const threadsName = (threads: number) => `${threads} ${threads === 1 ? "thread" : "threads"}`;
