import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { unsupervisedAdaptiveNormalization as normalize } from "../../src/index.js";
import {
  unsupervisedAdaptiveNormalization as layerWith,
  UnsupervisedAdaptiveNormalization,
  type UnsupervisedAdaptiveNormalizationArgs,
} from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { data, networkWith, predict, reloaded, train } from "../helpers/models.js";

const training = { training: true };

/** A layer by the paper's formula, where arguments do not say otherwise. */
const unsupervisedAdaptiveNormalization = (args: UnsupervisedAdaptiveNormalizationArgs = {}) =>
  layerWith({ standardize: false, ...args });

/** A built layer, and its effective parameters. */
function built(args: UnsupervisedAdaptiveNormalizationArgs, shape: (number | null)[]) {
  const layer = unsupervisedAdaptiveNormalization(args);
  layer.apply(tfl.input({ shape: shape.slice(1) }));
  const weights = () => layer.getWeights().map((w) => Array.from(w.dataSync()));
  return { layer, weights };
}

const softplus = (x: number) => Math.log1p(Math.exp(x));

describe.each(BACKENDS)("the layer on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each<UnsupervisedAdaptiveNormalizationArgs>([
    {},
    { numComponents: 1 },
    { initializer: "random", seed: 5 },
    { standardize: true, center: true, scale: true },
    { update: "momentum" },
    { update: "both" },
    { formula: "ucb" },
    { formula: "ucb", standardize: true },
  ])("trains with a falling loss: %j", async (args) => {
    const x = data([96, 4, 4, 3], 2, 1);
    const y = tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [96, 1]);
    const loss = await train(networkWith(unsupervisedAdaptiveNormalization(args)), x, y, 8);
    expect(loss.at(-1)).toBeLessThan(0.7 * (loss[0] as number));
  });

  it("computes the op with its effective weights", () => {
    const { layer } = built({ initializer: "random", seed: 1, center: true, scale: true }, [null, 6]);
    const [mean, variance, prior] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
    layer.setWeights([mean, variance, prior, tf.range(1, 7), tf.range(-3, 3)]);
    const x = data([10, 6]);
    const raw = Array.from(prior.dataSync(), Math.exp);
    const sum = raw.reduce((a, b) => a + b);
    const wanted = normalize(
      x,
      mean,
      tf.softplus(variance),
      raw.map((p) => p / sum),
      {
        gamma: [1, 2, 3, 4, 5, 6],
        beta: [-3, -2, -1, 0, 1, 2],
      },
    );
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), wanted.dataSync(), 1e-5);
  });
});

