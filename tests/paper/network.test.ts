import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import "tfjs-uan";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { METHODS, type MethodName } from "../../paper/methods.js";
import { buildNetwork, kernelLayers, type NetworkConfig } from "../../paper/network.js";
import { MEMORY, PRIOR_MASS } from "../../paper/presets.js";
import { useBackend } from "../helpers/backends.js";

const SHAPE = { height: 8, width: 8, channels: 3 };
const CLASSES = 7;
const STEPS = 100;
const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

beforeAll(() => useBackend("wasm"));

function build(changes: Partial<NetworkConfig> = {}): tfl.Sequential {
  const config = {
    network: "cnn",
    method: "bn",
    components: 3,
    momentum: 0.9,
    priorMass: 4,
    memory: 64,
    normalizes: "second",
    width: 0.0625,
    seed: 1,
  } as const;
  return buildNetwork({ ...config, ...changes }, SHAPE, CLASSES, STEPS);
}

const classes = (network: tfl.Sequential) => network.layers.map((layer) => layer.getClassName());
const filters = (network: tfl.Sequential) =>
  kernelLayers(network).map((layer) => layer.getConfig().filters ?? layer.getConfig().units);
const kernels = (network: tfl.Sequential) =>
  kernelLayers(network).map((layer) => [...(layer.getWeights()[0] as tf.Tensor).dataSync()]);

/** The classes of the layers between each layer with a kernel and its activation. */
function normalizations(network: tfl.Sequential): string[][] {
  const names = classes(network);
  const starts = names.flatMap((name, i) => (name === "Conv2D" || name === "Dense" ? [i] : [])).slice(0, -1);
  return starts.map((start) => names.slice(start + 1, names.indexOf("ReLU", start)));
}

const NORMALIZES: Record<MethodName, string | undefined> = {
  none: undefined,
  bn: "BatchNormalization",
  "bn-prior": "BatchNormalizationWithPrior",
  brn: "BatchNormalization",
  ln: "LayerNormalization",
  gn: "GroupNormalization",
  mn: "MixtureNormalization",
  "uan-random": "UnsupervisedAdaptiveNormalization",
  "uan-data": "UnsupervisedAdaptiveNormalization",
  "uan-standardize-1": "UnsupervisedAdaptiveNormalization",
  "uan-standardize": "UnsupervisedAdaptiveNormalization",
  "uan-standardize-scaled": "UnsupervisedAdaptiveNormalization",
  "uan-moments-1": "UnsupervisedAdaptiveNormalization",
  "uan-moments": "UnsupervisedAdaptiveNormalization",
};

it("is the paper's shallow CNN: four convolutions, each with an activation and pooling, and a dense layer", () => {
  const stage = ["Conv2D", "ReLU", "MaxPooling2D"];
  const network = build({ method: "none", normalizes: "all", width: 1 });
  expect(classes(network)).toEqual(["InputLayer", ...stage, ...stage, ...stage, ...stage, "Flatten", "Dense"]);
  expect(filters(network)).toEqual([64, 128, 128, 256, 7]);
  expect(network.outputShape).toEqual([null, 7]);
  expect(kernelLayers(network).map((layer) => layer.getWeights()[0]?.shape)).toEqual([
    [5, 5, 3, 64],
    [5, 5, 64, 128],
    [5, 5, 128, 128],
    [5, 5, 128, 256],
    [256, 7], // 8 x 8 halved four times
  ]);
  expect(filters(build({ width: 0.0625 }))).toEqual([4, 8, 8, 16, 7]);
  network.dispose();
});

it("is a perceptron with two hidden layers, both normalized by the method", () => {
  const network = build({ network: "mlp", method: "ln", width: 1 });
  const stage = ["Dense", "LayerNormalization", "ReLU"];
  expect(classes(network)).toEqual(["InputLayer", "Flatten", ...stage, ...stage, "Dense"]);
  expect(filters(network)).toEqual([128, 64, 7]);
});

it("ends in logits, without softmax", () => {
  const network = build({ normalizes: "all" });
  const sums = tf.tidy(() => tf.sum(network.apply(tf.randomNormal([5, 8, 8, 3], 0, 1, "float32", 1)) as tf.Tensor, 1).dataSync());
  expect(sums.some((sum) => Math.abs(sum - 1) > 0.1)).toBe(true);
});

