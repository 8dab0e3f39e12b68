import * as tf from "@tensorflow/tfjs-core";
import type { Examples } from "../../learning/data/dataset.js";
import type { Random } from "../../learning/random.js";
import { stronglyAugmented, weaklyAugmented } from "./augmentation.js";
import { type Domain, imageTensor, labelTensor } from "./batches.js";
import type { Learner, StepLoss } from "./learner.js";

/** τ: a pseudo-label counts if its confidence is at least so many times the mean confidence on the source domain. */
const THRESHOLD = 0.9;

/** Is added to a class's share of a batch, so that no share is 0. */
const SMALLEST_SHARE = 1e-6;

/** μ(t), the weight of the target domain's loss. It grows from 0 to 1 in the first half of training. */
export const targetWeight = (done: number) => 0.5 - Math.cos(Math.min(Math.PI, 2 * Math.PI * done)) / 2;

/** Scales the target's columns to the means of the source's columns, and then its rows to sums of 1. */
export function alignDistribution(target: tf.Tensor2D, source: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const share = (rows: tf.Tensor2D) => tf.add(tf.mean(rows, 0), SMALLEST_SHARE);
    const ratio = tf.div(share(source), share(target));
    const scaled = tf.mul(target, ratio);
    return tf.div(scaled, tf.sum(scaled, 1, true));
  });
}

/** 1 for rows whose largest entry is at least τ times the mean of the source's largest entries, 0 for others. */
export function confident(target: tf.Tensor2D, source: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    const wanted = tf.mul(tf.mean(tf.max(source, 1)), THRESHOLD);
    return tf.cast(tf.greaterEqual(tf.max(target, 1), wanted), "float32") as tf.Tensor1D;
  });
}

/** A copy that stops gradients. */
const constant = (tensor: tf.Tensor2D) => tf.tensor2d(tensor.dataSync<"float32">().slice(), tensor.shape);

/** Cross-entropy of each row with the softmax of its logits. */
const crossEntropies = (labels: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D =>
  tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;

/**
 * The loss of a step of AdaMatch (Berthelot, Roelofs, Sohn, Carlini, Kurakin, arXiv 2106.04732, section 3): random interpolation of
 * the source's logits, distribution alignment by the batch's means, relative confidence threshold, soft pseudo-labels.
 *
 * @param done the share of the training that is complete, from 0 to 1
 */
export function adaMatchLoss(
  learner: Learner,
  { source, target }: { source: Domain; target: Domain },
  labelled: Examples,
  unlabelled: Examples,
  done: number,
  random: Random,
): StepLoss {
  const { count } = labelled;
  const augmented = (examples: Examples, domain: Domain) => {
    const weak = imageTensor(weaklyAugmented(examples, domain.dataset, random), domain);
    const strong = imageTensor(stronglyAugmented(examples, domain.dataset, random), domain);
    return [weak, strong];
  };
  const { classes } = source.dataset;
  const xs = augmented(labelled, source);
  const all = [...xs, ...augmented(unlabelled, target)];
  const sourceX = tf.concat(xs) as tf.Tensor4D;
  const x = tf.concat(all) as tf.Tensor4D;
  tf.dispose(all);
  const y = labelTensor(labelled, classes);
  const lambda = tf.tensor2d(
    Float32Array.from({ length: 2 * count * classes }, () => random.next()),
    [2 * count, classes],
  );
  const part = (logits: tf.Tensor2D, index: number) => tf.slice(logits, [index * count, 0], [count, -1]) as tf.Tensor2D;

  const loss = () => {
    const together = learner.logits(x, true);
    const alone = learner.withoutMoving(() => learner.logits(sourceX, true));
    const both = tf.slice(together, [0, 0], [2 * count, -1]);
    const mixed = tf.add(alone, tf.mul(lambda, tf.sub(both, alone))) as tf.Tensor2D;
    const [sourceWeak, sourceStrong] = [part(mixed, 0), part(mixed, 1)];
    const [targetWeak, targetStrong] = [part(together, 2), part(together, 3)];
    const sourceLoss = tf.add(tf.mean(crossEntropies(y, sourceWeak)), tf.mean(crossEntropies(y, sourceStrong)));

    const sure = constant(tf.softmax(sourceWeak));
    const labels = alignDistribution(constant(tf.softmax(targetWeak)), sure);
    const mask = confident(labels, sure);
    const targetLoss = tf.mean(tf.mul(mask, crossEntropies(labels, targetStrong)));
    return tf.add(sourceLoss, tf.mul(targetLoss, targetWeight(done))) as tf.Scalar;
  };
  return { loss, dispose: () => tf.dispose([x, sourceX, y, lambda]) };
}
