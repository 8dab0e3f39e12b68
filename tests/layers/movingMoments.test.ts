import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BatchNormalizationWithPrior,
  batchNormalization,
  recalibrate,
  UnsupervisedAdaptiveNormalization,
  type UnsupervisedAdaptiveNormalizationArgs,
  unsupervisedAdaptiveNormalization,
} from "../../src/layers.js";
import { moments as mixtureMoments, normalize, responsibilities } from "../../src/reference/mixture.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { built, data, namesAndShapes, networkWith, predict, reloaded, saved, train, valuesOf } from "../helpers/models.js";

// docs/math.md, sections 2.5 and 2.7, in float64, on [samples, inner, C].

const CHANNELS = 3;
const EPSILON = 1e-2;
const training = { training: true };

interface Rule {
  priorMass: number;
  /** How far a batch moves the moving moments. */
  rate(samples: number): number;
  pooled: boolean;
}

interface Moving {
  mean: number[];
  variance: number[];
  seen: number;
}

const zip = <T>(a: ArrayLike<number>, b: ArrayLike<number>, f: (a: number, b: number, i: number) => T): T[] =>
  Array.from(a, (value, i) => f(value, b[i] as number, i));

/** The batch's moments, shrunk toward the moving ones. @param count of each */
function shrunk(batch: Omit<Moving, "seen">, moving: Moving, count: (i: number) => number, priorMass: number) {
  const mass = Math.min(priorMass, moving.seen);
  const share = (i: number) => count(i) / (count(i) + mass);
  const mean = zip(moving.mean, batch.mean, (before, own, i) => before + share(i) * (own - before));
  const variance = mean.map((center, i) => {
    const around = (m: number[], v: number[]) => (v[i] as number) + (center - (m[i] as number)) ** 2;
    return share(i) * around(batch.mean, batch.variance) + (1 - share(i)) * around(moving.mean, moving.variance);
  });
  return { mean, variance };
}

/** Moves moments by a batch's. @param rate of each */
function follow(moving: Moving, batch: Omit<Moving, "seen">, rate: (i: number) => number, pooled: boolean, count: number) {
  const mean = zip(moving.mean, batch.mean, (before, own, i) => before + rate(i) * (own - before));
  const around = (m: number[], v: number[], i: number) =>
    (v[i] as number) + (pooled ? ((m[i] as number) - (mean[i] as number)) ** 2 : 0);
  moving.variance = mean.map(
    (_, i) => (1 - rate(i)) * around(moving.mean, moving.variance, i) + rate(i) * around(batch.mean, batch.variance, i),
  );
  moving.mean = mean;
  moving.seen += count;
}

/** Mean and variance of each channel. */
function channelMoments(x: ArrayLike<number>): Omit<Moving, "seen"> {
  const count = x.length / CHANNELS;
  const sums = (f: (value: number, c: number) => number) =>
    Array.from(x).reduce((total, value, i) => {
      total[i % CHANNELS] = (total[i % CHANNELS] as number) + f(value, i % CHANNELS) / count;
      return total;
    }, Array<number>(CHANNELS).fill(0));
  const mean = sums((value) => value);
  return { mean, variance: sums((value, c) => (value - (mean[c] as number)) ** 2) };
}

/** Batches of different sizes, away from 0. */
const batches = () => [2, 7, 1, 30, 4].map((samples, i) => data([samples, 2, CHANNELS], 1.5, 3, i));

const RULES: [string, UnsupervisedAdaptiveNormalizationArgs, Rule][] = [
  ["the default", {}, { priorMass: 2, rate: (samples) => samples / (samples + 96), pooled: true }],
  ["a prior mass", { priorMass: 5 }, { priorMass: 5, rate: (samples) => samples / (samples + 96), pooled: true }],
  ["a memory", { priorMass: 0, memory: 10 }, { priorMass: 0, rate: (samples) => samples / (samples + 10), pooled: true }],
  ["a prior mass and a momentum", { priorMass: 5, momentum: 0.6 }, { priorMass: 5, rate: () => 0.4, pooled: true }],
  ["a memory and a momentum", { memory: 0, momentum: 0.6 }, { priorMass: 2, rate: () => 1, pooled: true }],
  ["no prior mass", { priorMass: 0, momentum: 0.6 }, { priorMass: 0, rate: () => 0.4, pooled: false }],
];

