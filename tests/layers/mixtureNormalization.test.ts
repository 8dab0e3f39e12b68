import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { generator } from "../../learning/random.js";
import { nearestRows } from "../../src/layers/matching.js";
import { type MixtureNormalizationArgs, mixtureNormalization } from "../../src/layers.js";
import { fitMixtureNormalization } from "../../src/ops/mixtureNormalization.js";
import { normalize, responsibilities } from "../../src/reference/mixtureNormalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { built, data, namesAndShapes, reloaded, valuesOf } from "../helpers/models.js";

const training = { training: true };

/** Vectors around three centers: one fifth, two fifths and two fifths of them. */
function clusters(count: number, seed = 1): tf.Tensor {
  const around = (share: number, center: number[], i: number) => tf.add(data([count * share, 2], 0.3, 0, seed + i), center);
  return tf.concat([around(0.2, [-4, 4], 1), around(0.4, [0, 0.5], 2), around(0.4, [5, 2], 3)]);
}

const layerOf = (args: MixtureNormalizationArgs = {}) => built(mixtureNormalization({ seed: 1, emSteps: 5, ...args }), [2]);

describe.each(BACKENDS)("mixtureNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it("computes the op in training, and the formula with the moving estimates in inference", () => {
    const layer = layerOf({ axis: -1 });
    const x = clusters(50);
    const y = layer.apply(x, training) as tf.Tensor;
    expectClose(y.dataSync(), fitMixtureNormalization(x, { emSteps: 5, seed: 1 }).y.dataSync(), 1e-5);
    const [gamma, beta, prior, mean, variance] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    layer.setWeights([tf.add(gamma, [1, 2]), tf.add(beta, [-1, 3]), prior, mean, variance]);
    const rows = { count: 50, channels: 2, components: 3, epsilon: 1e-3, x: x.dataSync() };
    const mixture = { prior: prior.dataSync(), mean: mean.dataSync(), variance: variance.dataSync() };
    const expected = normalize(rows, responsibilities(rows, mixture), mixture);
    const affine = expected.map((value, i) => (i % 2 === 0 ? 2 * value - 1 : 3 * value + 3));
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), affine, 1e-4);
  });

  it("pairs rows in the order of their distance", () => {
    const rows = tf.tensor2d([
      [9, 9],
      [0, 1],
      [5, 5],
    ]);
    const to = tf.tensor2d([
      [1, 1],
      [6, 6],
      [4, 4.5],
    ]);
    expect(tf.matMul(nearestRows(to, rows), rows).arraySync()).toEqual([
      [0, 1],
      [9, 9],
      [5, 5],
    ]);
  });
});

