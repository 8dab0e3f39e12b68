import * as tf from "@tensorflow/tfjs-core";
import { channelMoments, type Dataset, type Examples, type Moments, pick, toStandard } from "../../learning/data/dataset.js";

/** A data set, and the moments that standardize its images for the network. */
export interface Domain {
  dataset: Dataset;
  /** Of its own training images, or of those of the source domain. */
  moments: Moments;
}

/** The domains that a run trains and tests on. */
export interface Domains {
  source: Domain;
  target?: Domain;
  elsewhere?: Domain;
}

export function domainOf(dataset: Dataset, moments = channelMoments(dataset.train.images, dataset.channels)): Domain {
  return { dataset, moments };
}

/** Standardized images. */
export function imageTensor({ images, count }: Examples, { dataset, moments }: Domain): tf.Tensor4D {
  const { height, width, channels } = dataset;
  return tf.tensor4d(toStandard(images, moments), [count, height, width, channels]);
}

/** One-hot labels. */
export function labelTensor({ labels }: Examples, classes: number): tf.Tensor2D {
  return tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, "int32"), classes), "float32") as tf.Tensor2D);
}

/** Batches of the examples in the given order. The last one may be smaller. */
export function* batches(examples: Examples, order: Uint32Array, size: number): Generator<Examples> {
  for (let start = 0; start < order.length; start += size) yield pick(examples, order.subarray(start, start + size));
}
