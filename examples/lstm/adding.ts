import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { LayerNormalizedLSTMCell } from "./cell.js";

/** How many numbers a sequence has. */
export const LENGTH = 20;

export interface Sequences {
  /** [count, LENGTH, 2]: numbers from 0 to 1, and marks, 1 at two places. */
  x: tf.Tensor3D;
  /** [count, 1]: the sum of the two marked numbers. */
  y: tf.Tensor2D;
}

/** The adding problem (Hochreiter, Schmidhuber, "Long Short-Term Memory", 1997): one mark is in the first half, one in the second. */
export function addingProblem(count: number, seed: number): Sequences {
  return tf.tidy(() => {
    const half = LENGTH / 2;
    const numbers = tf.randomUniform([count, LENGTH], 0, 1, "float32", seed);
    const marks = [0, 1].map((i) => {
      const places = tf.cast(tf.floor(tf.randomUniform([count], 0, half, "float32", seed + 1000 * (i + 1))), "int32");
      return tf.cast(tf.oneHot(places, half), "float32");
    });
    const marked = tf.concat(marks, 1);
    return { x: tf.stack([numbers, marked], 2) as tf.Tensor3D, y: tf.sum(tf.mul(numbers, marked), 1, true) as tf.Tensor2D };
  });
}

/** A model of the sum. It saves and loads as any other, where cell.ts is imported. */
export function makeModel(units = 32): tfl.Sequential {
  const model = tfl.sequential({
    layers: [
      tfl.layers.rnn({ cell: new LayerNormalizedLSTMCell({ units }), inputShape: [LENGTH, 2] }),
      tfl.layers.dense({ units: 1, kernelInitializer: tfl.initializers.glorotUniform({ seed: 3 }) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  return model;
}