describe.each(BACKENDS)("moving moments on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(RULES)("standardize and batchNormalization with %s", (_, args, { priorMass, rate, pooled }) => {
    const uan = built(
      unsupervisedAdaptiveNormalization({
        standardize: true,
        epsilon: EPSILON,
        numComponents: 2,
        outputScale: "components",
        ...args,
      }),
      [2, CHANNELS],
    );
    const { momentum, memory = momentum === undefined ? 96 : null } = args;
    const bn = built(batchNormalization({ epsilon: EPSILON, priorMass, memory, ...(momentum && { momentum }) }), [2, CHANNELS]);
    const moving: Moving = { mean: Array(CHANNELS).fill(0), variance: Array(CHANNELS).fill(1), seen: 0 };
    for (const x of batches()) {
      const [samples] = x.shape as [number];
      const [numbers, count] = [x.dataSync(), samples * 2];
      const own = channelMoments(numbers);
      const { mean, variance } = shrunk(own, moving, () => count, priorMass);
      const z = Float64Array.from(numbers, (value, i) => {
        const c = i % CHANNELS;
        return (value - (mean[c] as number)) / Math.sqrt((variance[c] as number) + EPSILON);
      });
      const wanted = normalize({
        outer: count,
        channels: CHANNELS,
        inner: 1,
        components: 2,
        epsilon: EPSILON,
        x: z,
        mean: [-1, -1, -1, 1, 1, 1],
        variance: Array(2 * CHANNELS).fill(1),
        prior: [0.5, 0.5],
      }).map((y) => y / Math.sqrt(2));
      expectClose((uan.apply(x, training) as tf.Tensor).dataSync(), wanted, 5e-5);
      follow(moving, own, () => rate(samples), pooled, count);
      expectClose(valuesOf(uan)[3] as number[], moving.mean, 1e-5);
      expectClose(valuesOf(uan)[4] as number[], moving.variance, 1e-5);
      if (priorMass > 0) expect(valuesOf(uan)[5]).toEqual([moving.seen]);
      expectClose((bn.apply(x, training) as tf.Tensor).dataSync(), z, 5e-5);
      expectClose(valuesOf(bn)[2] as number[], moving.mean, 1e-5);
      expectClose(valuesOf(bn)[3] as number[], moving.variance, 1e-5);
      if (priorMass > 0) expect(valuesOf(bn)[4]).toEqual([moving.seen]);
    }
  });

  it.each(
    RULES.flatMap(([name, args, rule]) =>
      (["equal", "prior"] as const).map((componentWeights) => [name, { componentWeights, ...args }, rule] as const),
    ),
  )("moments of the batch with %s, %j", (_, args, { priorMass, rate, pooled }) => {
    const components = 2;
    const size = components * CHANNELS;
    const layer = built(
      unsupervisedAdaptiveNormalization({ moments: "batch", epsilon: EPSILON, numComponents: components, ...args }),
      [2, CHANNELS],
    );
    const raw = tf.tensor2d([0.3, -0.6], [2, 1]);
    const mixture = { mean: data([components, CHANNELS], 1, 3, 8), variance: data([components, CHANNELS], 1, 1, 9) };
    const [before, wide] = [data([components, CHANNELS], 1, 2, 7), tf.fill([components, CHANNELS], 2)];
    const seen = priorMass > 0 ? [tf.zeros([1])] : [];
    layer.setWeights([mixture.mean, mixture.variance, raw, before, wide, ...seen]);
    const prior = tf.softmax(tf.reshape(raw, [-1])).dataSync();
    const moving: Moving = { mean: Array.from(before.dataSync()), variance: Array(size).fill(2), seen: 0 };
    for (const x of batches()) {
      const [samples] = x.shape as [number];
      const count = samples * 2;
      const problem = {
        outer: count,
        channels: CHANNELS,
        inner: 1,
        components,
        epsilon: EPSILON,
        x: x.dataSync(),
        mean: mixture.mean.dataSync(),
        variance: Float64Array.from(mixture.variance.dataSync(), (v) => Math.log1p(Math.exp(v))),
        prior,
      };
      const { mass, ...own } = mixtureMoments(problem);
      const batch = { mean: Array.from(own.mean), variance: Array.from(own.variance) };
      const { mean, variance } = shrunk(batch, moving, (i) => mass[i] as number, priorMass);
      const tau = responsibilities(problem);
      const wanted = Float64Array.from(problem.x, (value, i) =>
        [0, 1].reduce((sum, k) => {
          const j = k * CHANNELS + (i % CHANNELS);
          const weight = args.componentWeights === "prior" ? 1 / Math.sqrt(prior[k] as number) : 1;
          const u = (value - (mean[j] as number)) / Math.sqrt((variance[j] as number) + EPSILON);
          return sum + (tau[i * components + k] as number) * weight * u;
        }, 0),
      );
      expectClose((layer.apply(x, training) as tf.Tensor).dataSync(), wanted, 1e-4);
      const isRemembered = args.memory !== undefined || args.momentum === undefined;
      const ofComponent = (i: number) => {
        const remembered = (samples / rate(samples) - samples) * (count / samples / components);
        if (isRemembered) return (mass[i] as number) / ((mass[i] as number) + remembered);
        return rate(samples) * Math.min(1, (components * (mass[i] as number)) / count);
      };
      follow(moving, batch, ofComponent, pooled, count);
      expectClose(valuesOf(layer)[3] as number[], moving.mean, 1e-4);
      expectClose(valuesOf(layer)[4] as number[], moving.variance, 1e-4);
      if (priorMass > 0) expect(valuesOf(layer)[5]).toEqual([moving.seen]);
    }
    // Inference takes the moving ones.
    const x = data([5, 2, CHANNELS], 1, 3, 20);
    const sharp = built(
      unsupervisedAdaptiveNormalization({
        moments: "batch",
        epsilon: EPSILON,
        numComponents: components,
        ...args,
        priorMass: 1e9,
        memory: 1,
      }),
      [2, CHANNELS],
    );
    sharp.setWeights([...layer.getWeights().slice(0, 5), tf.tensor1d([1e9])]);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), (sharp.apply(x, training) as tf.Tensor).dataSync(), 1e-4);
  });

  it("one component with moments of the batch is batch normalization", () => {
    const args = { priorMass: 3, memory: 20, epsilon: EPSILON, center: true, scale: true };
    const uan = unsupervisedAdaptiveNormalization({ moments: "batch", numComponents: 1, initializer: "random", ...args });
    const bn = batchNormalization(args);
    for (const x of batches()) {
      expectClose((uan.apply(x, training) as tf.Tensor).dataSync(), (bn.apply(x, training) as tf.Tensor).dataSync(), 1e-4);
    }
    const x = data([5, 2, CHANNELS], 1, 3, 20);
    expectClose((uan.apply(x) as tf.Tensor).dataSync(), (bn.apply(x) as tf.Tensor).dataSync(), 1e-4);
  });

  it("moments of the batch are recalibrated by the responsibilities of the mixture", async () => {
    const layer = unsupervisedAdaptiveNormalization({ moments: "batch", numComponents: 2, epsilon: EPSILON });
    const model = tfl.sequential({ layers: [tfl.layers.activation({ activation: "linear", inputShape: [2, CHANNELS] }), layer] });
    layer.apply(data([200, 2, CHANNELS], 2, 1, 4), training);
    const before = valuesOf(layer).slice(0, 3);
    const x = data([50, 2, CHANNELS], 2, 3);
    await recalibrate(model, x, { batchSize: 16 });
    expect(valuesOf(layer).slice(0, 3)).toEqual(before);
    const [mean, variance] = before as [number[], number[]];
    const wanted = mixtureMoments({
      outer: 100,
      channels: CHANNELS,
      inner: 1,
      components: 2,
      epsilon: EPSILON,
      x: x.dataSync(),
      mean,
      variance: variance.map((v) => Math.log1p(Math.exp(v))),
      prior: [0.5, 0.5],
    });
    expectClose(valuesOf(layer)[3] as number[], wanted.mean, 1e-5);
    expectClose(valuesOf(layer)[4] as number[], wanted.variance, 1e-5);
    expectClose(valuesOf(layer)[5] as number[], [100], 1e-6);
  });
});

