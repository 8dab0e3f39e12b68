import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import * as layers from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { data } from "../helpers/models.js";

const seed = 3;

const LAYERS: Record<string, () => tfl.layers.Layer> = {
  "unsupervisedAdaptiveNormalization, one component": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed, numComponents: 1, scale: true, center: true }),
  unsupervisedAdaptiveNormalization: () => layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed }),
  "unsupervisedAdaptiveNormalization, ucb": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed, formula: "ucb", scale: true }),
  "unsupervisedAdaptiveNormalization, standardize": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed, standardize: true }),
  "unsupervisedAdaptiveNormalization, standardize, no prior mass": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed, standardize: true, priorMass: 0 }),
  "batchNormalization, prior mass": () => layers.batchNormalization({ priorMass: 4 }),
  "unsupervisedAdaptiveNormalization, authors": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", seed, formula: "authors", epsilon: 0.1 }),
  batchNormalization: () => layers.batchNormalization(),
  groupNormalization: () => layers.groupNormalization({ groups: 2 }),
  instanceNormalization: () => layers.instanceNormalization(),
  layerNormalization: () => layers.layerNormalization(),
  rmsNormalization: () => layers.rmsNormalization(),
  mixtureNormalization: () => layers.mixtureNormalization({ numComponents: 2, seed }),
};

/**
 * A critic over series of four channels. The layer is the first, so that what it takes for constant of its input is constant. Not tanh:
 * TensorFlow.js loses the second derivatives of kernels that save their output for the first.
 */
function criticOf(layer: tfl.layers.Layer): tfl.Sequential {
  const kernelInitializer = tfl.initializers.glorotNormal({ seed });
  const critic = tfl.sequential();
  critic.add(tfl.layers.inputLayer({ inputShape: [3, 4] }));
  critic.add(layer);
  critic.add(tfl.layers.dense({ units: 3, activation: "softplus", kernelInitializer }));
  critic.add(tfl.layers.flatten());
  critic.add(tfl.layers.dense({ units: 1, kernelInitializer }));
  return critic;
}

/** The penalty of WGAN-GP (Gulrajani et al., arXiv 1704.00028): how far from 1 the gradient of the critic is long. */
function penaltyOf(critic: tfl.LayersModel, x: tf.Tensor, training: boolean): tf.Scalar {
  const gradient = tf.grad((given: tf.Tensor) => tf.sum(critic.apply(given, { training }) as tf.Tensor))(x);
  const length = tf.sqrt(tf.sum(tf.square(gradient), [1, 2]));
  return tf.mean(tf.square(tf.sub(length, 1)));
}

const TABLE = Object.entries(LAYERS).flatMap(([name, make]) => [true, false].map((training) => [name, training, make] as const));

describe.each(BACKENDS)("a gradient penalty on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(TABLE)("has the gradients that differences show, through %s, in training: %s", (_, training, make) => {
    const x = data([5, 3, 4]);
    const critic = criticOf(make());
    const weights = critic.trainableWeights.map((weight) => weight.read() as tf.Variable);
    // Moving moments are the same in each call, and not as build made them.
    critic.apply(data([5, 3, 4], 2, 1, 2), { training });
    const moving = critic.nonTrainableWeights.map((weight) => [weight, tf.clone(weight.read())] as const);
    const penalty = () => {
      for (const [weight, value] of moving) weight.write(value);
      return penaltyOf(critic, x, training);
    };
    const gradients = tf.tidy(() => {
      const { grads } = tf.variableGrads(penalty, weights);
      return weights.map((weight) => grads[weight.name]?.dataSync<"float32">() ?? new Float32Array(weight.size));
    });
    const step = 5e-3;
    const differences = weights.map((weight) => {
      const values = weight.dataSync<"float32">();
      const moved = (i: number, by: number) =>
        tf.tidy(() => {
          weight.assign(tf.tensor(values.with(i, (values[i] as number) + by), weight.shape));
          return penalty().dataSync()[0] as number;
        });
      const found = values.map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
      tf.tidy(() => weight.assign(tf.tensor(values, weight.shape)));
      return Array.from(found);
    });
    expectCloseToLargest(
      gradients.flatMap((values) => Array.from(values)),
      differences.flat(),
      1e-2,
      weights.map(({ name }) => name).join(),
    );
    critic.dispose();
  });

  it("trains a critic whose layer gathers its first batches", () => {
    const critic = criticOf(layers.unsupervisedAdaptiveNormalization());
    const optimizer = tf.train.adam(0.03);
    const before = tf.memory().numTensors;
    const losses = Array.from({ length: 60 }, (_, i) =>
      tf.tidy(() => {
        const x = data([8, 3, 4], 1, 0, i);
        const loss = optimizer.minimize(() => penaltyOf(critic, x, true), true) as tf.Scalar;
        return loss.dataSync()[0] as number;
      }),
    );
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
    // The optimizer's own: two moments for each weight that the penalty depends on, and the powers of its rates.
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(2 * critic.trainableWeights.length + 2);
    critic.dispose();
  });
});
