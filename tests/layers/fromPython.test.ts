import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import {
  fromKeras,
  type UnsupervisedAdaptiveNormalization,
  unsupervisedAdaptiveNormalization,
  useFusedNormalization,
} from "../../src/layers.js";
import { authorsLayer } from "../../src/reference/authorsLayer.js";
import { normalize } from "../../src/reference/mixture.js";
import { normalizeSets } from "../../src/reference/normalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { data, predict, reloaded, train } from "../helpers/models.js";
import { convertedModel, DIALECT_NAMES, type PythonLayer } from "../helpers/python.js";

const COMPONENTS = 2;
const CHANNELS = 4;
const SHAPE = [2, 5, CHANNELS];

const next = generator(7);
const mixture = {
  mean: { shape: [COMPONENTS, CHANNELS], values: normal(next, COMPONENTS * CHANNELS) },
  variance: { shape: [COMPONENTS, CHANNELS], values: uniform(next, COMPONENTS * CHANNELS, -1, 1) },
  prior: { shape: [COMPONENTS, 1], values: uniform(next, COMPONENTS, 0.1, 0.9) },
};
const affine = {
  gamma: { shape: [CHANNELS], values: uniform(next, CHANNELS, 0.5, 2) },
  beta: { shape: [CHANNELS], values: uniform(next, CHANNELS, -1, 1) },
};

/** The authors' layer, with its complete configuration. */
const ucbNorm = (config: object = {}, className = "UCBNorm"): PythonLayer => ({
  className,
  config: { name: "ucb_norm", num_components: COMPONENTS, epsilon: 1e-3, momentum: 0.9, ...config },
  weights: mixture,
});

/** The authors' formula, computed from the weights. */
function expected(x: tf.Tensor, epsilon = 1e-3): Float64Array {
  return normalize({
    formula: "ucb",
    outer: x.size / CHANNELS,
    channels: CHANNELS,
    inner: 1,
    components: COMPONENTS,
    epsilon,
    x: x.dataSync(),
    mean: mixture.mean.values,
    variance: mixture.variance.values.map((raw) => Math.log1p(Math.exp(raw))),
    prior: [1, 1],
  });
}

const load = (artifacts: tf.io.ModelArtifacts) => tfl.loadLayersModel(fromKeras(tf.io.fromMemory(artifacts)));
const layerOf = (model: tfl.LayersModel) => model.layers.at(-1) as UnsupervisedAdaptiveNormalization;

describe.each(DIALECT_NAMES)("the authors' layer, from a .%s file", (dialect) => {
  describe.each(BACKENDS)("on '%s'", (backend) => {
    beforeAll(() => useBackend(backend));

    it.each([
      ["UCBNorm", {}],
      ["Custom>UCBNorm", {}],
      ["AdaptiveContextNorm", { num_components: undefined, num_contexts: COMPONENTS }],
      ["Custom>AdaptiveContextNorm", { num_components: undefined, num_contexts: COMPONENTS }],
    ])("%s computes the same as in Python", async (className, config) => {
      const model = await load(convertedModel(dialect, SHAPE, [ucbNorm(config, className)]));
      const x = data([6, ...SHAPE], 3);
      expectClose(predict(model, x), expected(x), 5e-5);
      expect(layerOf(model).getConfig()).toMatchObject({
        formula: "ucb",
        numComponents: COMPONENTS,
        center: false,
        scale: false,
      });
    });
  });

  it.each<[string, object]>([
    ["num_clusters, of its first version", { num_components: undefined, num_clusters: COMPONENTS }],
    ["n_components", { num_components: undefined, n_components: COMPONENTS }],
    ["an axis that is a list", { axis: [3] }],
    ["what is not known here", { virtual_batch_size: null, clusters: { kind: "k_means", seeds: [1, 2] }, input_dim: 4 }],
  ])("reads %s", async (_, config) => {
    await useBackend("wasm");
    const model = await load(convertedModel(dialect, SHAPE, [ucbNorm(config)]));
    const x = data([6, ...SHAPE], 3);
    expectClose(predict(model, x), expected(x), 5e-5);
  });

  it("reads its epsilon", async () => {
    await useBackend("wasm");
    const model = await load(convertedModel(dialect, SHAPE, [ucbNorm({ epsilon: 0.1 })]));
    const x = data([6, ...SHAPE], 3);
    expectClose(predict(model, x), expected(x, 0.1), 5e-5);
  });
});

