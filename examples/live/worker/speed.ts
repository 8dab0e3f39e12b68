import * as tf from "@tensorflow/tfjs-core";
import { setKernelReplacement, unsupervisedAdaptiveNormalization } from "tfjs-uan";
import type { SpeedRow } from "../protocol.js";

/** Activations of the first convolution, in a batch of 32. */
const SHAPE: [number, number, number, number] = [32, 28, 28, 8];
const WARM_UP = 3;
const ROUNDS = 5;
const CALLS = 10;

export const SPEED_ACTIVATIONS = SHAPE.reduce((product, length) => product * length, 1);

/** Waits until the tensor is computed: on a GPU, calls return before that. */
async function computed(y: tf.Tensor): Promise<void> {
  const first = tf.slice(y, [0, 0, 0, 0], [1, 1, 1, 1]);
  y.dispose();
  await first.data();
  first.dispose();
}

/** The median over rounds, in ns an activation. */
async function measure(call: () => tf.Tensor): Promise<number> {
  const repeat = async (calls: number) => {
    for (let i = 1; i < calls; i++) call().dispose();
    await computed(call());
  };
  await repeat(WARM_UP);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await repeat(CALLS);
    times.push((performance.now() - start) / CALLS);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
  return (median * 1e6) / SPEED_ACTIVATIONS;
}

/** The forward pass of UAN, and of tf.batchNorm by a given mean and variance, as this library and as TensorFlow.js compute it. */
export async function measureSpeed(components: number): Promise<SpeedRow[]> {
  const channels = SHAPE[3];
  const [x, means, variances, prior, mean, variance] = tf.tidy(() => [
    tf.randomNormal(SHAPE, 0, 1, "float32", 1),
    tf.randomUniform([components, channels], -1, 1, "float32", 2),
    tf.ones([components, channels]),
    tf.fill([components], 1 / components),
    tf.zeros([channels]),
    tf.ones([channels]),
  ]) as [tf.Tensor4D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const batchNorm = () => tf.batchNorm(x, mean, variance);
  const rows: SpeedRow[] = [];
  const row = async (name: string, call: () => tf.Tensor) => rows.push({ name, nanoseconds: await measure(call) });
  try {
    await row(`UAN, K = ${components}`, () => unsupervisedAdaptiveNormalization(x, means, variances, prior));
    if (tf.getBackend() !== "wasm") await row("tf.batchNorm", batchNorm);
    else {
      await row("tf.batchNorm, this library's kernel", batchNorm);
      setKernelReplacement(false);
      await row("tf.batchNorm, TensorFlow.js's kernel", batchNorm);
    }
  } finally {
    setKernelReplacement(true);
    tf.dispose([x, means, variances, prior, mean, variance]);
  }
  return rows;
}