describe("mixtureNormalization", () => {
  beforeAll(() => useBackend("wasm"));
  afterEach(() => vi.restoreAllMocks());

  it("has gamma, beta and moving estimates, which are not trained", () => {
    const layer = layerOf({ numComponents: 4 });
    expect(namesAndShapes(layer)).toEqual([
      ["gamma", [2]],
      ["beta", [2]],
      ["moving_prior", [4]],
      ["moving_mean", [4, 2]],
      ["moving_variance", [4, 2]],
    ]);
    expect(layer.trainableWeights).toHaveLength(2);
  });

  it("one component is batch normalization in training", () => {
    const layer = built(mixtureNormalization({ numComponents: 1, epsilon: 0 }), [3]);
    const { mean, variance } = tf.moments(layer.apply(data([50, 3], 3, 2), training) as tf.Tensor, 0);
    expectClose(mean.dataSync(), [0, 0, 0], 1e-4);
    expectClose(variance.dataSync(), [1, 1, 1], 1e-4);
  });

  it("keeps components apart over batches with different starts", () => {
    // Without a seed, starts use these random numbers, with which EM always finds the clusters. One start in a hundred does not.
    vi.spyOn(Math, "random").mockImplementation(generator(1));
    const layer = layerOf({ seed: undefined, emSteps: 10 });
    for (let i = 0; i < 30; i++) tf.tidy(() => void layer.apply(clusters(200, 10 * i), training));
    const [, , prior, mean, variance] = valuesOf(layer) as [number[], number[], number[], number[], number[]];
    const components = prior.map((share, k) => [...mean.slice(2 * k, 2 * k + 2), share, ...variance.slice(2 * k, 2 * k + 2)]);
    const sorted = components.sort(([a = 0], [b = 0]) => a - b);
    const expected = [
      [-4, 4, 0.2, 0.09, 0.09],
      [0, 0.5, 0.4, 0.09, 0.09],
      [5, 2, 0.4, 0.09, 0.09],
    ];
    sorted.forEach((component, k) => {
      expectClose(component, expected[k] as number[], 0.05);
    });
  });

  it("updates its estimates with the momentum, and only in training", () => {
    const layer = layerOf({ numComponents: 1, momentum: 0.75 });
    layer.apply(tf.fill([10, 2], 4));
    expect(valuesOf(layer)[3]).toEqual([0, 0]);
    layer.apply(tf.fill([10, 2], 4), training);
    expect(valuesOf(layer)[3]).toEqual([4, 4]);
    layer.apply(tf.fill([10, 2], 8), training);
    expect(valuesOf(layer)[3]).toEqual([5, 5]);
    layer.trainable = false;
    layer.apply(tf.fill([10, 2], 8), training);
    expect(valuesOf(layer)[3]).toEqual([5, 5]);
  });

  it("knows whether a batch has set its estimates, whatever they are", async () => {
    const pair = (value: number) => tf.tensor2d([[-value], [value]]);
    const layer = mixtureNormalization({ numComponents: 1, epsilon: 0 });
    for (let i = 0; i < 3; i++) layer.apply(pair(1), training);
    layer.apply(pair(10), training);
    expectClose(valuesOf(layer)[4] as number[], [10.9], 1e-5);

    // A model that is loaded knows it, too.
    for (const [updated, expected] of [
      [true, 10.9],
      [false, 100],
    ] as const) {
      const model = tfl.sequential({ layers: [mixtureNormalization({ numComponents: 1, inputShape: [1] })] });
      if (updated) for (let i = 0; i < 3; i++) model.apply(pair(1), training);
      const loaded = await reloaded(model);
      loaded.apply(pair(10), training);
      expectClose(valuesOf(loaded)[4] as number[], [expected], 1e-5);
    }
  });

  it("infers with equal priors before a batch has set its estimates", () => {
    const layer = layerOf({ numComponents: 4, epsilon: 0 });
    const x = clusters(10);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), tf.mul(x, 2).dataSync(), 1e-5);
  });

  it("components that have no rows for long keep their means, and outputs in proportion", () => {
    const layer = layerOf({ epsilon: 1e-3 });
    for (let i = 0; i < 5; i++) layer.apply(clusters(50, 10 * i), training);
    const [, , , means] = valuesOf(layer) as number[][];
    for (let i = 0; i < 300; i++)
      tf.tidy(
        () =>
          void layer.apply(
            tf.tensor2d([
              [0, 0.5],
              [0, 0.5],
            ]),
            training,
          ),
      );
    const [, , prior, after] = valuesOf(layer) as [number[], number[], number[], number[]];
    const moved = after.filter((value, i) => value !== means?.[i]);
    expect(moved.length).toBeLessThanOrEqual(2);
    expect(Math.min(...prior)).toBeGreaterThan(0.9 * (0.05 / 3));
    // One component of a single row's moments would divide by √epsilon.
    const x = clusters(50, 99);
    const dividedByEpsilon = Math.max(...tf.div(tf.abs(x), Math.sqrt(1e-3)).dataSync());
    expect(Math.max(...tf.abs(layer.apply(x) as tf.Tensor).dataSync())).toBeLessThan(dividedByEpsilon);
  });

  it.each<[MixtureNormalizationArgs, string]>([
    [{ numComponents: 0 }, "argument 'numComponents' must be a positive integer, got 0"],
    [{ emSteps: -1 }, "argument 'emSteps' must be an integer that is not negative, got -1"],
    [{ momentum: 2 }, "argument 'momentum' must be a number from 0 to 1, got 2"],
  ])("refuses %j", (args, message) => {
    expect(() => mixtureNormalization(args)).toThrow(`MixtureNormalization: ${message}`);
  });
});