describe("recalibrate", () => {
  beforeAll(() => useBackend("wasm"));

  it("leaves masked places out of moments of the batch, too", async () => {
    const layer = unsupervisedAdaptiveNormalization({ moments: "batch", numComponents: 2 });
    const masked = tfl.sequential({ layers: [tfl.layers.masking({ inputShape: [3, CHANNELS] }), layer] });
    const x = data([20, 2, CHANNELS], 2, 1);
    layer.apply(x, training);
    const recalibrated = async (model: tfl.LayersModel, x: tf.Tensor) => {
      await recalibrate(model, x, { batchSize: 8 });
      return valuesOf(layer).slice(3);
    };
    const found = await recalibrated(masked, tf.concat([x, tf.zeros([20, 1, CHANNELS])], 1));
    const plain = tfl.sequential({ layers: [tfl.layers.activation({ activation: "linear", inputShape: [2, CHANNELS] }), layer] });
    (await recalibrated(plain, x)).forEach((values, i) => {
      expectClose(found[i] as number[], values, 1e-5);
    });
  });
});

const VARIANTS: UnsupervisedAdaptiveNormalizationArgs[] = [
  { standardize: true },
  { standardize: true, priorMass: 0, memory: 50, numComponents: 1, outputScale: "components" },
  { standardize: true, priorMass: 8, formula: "ucb", update: "both" },
  { moments: "batch", center: true, scale: true },
  { moments: "batch", priorMass: 0, componentWeights: "prior", update: "momentum" },
  { moments: "batch", momentum: 0.8, outputScale: "components", initializer: "random", seed: 2 },
];

