import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { type UnsupervisedAdaptiveNormalization, useFusedNormalization } from "../../src/layers.js";
import { normalize } from "../../src/reference/mixture.js";
import { normalizeSets } from "../../src/reference/normalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
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

const load = (artifacts: tf.io.ModelArtifacts) => tfl.loadLayersModel(tf.io.fromMemory(artifacts));
const layerOf = (model: tfl.LayersModel) => model.layers.at(-1) as UnsupervisedAdaptiveNormalization;

describe.each(DIALECT_NAMES)("the authors' layer, from a .%s file", (dialect) => {
  describe.each(BACKENDS)("on '%s'", (backend) => {
    beforeAll(() => useBackend(backend));

    it.each([
      "UCBNorm",
      "Custom>UCBNorm",
      "UnsupervisedAdaptiveNormalization",
      "Custom>UnsupervisedAdaptiveNormalization",
    ])("%s computes the same as in Python", async (className) => {
      const model = await load(convertedModel(dialect, SHAPE, [ucbNorm({}, className)]));
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
