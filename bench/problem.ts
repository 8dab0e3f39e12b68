import * as tf from "@tensorflow/tfjs-core";

export const EPSILON = 1e-3;

/** Random numbers that large tensors are filled with, again and again: a prime, so that no channel has a few of them only. */
const BLOCK = 65521;

function normal(shape: number[], seed: number): tf.Tensor {
  const block = tf.tidy(() => tf.randomNormal([BLOCK], 0, 1, "float32", seed).dataSync());
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let at = 0; at < values.length; at += BLOCK) values.set(block.subarray(0, values.length - at), at);
  return tf.tensor(values, shape);
}

/** Activations of one shape, channels last, and what they are normalized with; on the backend in use. */
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
    gamma: uniform<tf.Tensor1D>([channels], 0.5, 1.5, 8),
    beta: uniform<tf.Tensor1D>([channels], -1, 1, 9),
    /** Disposed of with the problem. */
    keep,
    dispose: () => tf.dispose(kept),
  };
}

export type Problem = ReturnType<typeof makeProblem>;
