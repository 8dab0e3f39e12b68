import * as tf from "@tensorflow/tfjs-core";

const STREAMS = 2048;
const FIRST_EPOCH_STREAM = 1024;

/** One of many seeds that follow from a run's. Never 0, which TensorFlow.js's normal distribution takes for no seed. */
function streamSeed(seed: number, stream: number): number {
  return seed * STREAMS + stream + 1;
}

/** The seed of the initial weights of a network's layer. */
export function layerSeed(seed: number, layer: number): number {
  return streamSeed(seed, layer);
}

/** The order of an epoch's digits, of which there are `count`. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const keys = tf.tidy(() => {
    return tf.randomUniform([count], 0, 1, "float32", streamSeed(seed, FIRST_EPOCH_STREAM + epoch)).dataSync<"float32">();
  });
  const order = Uint32Array.from(keys, (_, i) => i);
  return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
}