describe("a prior mass and moments of the batch", () => {
  beforeAll(() => useBackend("wasm"));

  it.each(VARIANTS)("train with a falling loss: %j", async (args) => {
    const x = data([96, 4, 4, 3], 2, 1);
    const y = tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [96, 1]);
    const loss = await train(networkWith(unsupervisedAdaptiveNormalization(args)), x, y, 8);
    expect(loss.at(-1)).toBeLessThan(0.8 * (loss[0] as number));
  });

  it.each(VARIANTS)("are saved and loaded: %j", async (args) => {
    const model = networkWith(unsupervisedAdaptiveNormalization(args));
    const x = data([64, 4, 4, 3], 2, 1);
    await train(model, x, data([64, 1]), 1);
    const loaded = await reloaded(model);
    const [before, after] = [model, loaded].map(({ layers }) => layers[1] as UnsupervisedAdaptiveNormalization) as [
      UnsupervisedAdaptiveNormalization,
      UnsupervisedAdaptiveNormalization,
    ];
    const options = ["priorMass", "memory", "moments", "componentWeights", "outputScale", "momentum"] as const;
    for (const option of options) expect(after[option]).toBe(before[option]);
    expect(valuesOf(after)).toEqual(valuesOf(before));
    expectClose(predict(loaded, x), predict(model, x), 1e-6);
    const batch = data([8, 4, 4, 6]);
    expectClose(
      (after.apply(batch, training) as tf.Tensor).dataSync(),
      (before.apply(batch, training) as tf.Tensor).dataSync(),
      1e-6,
    );
  });

  it.each([
    [[6, 4]],
    [[6, 5, 4]],
    [[6, 5, 3, 4]],
    [[6, 2, 3, 2, 4]],
    [[6, 2, 3, 2, 2, 4]],
  ])("take any rank and any axis: %j", (shape) => {
    for (const args of VARIANTS) {
      const last = shape.length - 1;
      const axis = Math.min(2, last);
      const order = [...shape.keys()].filter((i) => i !== axis);
      const [layer, other] = [unsupervisedAdaptiveNormalization(args), unsupervisedAdaptiveNormalization({ ...args, axis })];
      const x = data(shape, 2, 1);
      const back = order.map((_, i) => i);
      back.splice(axis, 0, last);
      const y = layer.apply(x, training) as tf.Tensor;
      const moved = other.apply(tf.transpose(x, back), training) as tf.Tensor;
      expectClose(tf.transpose(moved, [...order, axis]).dataSync(), y.dataSync(), 1e-4);
      valuesOf(layer).forEach((values, i) => {
        expectClose(valuesOf(other)[i] as number[], values, 1e-4);
      });
    }
  });

  it("are weights after the others", () => {
    const shapes = (args: UnsupervisedAdaptiveNormalizationArgs) =>
      namesAndShapes(built(unsupervisedAdaptiveNormalization({ numComponents: 2, ...args }), [4])).slice(3);
    expect(shapes({ standardize: true })).toEqual([
      ["moving_mean", [4]],
      ["moving_variance", [4]],
      ["seen", [1]],
    ]);
    expect(shapes({ moments: "batch", scale: true })).toEqual([
      ["gamma", [4]],
      ["moving_mean", [2, 4]],
      ["moving_variance", [2, 4]],
      ["seen", [1]],
    ]);
    expect(shapes({ standardize: true, priorMass: 0, memory: 96 })).toEqual([
      ["moving_mean", [4]],
      ["moving_variance", [4]],
    ]);
  });

  it("a saved configuration that has none means none", () => {
    const { priorMass, memory, moments, componentWeights, outputScale, ...old } = unsupervisedAdaptiveNormalization({
      standardize: true,
    }).getConfig();
    const { fromConfig } = UnsupervisedAdaptiveNormalization;
    const layer = fromConfig(UnsupervisedAdaptiveNormalization, old) as UnsupervisedAdaptiveNormalization;
    expect(layer).toMatchObject({ standardize: true, priorMass: 0, memory: null, moments: "learned", outputScale: "none" });
    expect([priorMass, memory, moments, componentWeights, outputScale]).toEqual([2, 96, "learned", "equal", "none"]);
    expect(namesAndShapes(built(layer, [4])).at(-1)).toEqual(["moving_variance", [4]]);
  });

  it("in inference, standardize with outputs scaled is folded into the mixture", () => {
    const layer = built(unsupervisedAdaptiveNormalization({ standardize: true, outputScale: "components", scale: true }), [
      2,
      CHANNELS,
    ]);
    for (const x of batches()) layer.apply(x, training);
    const plain = built(unsupervisedAdaptiveNormalization({ standardize: true, scale: true }), [2, CHANNELS]);
    plain.setWeights(layer.getWeights());
    const x = data([5, 2, CHANNELS], 1, 3, 20);
    const wanted = tf.div(plain.apply(x) as tf.Tensor, Math.sqrt(3)).dataSync();
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), wanted, 1e-6);
  });

  it("moving moments of components start where the data is", () => {
    const layer = unsupervisedAdaptiveNormalization({ moments: "batch", numComponents: 3 });
    const x = data([40, CHANNELS], 2, 50);
    layer.apply(x, training);
    const y = (layer.apply(x) as tf.Tensor).dataSync();
    expect(Math.max(...y.map(Math.abs))).toBeLessThan(5);
  });

  it.each<[object, string]>([
    [{ standardize: false, priorMass: 2 }, "argument 'priorMass' must be 0 without standardize or moments 'batch', got 2"],
    [{ standardize: false, memory: 2 }, "argument 'memory' must be null without standardize or moments 'batch', got 2"],
    [{ standardize: true, priorMass: -1 }, "argument 'priorMass' must be a finite number that is not negative, got -1"],
    [
      { standardize: true, priorMass: Number.POSITIVE_INFINITY },
      "'priorMass' must be a finite number that is not negative, got Infinity",
    ],
    [{ standardize: true, memory: -1 }, "argument 'memory' must be a finite number that is not negative, or null, got -1"],
    [{ moments: "mine" }, "argument 'moments' must be one of 'learned', 'batch', got 'mine'"],
    [{ moments: "batch", standardize: true }, "argument 'standardize' must be false where moments is 'batch', got true"],
    [{ moments: "batch", formula: "ucb" }, "argument 'formula' must be 'uan' where moments is 'batch', got 'ucb'"],
    [{ componentWeights: "prior" }, "argument 'componentWeights' must be 'equal' where moments is 'learned', got 'prior'"],
    [{ componentWeights: "all" }, "argument 'componentWeights' must be one of 'equal', 'prior', got 'all'"],
    [{ outputScale: "all" }, "argument 'outputScale' must be one of 'none', 'components', got 'all'"],
  ])("refuse %j", (args, message) => {
    expect(() => unsupervisedAdaptiveNormalization(args)).toThrow(message);
  });
});