type RawMixture = Record<"mean" | "variance", ArrayLike<number>>;
const raw: RawMixture = { mean: mixture.mean.values, variance: mixture.variance.values };

/** What the authors' UnsupervisedAdaptiveNormalization gives, from the weights. */
const expectedOfAuthors = (x: ArrayLike<number>, samples: number, epsilon = 1e-3, { mean, variance }: RawMixture = raw) =>
  authorsLayer({
    samples,
    space: x.length / samples / CHANNELS,
    channels: CHANNELS,
    components: COMPONENTS,
    epsilon,
    x,
    mean,
    variance: Array.from(variance, (value) => Math.log1p(Math.exp(value))),
  });

describe.each(DIALECT_NAMES)("the authors' UnsupervisedAdaptiveNormalization, from a .%s file", (dialect) => {
  describe.each(BACKENDS)("on '%s'", (backend) => {
    beforeAll(() => useBackend(backend));

    it.each([
      ["UnsupervisedAdaptiveNormalization", SHAPE, {}],
      ["Custom>UnsupervisedAdaptiveNormalization", SHAPE, { epsilon: 0.1 }],
      ["UnsupervisedAdaptiveNormalization", [CHANNELS], {}],
      ["UnsupervisedAdaptiveNormalization", [7, CHANNELS], { num_components: undefined, num_contexts: COMPONENTS }],
    ] as [
      string,
      number[],
      { epsilon?: number },
    ][])("%s on %j, %j, computes the same as in Python", async (className, shape, config) => {
      const model = await load(convertedModel(dialect, shape, [ucbNorm(config, className)]));
      const x = data([6, ...shape], 3);
      const y = expectedOfAuthors(x.dataSync(), 6, config.epsilon);
      // Divided by √ε, outputs are large.
      const relative = 5e-5;
      expectCloseToLargest(predict(model, x), y, relative, "y");
      expectCloseToLargest((layerOf(model).apply(x, { training: true }) as tf.Tensor).dataSync(), y, relative, "y in training");
      expect(layerOf(model).getConfig()).toMatchObject({
        formula: "authors",
        numComponents: COMPONENTS,
        center: false,
        scale: false,
      });
    });
  });
});

describe("a class of that name that is registered in Python, and has an axis", () => {
  beforeAll(() => useBackend("wasm"));

  it("is another implementation, of the formula 'ucb'", async () => {
    const layer = ucbNorm({ axis: -1 }, "Custom>UnsupervisedAdaptiveNormalization");
    const model = await load(convertedModel("h5", SHAPE, [layer]));
    const x = data([6, ...SHAPE], 3);
    expectClose(predict(model, x), expected(x), 5e-5);
    expect(layerOf(model).formula).toBe("ucb");
  });
});

