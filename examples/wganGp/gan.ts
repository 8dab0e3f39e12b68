import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { batchNormalization, layerNormalization } from "tfjs-uan/layers";

// A Wasserstein GAN with a gradient penalty (Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein GANs",
// arXiv 1704.00028). The penalty is on the critic's gradient for each image by itself, so the critic must not mix the images of a batch:
// layer normalization takes the place of batch normalization there, as the paper says. The generator has batch normalization.

/** The side of an image, in pixels. */
export const SIDE = 8;
/** How many random numbers an image is made of. */
export const LATENT = 8;
const PENALTY = 10;
/** Steps of the critic for one of the generator. */
const CRITIC_STEPS = 5;

const weights = (seed: number) => tfl.initializers.glorotUniform({ seed });

/** A round spot at a random place: [count, SIDE, SIDE, 1], from 0 to 1. */
export function realImages(count: number, seed: number): tf.Tensor4D {
  return tf.tidy(() => {
    const axis = tf.range(0, SIDE);
    const places = tf.randomUniform([2, count, 1], 2, SIDE - 3, "float32", seed);
    const [rows, columns] = tf.unstack(tf.exp(tf.neg(tf.square(tf.sub(places, axis)))));
    return tf.expandDims(tf.mul(tf.expandDims(rows as tf.Tensor, 2), tf.expandDims(columns as tf.Tensor, 1)), 3);
  });
}

/** From [batch, LATENT] to images. */
export function makeGenerator(): tfl.Sequential {
  const half = SIDE / 2;
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: half * half * 16, inputShape: [LATENT], kernelInitializer: weights(1) }),
      batchNormalization(),
      tfl.layers.reLU(),
      tfl.layers.reshape({ targetShape: [half, half, 16] }),
      tfl.layers.conv2dTranspose({ filters: 16, kernelSize: 4, strides: 2, padding: "same", kernelInitializer: weights(2) }),
      batchNormalization(),
      tfl.layers.reLU(),
      tfl.layers.conv2d({ filters: 1, kernelSize: 3, padding: "same", activation: "sigmoid", kernelInitializer: weights(3) }),
    ],
  });
}

/**
 * From images to [batch, 1], a number that is larger for real ones. Softplus is smooth, so that the penalty is, too. Beware of other
 * activations here: TensorFlow.js 4.22 throws at the second derivatives of leaky ReLU and ELU, and those of sigmoid, tanh and swish are
 * wrong.
 */
export function makeCritic(): tfl.Sequential {
  const stage = (filters: number, seed: number) => [
    tfl.layers.conv2d({ filters, kernelSize: 4, strides: 2, padding: "same", kernelInitializer: weights(seed) }),
    layerNormalization({ axis: [1, 2, 3] }),
    tfl.layers.activation({ activation: "softplus" }),
  ];
  return tfl.sequential({
    layers: [
      tfl.layers.inputLayer({ inputShape: [SIDE, SIDE, 1] }),
      ...stage(16, 4),
      ...stage(32, 5),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: 1, kernelInitializer: weights(6) }),
    ],
  });
}

const call = (model: tfl.Sequential, x: tf.Tensor) => model.apply(x, { training: true }) as tf.Tensor;

/**
 * How far the lengths of the critic's gradients are from 1, squared, between real and made images. Its own gradient is one of second
 * order, through layer normalization and the convolutions' gradients.
 */
export function gradientPenalty(critic: tfl.Sequential, real: tf.Tensor, made: tf.Tensor, shares: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const between = tf.add(made, tf.mul(shares, tf.sub(real, made)));
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(call(critic, x)))(between);
    const lengths = tf.sqrt(tf.add(tf.sum(tf.square(gradient), [1, 2, 3]), 1e-12));
    return tf.mean(tf.square(tf.sub(lengths, 1)));
  });
}

const trainedVariables = (model: tfl.Sequential) => model.trainableWeights.map((weight) => weight.read() as tf.Variable);

export interface Losses {
  /** What the critic takes for the distance between real and made images. */
  distance: number;
  penalty: number;
}

/** Generator and critic, and their optimizers. The same seed makes the same training. */
export class Gan {
  readonly generator = makeGenerator();
  readonly critic = makeCritic();
  private readonly generatorOptimizer = tf.train.adam(1e-3, 0.5, 0.9);
  private readonly criticOptimizer = tf.train.adam(1e-3, 0.5, 0.9);
  private draws: number;

  constructor(
    private readonly batchSize = 32,
    seed = 1,
  ) {
    this.draws = 1e6 * seed;
  }

  /** Images that the generator makes, as it does in training. The caller disposes them. */
  images(count: number): tf.Tensor4D {
    return tf.tidy(() => call(this.generator, tf.randomNormal([count, LATENT], 0, 1, "float32", this.draws++)) as tf.Tensor4D);
  }

  private trainCritic(): Losses {
    return tf.tidy(() => {
      const real = realImages(this.batchSize, this.draws++);
      const made = this.images(this.batchSize);
      const shares = tf.randomUniform([this.batchSize, 1, 1, 1], 0, 1, "float32", this.draws++);
      const losses: tf.Scalar[] = [];
      this.criticOptimizer.minimize(
        () => {
          const distance = tf.sub<tf.Scalar>(tf.mean(call(this.critic, real)), tf.mean(call(this.critic, made)));
          const penalty = gradientPenalty(this.critic, real, made, shares);
          losses.push(tf.keep(distance), tf.keep(penalty));
          return tf.sub<tf.Scalar>(tf.mul(PENALTY, penalty), distance);
        },
        false,
        trainedVariables(this.critic),
      );
      const [distance, penalty] = losses.map((loss) => loss.dataSync()[0]) as [number, number];
      tf.dispose(losses);
      return { distance, penalty };
    });
  }

  /** A step of the generator after some of the critic. @returns the critic's losses in the last of these */
  step(): Losses {
    let losses: Losses = { distance: Number.NaN, penalty: Number.NaN };
    for (let i = 0; i < CRITIC_STEPS; i++) losses = this.trainCritic();
    this.generatorOptimizer.minimize(
      () => tf.neg(tf.mean(call(this.critic, this.images(this.batchSize)))) as tf.Scalar,
      false,
      trainedVariables(this.generator),
    );
    return losses;
  }

  dispose(): void {
    for (const part of [this.generator, this.critic, this.generatorOptimizer, this.criticOptimizer]) part.dispose();
  }
}