describe("batchNormalization with a prior mass", () => {
  beforeAll(() => useBackend("wasm"));

  it("is a class of its own, saved and loaded with what it has seen", async () => {
    const model = networkWith(batchNormalization({ priorMass: 4 }));
    const x = data([64, 4, 4, 3], 2, 1);
    const loss = await train(model, x, tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [64, 1]), 8);
    expect(loss.at(-1)).toBeLessThan(0.8 * (loss[0] as number));
    expect(JSON.stringify((await saved(model)).modelTopology)).toContain('"class_name":"BatchNormalizationWithPrior"');
    const loaded = await reloaded(model);
    const layer = loaded.layers[1] as BatchNormalizationWithPrior;
    expect(layer).toBeInstanceOf(BatchNormalizationWithPrior);
    expect(layer).toMatchObject({ priorMass: 4, memory: 96, momentum: 0.99, center: true, scale: true });
    expect(valuesOf(layer)).toEqual(valuesOf(model.layers[1] as tfl.layers.Layer));
    expect(namesAndShapes(layer)).toEqual([
      ["gamma", [6]],
      ["beta", [6]],
      ["moving_mean", [6]],
      ["moving_variance", [6]],
      ["seen", [1]],
    ]);
    expect(valuesOf(layer).at(-1)).toEqual([8 * 64 * 16]);
    expectClose(predict(loaded, x), predict(model, x), 1e-6);
  });

  it("without is tf.layers' own", () => {
    for (const args of [{}, { priorMass: 0 }, { priorMass: 0, memory: null }]) {
      expect(batchNormalization(args).getClassName()).toBe("BatchNormalization");
    }
    expect(batchNormalization({ memory: 32 }).getClassName()).toBe("BatchNormalizationWithPrior");
    expect(() => batchNormalization({ priorMass: -1 })).toThrow(
      "batchNormalization: argument 'priorMass' must be a finite number",
    );
  });

  it("trains in batches of one, where batch normalization gives zeros", () => {
    const layer = batchNormalization({ priorMass: 2 });
    layer.apply(data([50, CHANNELS], 2, 1), training);
    const y = (layer.apply(data([1, CHANNELS], 2, 1, 3), training) as tf.Tensor).dataSync();
    expect(Math.max(...y.map(Math.abs))).toBeGreaterThan(0.1);
  });

  it("is recalibrated", async () => {
    const layer = batchNormalization({ priorMass: 2 });
    const model = tfl.sequential({ layers: [tfl.layers.activation({ activation: "linear", inputShape: [CHANNELS] }), layer] });
    const x = data([50, CHANNELS], 2, 1);
    expect(await recalibrate(model, x, { batchSize: 8 })).toBe(1);
    const { mean, variance } = channelMoments(x.dataSync());
    expectClose(valuesOf(layer)[2] as number[], mean, 1e-6);
    expectClose(valuesOf(layer)[3] as number[], variance, 1e-6);
    expect(valuesOf(layer)[4]).toEqual([50]);
  });
});
