import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as library from "../../src/index.js";
import * as layers from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { EVERY, training, WITH_STATE } from "../helpers/layers.js";
import { data, networkWith } from "../helpers/models.js";

const mixture = () => ({
  mean: tf.tensor2d([-1, 0, 1, 0.5, 0, -0.5], [2, 3]),
  variance: tf.fill([2, 3], 0.5),
  prior: tf.tensor1d([0.4, 0.6]),
});
const affine = () => ({ gamma: tf.tensor1d([1, 2, 3]), beta: tf.tensor1d([1, 0, -1]) });

/** Every op of the library, of x [4, 5, 3]. */
const OPS: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  ...Object.fromEntries(
    (["uan", "ucb"] as const).map((formula) => [
      `unsupervisedAdaptiveNormalization, ${formula}`,
      (x: tf.Tensor) => {
        const { mean, variance, prior } = mixture();
        return library.unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...affine(), formula });
      },
    ]),
  ),
  batchNormalization: (x) => library.batchNormalization(x, affine()),
  "batchNormalization by a given mean and variance": (x) =>
    library.batchNormalization(x, { ...affine(), mean: [0, 1, 2], variance: [1, 2, 3] }),
  groupNormalization: (x) => library.groupNormalization(x, { ...affine(), groups: 3 }),
  instanceNormalization: (x) => library.instanceNormalization(x, affine()),
  layerNormalization: (x) => library.layerNormalization(x, affine()),
  rmsNormalization: (x) => library.rmsNormalization(x, affine()),
  mixtureNormalization: (x) => library.mixtureNormalization(x, { ...affine(), seed: 1 }),
  "mixtureNormalization by a given mixture": (x) => library.mixtureNormalization(x, { ...affine(), mixture: mixture() }),
};

/** Ops without gradients. */
const OTHERS: Record<string, (x: tf.Tensor) => unknown> = {
  mixtureResponsibilities: (x) => {
    const { mean, variance, prior } = mixture();
    return library.mixtureResponsibilities(x, mean, variance, prior);
  },
  mixtureMoments: (x) => {
    const { mean, variance, prior } = mixture();
    return library.mixtureMoments(x, mean, variance, prior);
  },
  "mixtureMoments, a component without mass": (x) =>
    library.mixtureMoments(
      x,
      [
        [0, 0, 0],
        [1e4, 1e4, 1e4],
      ],
      tf.ones([2, 3]),
      [0.5, 0.5],
    ),
};

const LAYERS: Record<string, () => tfl.layers.Layer> = {
  ...EVERY,
  rmsNormalization: () => layers.rmsNormalization(),
  "unsupervisedAdaptiveNormalization, random": () =>
    layers.unsupervisedAdaptiveNormalization({ initializer: "random", update: "both" }),
  "unsupervisedAdaptiveNormalization, ucb": () => layers.unsupervisedAdaptiveNormalization({ formula: "ucb" }),
};

describe.each(BACKENDS)("in TensorFlow.js's debug mode on '%s', neither NaN nor infinity comes up in", (backend) => {
  let warned: string[] = [];

  beforeEach(async () => {
    await useBackend(backend);
    warned = [];
    vi.spyOn(console, "warn").mockImplementation((...what) => void warned.push(what.join(" ")));
    // What every kernel took.
    vi.spyOn(console, "log").mockImplementation(() => {});
    tf.enableDebugMode();
  });

  afterEach(() => {
    tf.env().set("DEBUG", false);
    vi.restoreAllMocks();
  });

  /** Fails where a kernel made NaN or infinity, which TensorFlow.js finds out later. Uploads of them throw at once. */
  async function expectNoWarning(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    expect(warned.filter((message) => message.startsWith("Found"))).toEqual([]);
  }

  it("this test, unless it is there", async () => {
    const zero = tf.zeros([1]);
    expect(() => tf.where(tf.equal(zero, 0), Number.NEGATIVE_INFINITY, 1)).toThrow("-Infinity");
    tf.log(zero);
    await new Promise((resolve) => setTimeout(resolve));
    expect(warned).toContain("Found -Infinity in the result of 'Log'");
  });

  it.each(Object.entries(OPS))("%s, its gradient and second derivative", async (_, op) => {
    tf.tidy(() => {
      const x = data([4, 5, 3]);
      const first = (x: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.sum(tf.square(op(x))))(x);
      op(x);
      first(x);
      tf.grad((x: tf.Tensor) => tf.sum(tf.square(first(x))))(x);
    });
    await expectNoWarning();
  });

  it.each(Object.entries(OTHERS))("%s", async (_, op) => {
    tf.tidy(() => void op(data([4, 5, 3])));
    await expectNoWarning();
  });

  it.each(Object.entries(LAYERS))("a network with %s, in training and inference", async (_, make) => {
    const model = networkWith(make(), [4, 3]);
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    for (let step = 0; step < 3; step++) await model.trainOnBatch(data([32, 4, 3], 1, 0, step), data([32, 1]));
    tf.tidy(() => void model.predict(data([32, 4, 3])));
    await expectNoWarning();
    model.dispose();
  });

  it.each(
    Object.entries(WITH_STATE),
  )("a masked batch through %s; mixture normalization marks rows by NaN", async (name, make) => {
    const layer = make();
    const mask = tf.tensor2d([1, 1, 0, 1, 0, 0], [2, 3], "bool");
    for (let step = 0; step < 2; step++) training(layer, data([2, 3, 6], 1, 0, step), { mask });
    if (name !== "mixtureNormalization") await expectNoWarning();
  });
});