describe("the authors' UnsupervisedAdaptiveNormalization, loaded", () => {
  const authors = (shape: number[]) => load(convertedModel("h5", shape, [ucbNorm({}, "UnsupervisedAdaptiveNormalization")]));

  it.each(BACKENDS)("has the gradients that differences show, on '%s'", async (backend) => {
    await useBackend(backend);
    for (const shape of [[CHANNELS], [2, 3, CHANNELS]]) {
      const layer = layerOf(await authors(shape));
      const x = data([3, ...shape], 1.5, 0.3);
      const weight = data(x.shape, 1, 0, 9);
      const input = tf.variable(x);
      const [mean, variance, prior] = layer.getWeights(true) as [tf.Variable, tf.Variable, tf.Variable];
      const { grads } = tf.variableGrads(
        () => tf.sum(tf.mul(weight, layer.apply(input, { training: true }) as tf.Tensor)) as tf.Scalar,
        [input, mean, variance, prior],
      );
      const numbers = { x: Array.from(x.dataSync()), mean: Array.from(raw.mean), variance: Array.from(raw.variance) };
      const weights = weight.dataSync();
      const loss = ({ x, ...mixture }: typeof numbers) =>
        expectedOfAuthors(x, 3, 1e-3, mixture).reduce((sum, y, i) => sum + y * (weights[i] as number), 0);
      const difference = (name: keyof typeof numbers) =>
        numbers[name].map((value, i) => {
          const step = 1e-5;
          const at = (moved: number) => loss({ ...numbers, [name]: numbers[name].with(i, moved) });
          return (at(value + step) - at(value - step)) / (2 * step);
        });
      const found = (variable: tf.Variable) => (grads[variable.name] as tf.Tensor).dataSync<"float32">();
      expectCloseToLargest(found(input), difference("x"), 1e-3, "dx");
      expectCloseToLargest(found(mean), difference("mean"), 1e-3, "dmean");
      expectCloseToLargest(found(variance), difference("variance"), 1e-3, "dvariance");
      expect(Array.from(found(prior))).toEqual([0, 0]);
    }
  });

  it("is saved and loaded with its formula, works along any axis, and on an empty batch", async () => {
    await useBackend("wasm");
    const model = await authors(SHAPE);
    const again = await reloaded(model);
    expect(layerOf(again).formula).toBe("authors");
    const x = data([6, ...SHAPE], 3);
    expectClose(predict(again, x), predict(model, x), 0);
    const turned = unsupervisedAdaptiveNormalization({ formula: "authors", numComponents: COMPONENTS, axis: 1 });
    turned.apply(tfl.input({ shape: [CHANNELS, 2, 5] }));
    turned.setWeights(layerOf(model).getWeights());
    const y = turned.apply(tf.transpose(x, [0, 3, 1, 2])) as tf.Tensor;
    expectClose(tf.transpose(y, [0, 2, 3, 1]).dataSync(), predict(model, x), 1e-4);
    expect((turned.apply(tf.zeros([0, CHANNELS, 2, 5]), { training: true }) as tf.Tensor).shape).toEqual([0, CHANNELS, 2, 5]);
  });

  it("multiplies and adds what the library's options ask for", async () => {
    await useBackend("wasm");
    const model = await authors(SHAPE);
    const args = { center: true, scale: true, outputScale: "components", numComponents: COMPONENTS } as const;
    const layer = unsupervisedAdaptiveNormalization({ formula: "authors", ...args });
    layer.apply(tfl.input({ shape: SHAPE }));
    const [gamma, beta] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([4, 3, 2, 1])];
    layer.setWeights([...layerOf(model).getWeights(), gamma, beta]);
    const x = data([6, ...SHAPE], 3);
    const wanted = tf.add(tf.mul(tf.div(model.predict(x) as tf.Tensor, Math.sqrt(COMPONENTS)), gamma), beta);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), wanted.dataSync(), 1e-5);
  });

  it.each<[object, string]>([
    [{ standardize: true }, "argument 'standardize' must be false where formula is 'authors', got true"],
    [{ update: "both" }, "argument 'update' must be 'gradient' where formula is 'authors', got 'both'"],
    [{ moments: "batch" }, "argument 'formula' must be 'uan' where moments is 'batch', got 'authors'"],
  ])("refuses %j", (args, message) => {
    expect(() => unsupervisedAdaptiveNormalization({ formula: "authors", ...args })).toThrow(message);
  });
});