describe("the layer", () => {
  it.each<[UnsupervisedAdaptiveNormalizationArgs, boolean]>([
    [{}, true],
    [{ formula: "uan", moments: "learned", update: "both" }, true],
    [{ standardize: false }, false],
    [{ moments: "batch" }, false],
    [{ formula: "ucb" }, false],
    [{ formula: "authors" }, false],
  ])("%j: standardize is %j", (args, standardize) => {
    const layer = layerWith(args);
    expect(layer.standardize).toBe(standardize);
    expect(layer.priorMass > 0).toBe(standardize || args.moments === "batch");
  });

  beforeAll(() => useBackend("wasm"));

  it("has the weights of the authors' layer, in the same order and shapes", () => {
    const { layer } = built({ numComponents: 4, center: true, scale: true, standardize: true, priorMass: 0 }, [null, 8, 8, 6]);
    expect(layer.weights.map((w) => [w.originalName.split("/").at(-1), w.shape])).toEqual([
      ["mean", [4, 6]],
      ["variance", [4, 6]],
      ["prior", [4, 1]],
      ["gamma", [6]],
      ["beta", [6]],
      ["moving_mean", [6]],
      ["moving_variance", [6]],
    ]);
    expect(built({}, [null, 6]).layer.countParams()).toBe(2 * 3 * 6 + 3);
  });

  it("has the paper's formula by default, and the formula that it was saved with", () => {
    expect(built({}, [null, 3]).layer.formula).toBe("uan");
    const { fromConfig } = UnsupervisedAdaptiveNormalization;
    for (const formula of ["uan", "ucb"] as const) {
      const config = unsupervisedAdaptiveNormalization({ formula }).getConfig();
      const layer = fromConfig(UnsupervisedAdaptiveNormalization, config) as UnsupervisedAdaptiveNormalization;
      expect(layer.formula).toBe(formula);
    }
  });

  it("standardize with formula 'ucb' is the op on activations standardized by the moving averages", () => {
    const { layer } = built({ standardize: true, priorMass: 0, formula: "ucb", epsilon: 1e-2, scale: true }, [null, 4, 3]);
    const [mean, variance, prior] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
    layer.setWeights([mean, variance, prior, tf.tensor1d([1, 2, 3]), tf.tensor1d([1, -1, 0]), tf.tensor1d([4, 0.5, 1])]);
    const x = data([5, 4, 3], 2);
    const z = tf.div(tf.sub(x, [1, -1, 0]), tf.sqrt(tf.add(tf.tensor1d([4, 0.5, 1]), 1e-2)));
    const config = { formula: "ucb", epsilon: 1e-2, gamma: [1, 2, 3] } as const;
    const wanted = normalize(z, mean, tf.softplus(variance), [1 / 3, 1 / 3, 1 / 3], config);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), wanted.dataSync(), 1e-4);
  });

  it("'random' starts as the paper does, and depends on the seed", () => {
    const { weights } = built({ initializer: "random", seed: 3, numComponents: 5 }, [null, 40]);
    const [mean, variance, prior] = weights() as [number[], number[], number[]];
    expect(Math.min(...mean)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...mean)).toBeLessThanOrEqual(1);
    expect(Math.max(...mean) - Math.min(...mean)).toBeGreaterThan(1.5);
    expect(Math.min(...variance)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...variance)).toBeLessThanOrEqual(0.01);
    expect(prior.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(built({ initializer: "random", seed: 3, numComponents: 5 }, [null, 40]).weights()).toEqual(weights());
    expect(built({ initializer: "random", seed: 4, numComponents: 5 }, [null, 40]).weights()).not.toEqual(weights());
  });

  it("'data' starts from the first batch, only in training", () => {
    const { layer, weights } = built({}, [null, 2]);
    const start = weights();
    const x = tf.add(tf.mul(data([4000, 2]), [[2, 0.5]]), [[5, -3]]);
    layer.apply(x);
    expect(weights()).toEqual(start);
    layer.apply(x, training);
    const [mean, variance, prior] = weights() as [number[], number[], number[]];
    const { mean: m, variance: v } = tf.moments(x, 0);
    const [ms, vs] = [m.dataSync(), v.dataSync()] as [Float32Array, Float32Array];
    const [s0, s1] = [Math.sqrt(vs[0] as number), Math.sqrt(vs[1] as number)];
    const [m0, m1] = [ms[0] as number, ms[1] as number];
    expectClose(mean, [m0 - s0, m1 - s1, m0, m1, m0 + s0, m1 + s1], 1e-4);
    expectClose(
      variance.map(softplus),
      [0, 1, 2].flatMap(() => Array.from(vs)),
      1e-4,
    );
    expect(prior).toEqual([0, 0, 0]);
    layer.apply(tf.mul(x, 10), training);
    expectClose(weights()[0] as number[], mean, 0);
  });

  it("'data' collects 256 activations per channel from small batches, and then no longer changes the weights", () => {
    const { layer, weights } = built({}, [null, 3]);
    const before = tf.memory().numTensors;
    const x = data([300, 3], 3, 1);
    for (let i = 0; i < 290; i += 10) {
      tf.tidy(() => void layer.apply(tf.slice(x, [i, 0], [10, 3]), training));
      const seen = Math.min(Math.ceil((i + 10) / 10) * 10, 260);
      tf.tidy(() => {
        const { mean, variance } = tf.moments(tf.slice(x, [0, 0], [seen, 3]), 0);
        expectClose((weights()[0] as number[]).slice(3, 6), mean.dataSync(), 1e-4);
        expectClose((weights()[1] as number[]).slice(0, 3).map(softplus), variance.dataSync(), 1e-4);
      });
    }
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("'data' works with constant channels", () => {
    const { layer } = built({}, [null, 2]);
    const y = layer.apply(tf.fill([300, 2], 7), training) as tf.Tensor;
    expect(y.dataSync().every(Number.isFinite)).toBe(true);
  });

  it("does not depend on the batch in inference, nor in training after the start", () => {
    const { layer } = built({}, [null, 2]);
    const x = data([400, 2]);
    layer.apply(x, training);
    const all = (layer.apply(x) as tf.Tensor).dataSync();
    const one = (layer.apply(tf.slice(x, [7, 0], [1, 2])) as tf.Tensor).dataSync();
    expect(Array.from(one)).toEqual(Array.from(all.slice(14, 16)));
    expectClose((layer.apply(x, training) as tf.Tensor).dataSync(), all, 0);
  });

  it("standardize uses the batch's moments in training and moving averages in inference, as batch normalization does", async () => {
    const { layer, weights } = built({ standardize: true, priorMass: 0, numComponents: 1, momentum: 0.9 }, [null, 3]);
    const bn = tfl.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-3 });
    // With one component of mean 0 and variance 1, only the standardization and the factor √(1 + ε) remain.
    const x = data([500, 3], 4, 2);
    const scale = Math.sqrt(1 + 1e-3);
    for (let i = 0; i < 3; i++) {
      const y = tf.mul(layer.apply(x, training) as tf.Tensor, scale).dataSync();
      expectClose(y, (bn.apply(x, training) as tf.Tensor).dataSync(), 1e-4);
    }
    const [, , movingMean, movingVariance] = bn.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    expectClose(weights()[3] as number[], movingMean.dataSync(), 1e-4);
    // TensorFlow.js corrects the variance for the sample's size, here by 500/499.
    expectClose(weights()[4] as number[], movingVariance.dataSync(), 5e-3);
    const inferred = tf.mul(layer.apply(x) as tf.Tensor, scale).dataSync();
    expectClose(inferred, (bn.apply(x) as tf.Tensor).dataSync(), 5e-3);
  });

  it("standardize has batch normalization's gradient, and a second derivative", () => {
    const { layer } = built({ standardize: true, priorMass: 0, numComponents: 1 }, [null, 4, 3]);
    const x = data([6, 4, 3], 2, 1);
    const weight = data([6, 4, 3], 1, 0, 9);
    const ours = (x: tf.Tensor) => tf.sum(tf.mul(weight, tf.tanh(layer.apply(x, training) as tf.Tensor)));
    const theirs = (x: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, [0, 1], true);
      const standardized = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
      return tf.sum(tf.mul(weight, tf.tanh(tf.div(standardized, Math.sqrt(1 + 1e-3)))));
    };
    expectClose(tf.grad(ours)(x).dataSync(), tf.grad(theirs)(x).dataSync(), 1e-4);
    const penalty = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.grad(f)(x))));
    expectClose(penalty(ours)(x).dataSync(), penalty(theirs)(x).dataSync(), 1e-3);
  });

  it("'momentum' finds the modes of its activations, and components with little mass do not move", () => {
    const { layer, weights } = built({ update: "momentum", numComponents: 3 }, [null, 1]);
    layer.setWeights([tf.tensor2d([[-2], [2], [500]]), tf.fill([3, 1], 0.5), tf.zeros([3, 1])]);
    const x = tf.concat([data([600, 1], 0.5, -4, 2), data([300, 1], 1, 5, 3)]);
    for (let i = 0; i < 200; i++) tf.tidy(() => void layer.apply(x, training));
    const [mean, variance, prior] = weights() as [number[], number[], number[]];
    expectClose(mean, [-4, 5, 500], 0.05);
    expectClose(variance.map(softplus).slice(0, 2), [0.25, 1], 0.2);
    const e = prior.map(Math.exp);
    const sum = e.reduce((a, b) => a + b);
    expectClose(
      e.map((p) => p / sum),
      [2 / 3, 1 / 3, 0],
      0.02,
    );
    expect(layer.trainableWeights).toHaveLength(0);
  });

  it.each(
    [1, 2, 3, 5].flatMap((numComponents) =>
      (["momentum", "both"] as const).flatMap((update) => [0, 0.9].map((momentum) => ({ numComponents, update, momentum }))),
    ),
  )("components without activations for long keep outputs in proportion: %j", (args) => {
    const { layer, weights } = built(args, [null, 4]);
    const batches = Array.from({ length: 6 }, (_, i) => data([64, 4], 2, 3, i));
    const [last, ...ordinary] = batches as [tf.Tensor, ...tf.Tensor[]];
    const zeros = tf.zeros([64, 4]);
    const learn = (x: tf.Tensor) => tf.tidy(() => void layer.apply(x, training));
    const largest = (x: tf.Tensor, kwargs = {}) => tf.max(tf.abs(layer.apply(x, kwargs) as tf.Tensor)).dataSync()[0] as number;
    for (let i = 0; i < 50; i++) learn(ordinary[i % 5] as tf.Tensor);
    for (let i = 0; i < 300; i++) learn(zeros);
    const prior = tf.softmax(tf.tensor1d(weights()[2] as number[])).dataSync();
    expect(Math.min(...prior)).toBeGreaterThan((0.9 * 0.05) / args.numComponents);
    // One component of the moments of zeros would divide by √epsilon.
    const dividedByEpsilon = tf.div(tf.max(tf.abs(last)), Math.sqrt(1e-3)).dataSync()[0] as number;
    expect(largest(last)).toBeLessThan(1.01 * dividedByEpsilon);
    for (let i = 0; i < 20; i++) expect(largest(ordinary[i % 5] as tf.Tensor, training)).toBeLessThan(50);
  });

  it("'momentum' does not jump to a few activations", () => {
    const { layer, weights } = built({ update: "momentum", numComponents: 1, momentum: 0 }, [null, 1]);
    layer.setWeights([tf.zeros([1, 1]), tf.fill([1, 1], 0.5413), tf.zeros([1, 1])]);
    layer.apply(tf.tensor2d([[3]]), training);
    expect(Math.abs((weights()[0] as number[])[0] as number)).toBeLessThan(0.5);
    expect(softplus((weights()[1] as number[])[0] as number)).toBeGreaterThan(0.8);
  });

  it("does not move if it is not trainable", () => {
    const { layer, weights } = built({ update: "both" }, [null, 2]);
    const before = weights();
    layer.trainable = false;
    layer.apply(data([300, 2]), training);
    expect(weights()).toEqual(before);
  });

  it.each<UnsupervisedAdaptiveNormalizationArgs>([
    {},
    { numComponents: 2, axis: 1, epsilon: 1e-2, update: "both", initializer: "random", seed: 3 },
    {
      standardize: true,
      center: true,
      scale: true,
      betaInitializer: "randomNormal",
      betaRegularizer: "l1l2",
      gammaConstraint: "nonNeg",
    },
  ])("is saved and loaded: %j", async (args) => {
    const model = networkWith(unsupervisedAdaptiveNormalization(args));
    const x = data([64, 4, 4, 3], 2, 1);
    await train(model, x, data([64, 1]), 1);
    const loaded = await reloaded(model);
    const configs = [model, loaded].map((m) =>
      JSON.stringify((m.layers[1] as tfl.layers.Layer).getConfig(), (_, value) => value ?? null),
    );
    expect(configs[1]).toEqual(configs[0]);
    expectClose(predict(loaded, x), predict(model, x), 1e-6);
    // Training continues, and nothing is initialized again.
    const layer = loaded.layers[1] as tfl.layers.Layer;
    const before = (layer.getWeights()[0] as tf.Tensor).dataSync().slice();
    if (args.update !== "both") {
      layer.apply(tf.mul(tf.ones([2, 4, 4, 6]), 50), training);
      expect((layer.getWeights()[0] as tf.Tensor).dataSync()).toEqual(before);
    }
  });

  it("a model that was saved before it was trained still starts from its data", async () => {
    const { layer } = built({}, [null, 2]);
    const { fromConfig } = UnsupervisedAdaptiveNormalization;
    const copy = fromConfig(UnsupervisedAdaptiveNormalization, layer.getConfig()) as UnsupervisedAdaptiveNormalization;
    copy.apply(tfl.input({ shape: [2] }));
    copy.setWeights(layer.getWeights());
    copy.apply(data([300, 2], 1, 40), training);
    expectClose((copy.getWeights()[0] as tf.Tensor).dataSync().slice(2, 4), [40, 40], 0.02);
  });

  it("replaces batchNormalization in functional models, with any axis", () => {
    for (const axis of [1, 2, 3, -1]) {
      const input = tfl.input({ shape: [4, 5, 6] });
      const output = unsupervisedAdaptiveNormalization({ axis }).apply(input) as tfl.SymbolicTensor;
      const model = tfl.model({ inputs: input, outputs: output });
      expect(output.shape).toEqual([null, 4, 5, 6]);
      expect((model.predict(data([2, 4, 5, 6])) as tf.Tensor).shape).toEqual([2, 4, 5, 6]);
    }
  });

  it("leaves no tensor behind after training, inference and disposal", async () => {
    const x = data([40, 4, 4, 3]);
    const y = data([40, 1]);
    const before = tf.memory().numTensors;
    const model = networkWith(unsupervisedAdaptiveNormalization({ standardize: true, update: "both" }));
    const other = networkWith(unsupervisedAdaptiveNormalization());
    const optimizer = tf.train.sgd(0.01);
    for (const m of [model, other]) {
      m.compile({ optimizer, loss: "meanSquaredError" });
      await m.fit(x, y, { epochs: 1, verbose: 0 });
      const held = tf.memory().numTensors;
      await m.fit(x, y, { epochs: 3, verbose: 0 });
      (m.predict(x) as tf.Tensor).dispose();
      expect(tf.memory().numTensors).toBe(held);
      m.dispose();
    }
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[object, string]>([
    [{ numComponents: 0 }, "argument 'numComponents' must be a positive integer, got 0"],
    [{ numComponents: 2.5 }, "argument 'numComponents' must be a positive integer, got 2.5"],
    [{ axis: 1.5 }, "argument 'axis' must be an integer, got 1.5"],
    [{ epsilon: -1 }, "argument 'epsilon' must be a finite number that is not negative, got -1"],
    [{ momentum: 1.5 }, "argument 'momentum' must be a number from 0 to 1, got 1.5"],
    [{ update: "em" }, "argument 'update' must be one of 'gradient', 'momentum', 'both', got 'em'"],
    [{ formula: "em" }, "argument 'formula' must be one of 'uan', 'ucb', 'authors', got 'em'"],
    [{ initializer: "zeros" }, "argument 'initializer' must be one of 'data', 'random', got 'zeros'"],
  ])("refuses %j", (args, message) => {
    expect(() => unsupervisedAdaptiveNormalization(args)).toThrow(`UnsupervisedAdaptiveNormalization: ${message}`);
  });

  it.each<[number, (number | null)[], string]>([
    [4, [null, 3, 2], "argument 'axis' must be an integer from -3 to 2, got 4"],
    [0, [null, 3], "argument 'axis' must be an axis of known size that is not the batch's, got 0 of [,3]"],
    [1, [null, null, 3], "argument 'axis' must be an axis of known size that is not the batch's, got 1 of [,,3]"],
  ])("refuses axis %i of an input [%s]", (axis, shape, message) => {
    expect(() => built({ axis }, shape)).toThrow(message);
  });
});
