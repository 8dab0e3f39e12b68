import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { useFusedNormalization } from "tfjs-uan/layers";
import type { Examples } from "../../learning/data/dataset.js";
import { PIXELS, SIDE } from "../../learning/data/digits.js";

/** How many classes a task has. */
const CLASSES = 5;

/** Digits of five classes. */
export interface Task {
  x: tf.Tensor2D;
  /** One of the five is 1. */
  y: tf.Tensor2D;
}

/** The digits from `first` to `first` + 4. */
export function taskOf({ count, images, labels }: Examples, first: number): Task {
  const classOf = (i: number) => (labels[i] as number) - first;
  const chosen = Array.from({ length: count }, (_, i) => i).filter((i) => classOf(i) >= 0 && classOf(i) < CLASSES);
  const x = Float32Array.from({ length: chosen.length * PIXELS }, (_, i) => {
    const digit = chosen[Math.floor(i / PIXELS)] as number;
    return (images[digit * PIXELS + (i % PIXELS)] as number) / 255;
  });
  const y = tf.oneHot(tf.tensor1d(chosen.map(classOf), "int32"), CLASSES);
  return { x: tf.tensor2d(x, [chosen.length, PIXELS]), y: tf.cast(y, "float32") as tf.Tensor2D };
}

const weights = (seed: number) => tfl.initializers.glorotUniform({ seed });

/** From pixels to features: what is learned first, and then kept. Its normalization is TensorFlow.js's own. */
export function makeBase(): tfl.Sequential {
  const stage = (filters: number, seed: number) => [
    tfl.layers.conv2d({ filters, kernelSize: 3, strides: 2, padding: "same", kernelInitializer: weights(seed) }),
    tfl.layers.batchNormalization({ momentum: 0.9 }),
    tfl.layers.reLU(),
  ];
  const image = tfl.layers.reshape({ targetShape: [SIDE, SIDE, 1], inputShape: [PIXELS] });
  return tfl.sequential({ layers: [image, ...stage(8, 1), ...stage(16, 2), tfl.layers.flatten()] });
}

/** The base with a new head, of one task's classes. */
export function withHead(base: tfl.Sequential): tfl.Sequential {
  const head = tfl.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer: weights(3) });
  return tfl.sequential({ layers: [base, head] });
}

export async function train(model: tfl.Sequential, { x, y }: Task, epochs: number, batchSize: number): Promise<void> {
  model.compile({ optimizer: tf.train.adam(0.005), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  await model.fit(x, y, { epochs, batchSize, shuffle: false, verbose: 0 });
}

/** Test accuracy, from 0 to 1. */
export function accuracy(model: tfl.Sequential, { x, y }: Task): number {
  return tf.tidy(() => {
    const isRight = tf.equal(tf.argMax(model.predict(x) as tf.Tensor, 1), tf.argMax(y, 1));
    return tf.mean(tf.cast(isRight, "float32")).dataSync()[0] as number;
  });
}

/**
 * Freezes the base, its normalization, too. TensorFlow.js's own batch normalization would go on to normalize by each batch, and its
 * moving averages would move on: frozen, it keeps its gamma and beta alone.
 */
export function freeze(base: tfl.Sequential, asKeras = true): void {
  for (const layer of base.layers) layer.trainable = false;
  useFusedNormalization(base, { asKeras });
}
