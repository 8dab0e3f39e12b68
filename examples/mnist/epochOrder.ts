import * as tf from "@tensorflow/tfjs-core";
import { epochSeed } from "../../learning/random.js";

/** The order of an epoch's digits, of which there are `count`. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const keys = tf.tidy(() => tf.randomUniform([count], 0, 1, "float32", epochSeed(seed, epoch)).dataSync<"float32">());
  const order = Uint32Array.from(keys, (_, i) => i);
  return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
}
