import * as tf from "@tensorflow/tfjs-core";

export const EPSILON = 1e-3;
/** How many activations' worth of trust normalizations by the batch have in moving moments. */
export const PRIOR_MASS = 2;

/** Large tensors repeat a block of so many random numbers. It is a prime, so that no channel repeats only a few of them. */
const BLOCK = 65521;

function normal(shape: number[], seed: number): tf.Tensor {
  const block = tf.tidy(() => tf.randomNormal([BLOCK], 0, 1, "float32", seed).dataSync());
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let start = 0; start < values.length; start += BLOCK) values.set(block.subarray(0, values.length - start), start);
  return tf.tensor(values, shape);
}

/** Activations of a shape, channels last, and the parameters of normalizations, on the current backend. */
export function makeProblem(shape: number[], components: number) {
  const channels = shape.at(-1) as number;
  const kept: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    kept.push(tensor);
    return tensor;
  };
  const uniform = <T extends tf.Tensor>(shape: number[], low: number, high: number, seed: number) =>
    keep(tf.randomUniform(shape, low, high, "float32", seed)) as unknown as T;
  return {
    shape,
    size: tf.util.sizeFromShape(shape),
    components,
    x: keep(normal(shape, 1)),
    dy: keep(normal(shape, 2)),
    mean: uniform<tf.Tensor2D>([components, channels], -1, 1, 3),
    variance: uniform<tf.Tensor2D>([components, channels], 0.2, 1.2, 4),
    prior: keep(tf.tidy(() => tf.softmax(tf.randomUniform([components], 0, 1, "float32", 5)))),
    movingMean: uniform<tf.Tensor1D>([channels], -1, 1, 6),
    movingVariance: uniform<tf.Tensor1D>([channels], 0.2, 1.2, 7),
    /** Those of the components: like mean and variance, which gradients flow to. */
    movingMeans: uniform<tf.Tensor2D>([components, channels], -1, 1, 3),
    movingVariances: uniform<tf.Tensor2D>([components, channels], 0.2, 1.2, 4),
    gamma: uniform<tf.Tensor1D>([channels], 0.5, 1.5, 8),
    beta: uniform<tf.Tensor1D>([channels], -1, 1, 9),
    /** The tensor is disposed of with the problem. */
    keep,
    dispose: () => tf.dispose(kept),
  };
}

export type Problem = ReturnType<typeof makeProblem>;