describe.each(METHOD_NAMES)("%s", (method) => {
  const own = NORMALIZES[method] === undefined ? [] : [NORMALIZES[method]];
  const bn = ["BatchNormalization"];

  it("normalizes after the second convolution, with batch normalization after the others", () => {
    expect(normalizations(build({ method }))).toEqual([bn, own, bn, bn]);
  });

  it("normalizes everywhere", () => {
    expect(normalizations(build({ method, normalizes: "all" }))).toEqual([own, own, own, own]);
    expect(normalizations(build({ method, normalizes: "all", network: "mlp" }))).toEqual([own, own]);
  });

  it("starts from the same kernels as other methods, which depend on the seed", () => {
    for (const normalizes of ["second", "all"] as const) {
      expect(kernels(build({ method, normalizes, seed: 3 }))).toEqual(kernels(build({ method: "none", seed: 3 })));
      expect(kernels(build({ method, normalizes, seed: 4 }))).not.toEqual(kernels(build({ method: "none", seed: 3 })));
    }
    for (const [one, another] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      const made = kernels(build({ method }));
      expect(made[one]?.slice(0, 10)).not.toEqual(made[another]?.slice(0, 10));
    }
  });

  it("starts from the same weights each time", () => {
    const weights = (network: tfl.Sequential) => network.getWeights().map((weight) => [...weight.dataSync()]);
    expect(weights(build({ method, normalizes: "all", seed: 3 }))).toEqual(
      weights(build({ method, normalizes: "all", seed: 3 })),
    );
  });

  it("trains on two images", () => {
    for (const network of ["cnn", "mlp"] as const) {
      const made = build({ method, normalizes: "all", network });
      const values = tf.tidy(() => {
        const x = tf.randomNormal([2, 8, 8, 3], 0, 1, "float32", 1);
        const loss = () => tf.mean(tf.square(made.apply(x, { training: true }) as tf.Tensor)) as tf.Scalar;
        const { value, grads } = tf.variableGrads(
          loss,
          made.trainableWeights.map((weight) => weight.read() as tf.Variable),
        );
        return [...value.dataSync(), ...Object.values(grads).flatMap((gradient) => [...gradient.dataSync()])];
      });
      expect(values.every(Number.isFinite)).toBe(true);
      // The last normalization has two rows. MN makes each of them a component, so that they become 0.
      expect(values.some((value) => value !== 0)).toBe(method !== "mn");
    }
  });
});

it("GN has groups of four channels, MN and UAN have the components of the configuration", () => {
  const configs = (changes: Partial<NetworkConfig>) =>
    build({ normalizes: "all", ...changes })
      .layers.filter((layer) => layer.getClassName() === NORMALIZES[changes.method ?? "bn"])
      .map((layer) => layer.getConfig());
  expect(configs({ method: "gn" }).map(({ groups }) => groups)).toEqual([1, 2, 2, 4]);
  expect(configs({ method: "gn", width: 1 }).map(({ groups }) => groups)).toEqual([16, 32, 32, 64]);
  for (const components of [1, 5]) {
    for (const method of METHOD_NAMES.filter((name) => name === "mn" || name.startsWith("uan"))) {
      const all = configs({ method, components });
      expect(all.map(({ numComponents }) => numComponents)).toEqual([components, components, components, components]);
    }
  }
});

const SHRUNK = { priorMass: 4, memory: 64 };

it.each<[MethodName, object]>([
  ["uan-random", { initializer: "random", standardize: false, moments: "learned", center: false, scale: false, momentum: 0.9 }],
  ["uan-data", { initializer: "data", standardize: false, moments: "learned", center: false, scale: false, momentum: 0.9 }],
  ["uan-standardize-1", { ...SHRUNK, standardize: true, moments: "learned", center: false, scale: false, outputScale: "none" }],
  ["uan-standardize", { ...SHRUNK, standardize: true, moments: "learned", center: false, scale: false, outputScale: "none" }],
  ["uan-standardize-scaled", { ...SHRUNK, standardize: true, center: false, scale: false, outputScale: "components" }],
  ["uan-moments-1", { ...SHRUNK, standardize: false, moments: "batch", componentWeights: "equal", center: true, scale: true }],
  ["uan-moments", { ...SHRUNK, standardize: false, moments: "batch", componentWeights: "equal", center: true, scale: true }],
  ["bn-prior", { ...SHRUNK, center: true, scale: true }],
])("%s is %o", (method, wanted) => {
  const [layer] = build({ method }).layers.filter((layer) => layer.getClassName() === NORMALIZES[method]);
  expect(layer?.getConfig()).toMatchObject({
    ...wanted,
    ...(method.startsWith("uan") && { formula: "uan", update: "gradient" }),
  });
});

it("the prior mass and the memory are the library's defaults", () => {
  for (const options of [{ standardize: true }, { moments: "batch" }] as const) {
    const { priorMass, memory } = unsupervisedAdaptiveNormalization(options).getConfig();
    expect({ priorMass, memory }).toEqual({ priorMass: PRIOR_MASS, memory: MEMORY });
  }
});

it("BN and MN have the same momentum", () => {
  for (const method of ["bn", "mn"] as const) {
    const [layer] = build({ method, normalizes: "all" }).layers.filter((layer) => layer.getClassName() === NORMALIZES[method]);
    expect(layer?.getConfig().momentum).toBe(0.9);
  }
});
