import * as tf from "@tensorflow/tfjs-core";
import type { Contender } from "./contender.js";

/** The sum of two tensors of x's size. */
export const add: Contender = {
  name: "tf.add",
  traffic: { forward: 3 },
  calls: ({ x, dy }) => ({ forward: () => tf.add(x, dy).dispose() }),
};