describe("the authors' layer, loaded", () => {
  beforeAll(() => useBackend("wasm"));

  it("is saved as the library's layer, with its formula", async () => {
    const model = await load(convertedModel("h5", SHAPE, [ucbNorm()]));
    const again = await reloaded(model);
    expect(layerOf(again).getClassName()).toBe("UnsupervisedAdaptiveNormalization");
    expect(layerOf(again).formula).toBe("ucb");
    const x = data([6, ...SHAPE], 3);
    expectClose(predict(again, x), predict(model, x), 0);
  });

  it("continues training from its weights", async () => {
    const model = await load(convertedModel("h5", SHAPE, [ucbNorm()]));
    const { flatten, dense } = tfl.layers;
    const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
    const longer = tfl.sequential({ layers: [...model.layers, flatten(), dense({ units: 1, kernelInitializer })] });
    const x = data([64, ...SHAPE], 2);
    const before = layerOf(model)
      .getWeights()
      .map((weight) => Array.from(weight.dataSync()));
    const loss = await train(longer, x, tf.reshape(tf.sum(x, [1, 2, 3]), [64, 1]), 10);
    expect(loss.at(-1)).toBeLessThan(loss[0] as number);
    const [mean, variance, prior] = layerOf(model)
      .getWeights()
      .map((weight) => Array.from(weight.dataSync()));
    expect(mean).not.toEqual(before[0]);
    expectClose(mean as number[], before[0] as number[], 0.3);
    expect(variance).not.toEqual(before[1]);
    expect(prior).toEqual(before[2]);
  });

  it("has the same initial weights as in Python if the file has none", async () => {
    const { weightData, weightSpecs, ...topology } = convertedModel("h5", SHAPE, [ucbNorm()]);
    expect(layerOf(await load(topology)).initializer).toBe("random");
  });
});

describe.each(DIALECT_NAMES)("normalizations of Keras and TensorFlow Addons, from a .%s file", (dialect) => {
  beforeAll(() => useBackend("wasm"));

  const config = { name: "norm", axis: -1, epsilon: 1e-5, center: true, scale: true };
  const keras = {
    beta_initializer: { module: "keras.initializers", class_name: "Zeros", config: {}, registered_name: null },
    gamma_initializer: { module: "keras.initializers", class_name: "Ones", config: {}, registered_name: null },
    beta_regularizer: null,
    gamma_regularizer: null,
    beta_constraint: null,
    gamma_constraint: null,
  };

  it.each<[string, object, number]>([
    ["GroupNormalization", { groups: 2 }, 2],
    ["GroupNormalization", { groups: -1, axis: [3] }, CHANNELS],
    ["Addons>GroupNormalization", { groups: 2 }, 2],
    ["Addons>InstanceNormalization", { groups: -1 }, CHANNELS],
    ["InstanceNormalization", {}, CHANNELS],
  ])("%s %j", async (className, more, groups) => {
    const layer: PythonLayer = { className, config: { ...config, ...keras, ...more }, weights: affine };
    const x = data([6, ...SHAPE], 3, 1);
    const model = await load(convertedModel(dialect, SHAPE, [layer]));
    const sizes = { slices: 6, outer: 10, channels: CHANNELS, inner: 1, groups };
    const { y } = normalizeSets({
      ...sizes,
      epsilon: 1e-5,
      x: x.dataSync(),
      gamma: affine.gamma.values,
      beta: affine.beta.values,
    });
    expectClose(predict(model, x), y, 5e-5);
  });

  it("batch normalization with a list as axis is computed by this package", async () => {
    const moving = {
      moving_mean: { shape: [CHANNELS], values: normal(generator(1), CHANNELS) },
      moving_variance: { shape: [CHANNELS], values: uniform(generator(2), CHANNELS, 0.5, 2) },
    };
    const batch = { ...config, ...keras, axis: [3], momentum: 0.99 };
    const layer: PythonLayer = { className: "BatchNormalization", config: batch, weights: { ...affine, ...moving } };
    const model = await load(convertedModel(dialect, SHAPE, [layer]));
    const x = data([6, ...SHAPE], 3, 1);
    const expected = predict(model, x);
    expect(useFusedNormalization(model)).toBe(1);
    expectClose(predict(model, x), expected, 1e-5);
  });
});
