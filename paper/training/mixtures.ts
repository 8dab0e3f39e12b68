import * as tf from "@tensorflow/tfjs-core";
import { mixtureMoments } from "tfjs-uan";
import { UnsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { pick } from "../../learning/data/dataset.js";
import { type Domain, imageTensor } from "./batches.js";
import type { Learner } from "./learner.js";

/** The record uses the activations of so many test images, … */
const IMAGES = 100;
/** … and shows so many channels. */
const CHANNELS = 4;
const BINS = 48;

export interface ChannelMixture {
  channel: number;
  /** The range of the density. One in a hundred activations is outside it. */
  from: number;
  to: number;
  /** A histogram over equal parts of the range. Its integral is the share of activations within the range. */
  density: number[];
  /** The components' means, variances (epsilon included) and priors. */
  mean: number[];
  variance: number[];
  prior: number[];
}

/** The mixtures of a layer, and the activations in training mode: standardized, if the layer standardizes. */
export interface MixtureRecord {
  /** The effective number of components: exp of the entropy of their shares of the activations, averaged over the channels. */
  used: number;
  /** Some of the channels, at equal distances. */
  channels: ChannelMixture[];
}

function histogram(sorted: Float32Array): Pick<ChannelMixture, "from" | "to" | "density"> {
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  const from = at(0.005);
  const to = Math.max(at(0.995), from + 1e-6);
  const width = (to - from) / BINS;
  const density = new Array<number>(BINS).fill(0);
  for (const value of sorted) {
    if (value < from || value > to) continue;
    const bin = Math.min(BINS - 1, Math.floor((value - from) / width));
    density[bin] = (density[bin] as number) + 1 / (sorted.length * width);
  }
  return { from, to, density };
}

/** exp(−Σ p log p) of the shares in each column, averaged. */
function usedComponents(mass: number[][]): number {
  const channels = (mass[0] as number[]).length;
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    const column = mass.map((row) => row[c] as number);
    const total = column.reduce((a, b) => a + b, 0);
    const entropy = column.reduce((a, m) => (m === 0 ? a : a - (m / total) * Math.log(m / total)), 0);
    sum += Math.exp(entropy);
  }
  return sum / channels;
}

/** The activations of a channel with mean 0 and variance 1. */
function standardized(x: tf.Tensor, epsilon: number): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
}

/** Records the first layer that normalizes by learned mixtures, on the first test images. */
export function observeMixtures(learner: Learner, domain: Domain): MixtureRecord {
  return tf.tidy(() => {
    const { network } = learner;
    const { test } = domain.dataset;
    const count = Math.min(IMAGES, test.count);
    const index = network.layers.findIndex((layer) => layer instanceof UnsupervisedAdaptiveNormalization);
    const layer = network.layers[index] as UnsupervisedAdaptiveNormalization;
    const images = imageTensor(
      pick(
        test,
        Uint32Array.from({ length: count }, (_, i) => i),
      ),
      domain,
    );
    const [, ...before] = network.layers.slice(0, index); // without the input layer
    // In training mode, because the moving averages of batch normalization are far off after the first step.
    const seen = () => before.reduce<tf.Tensor>((h, layer) => layer.apply(h, { training: true }) as tf.Tensor, images);
    const given = learner.withoutMoving(seen);
    const x = layer.standardize ? standardized(given, layer.epsilon) : given;

    const [mean, rawVariance, rawPrior] = layer.getWeights() as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const variance = tf.softplus(rawVariance);
    const prior = tf.softmax(tf.reshape(rawPrior, [-1]));
    const { mass } = mixtureMoments(x, mean, variance, prior, { epsilon: layer.epsilon });
    const [means, variances] = [mean.arraySync(), variance.arraySync() as number[][]];
    const channels = x.shape.at(-1) as number;
    const columns = tf.transpose(tf.reshape(x, [-1, channels]));
    return {
      used: usedComponents(mass.arraySync() as number[][]),
      channels: Array.from({ length: Math.min(CHANNELS, channels) }, (_, i) => {
        const channel = Math.floor((i * channels) / CHANNELS);
        const values = tf.slice(columns, [channel, 0], [1, -1]).dataSync<"float32">().slice().sort();
        return {
          channel,
          ...histogram(values),
          mean: means.map((row) => row[channel] as number),
          variance: variances.map((row) => (row[channel] as number) + layer.epsilon),
          prior: Array.from(prior.dataSync<"float32">()),
        };
      }),
    };
  });
}
