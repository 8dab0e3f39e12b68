import * as tf from "@tensorflow/tfjs-core";
import type { Examples } from "../../learning/data/dataset.js";
import type { Random } from "../../learning/random.js";
import { stronglyAugmented, weaklyAugmented } from "./augmentation.js";
import { type Domain, imageTensor, labelTensor } from "./batches.js";
import type { Learner, StepLoss } from "./learner.js";

/** τ: how sure, compared with how sure on the source domain, a pseudo-label must be to count. */
const THRESHOLD = 0.9;

/** Is added to a class's share of a batch: no share is 0. */
const SMALLEST_SHARE = 1e-6;

/** μ(t), the weight of the target domain's loss: from 0 to 1 over the first half of the training. */
export const targetWeight = (done: number) => 0.5 - Math.cos(Math.min(Math.PI, 2 * Math.PI * done)) / 2;

/** Rows that add up to 1 again, after their columns were made to have the means of the source's. */
export function alignDistribution(target: tf.Tensor2D, source: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const share = (rows: tf.Tensor2D) => tf.add(tf.mean(rows, 0), SMALLEST_SHARE);
    const ratio = tf.div(share(source), share(target));
    const scaled = tf.mul(target, ratio);
    return tf.div(scaled, tf.sum(scaled, 1, true));
  });
}

/** 1 for the rows whose largest entry is at least τ times the mean largest of the source's, 0 for the others. */
export function confident(target: tf.Tensor2D, source: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    const wanted = tf.mul(tf.mean(tf.max(source, 1)), THRESHOLD);
    return tf.cast(tf.greaterEqual(tf.max(target, 1), wanted), "float32") as tf.Tensor1D;
  });
}

/** A tensor of the same numbers, made of them anew: no gradient goes through it. */
const constant = (tensor: tf.Tensor2D) => tf.tensor2d(tensor.dataSync<"float32">().slice(), tensor.shape);

/** Cross-entropy of each row with the softmax of its logits. */
const crossEntropies = (labels: tf.Tensor2D, logits: tf.Tensor2D): tf.Tensor1D =>
  tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1)) as tf.Tensor1D;

/**
 * The loss of AdaMatch (Berthelot, Roelofs, Sohn, Carlini, Kurakin, arXiv 2106.04732, section 3) for a step: random interpolation of
 * the source's logits, distribution alignment by the batch's means, relative confidence threshold, soft pseudo-labels.
 *
 * @param done the share of the training that is behind
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
