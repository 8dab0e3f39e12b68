import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { groupNormalization as groupOp, layerNormalization as layerOp } from "../../src/index.js";
import * as layers from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { EVERY } from "../helpers/layers.js";
import { data, predict, trainingGradients } from "../helpers/models.js";

type Factory = (args: object) => tfl.layers.Layer;

const MAKING = Object.entries(layers).filter(([name]) => /^(?!use)([a-z]\w*N|n)ormalization$/.test(name)) as [string, Factory][];

/** Those that hold a layer hold the same, whatever else they are asked for. */
const FACTORIES = MAKING.map(([name, make]): [string, Factory] => {
  if (!/^(spectral|weight)/.test(name)) return [name, make];
  return [name, (args) => make({ ...args, layer: tfl.layers.dense({ units: 8, name: "dense" }) })];
});

describe("a layer", () => {
  beforeAll(() => useBackend("wasm"));

  it.each(Object.entries(EVERY))("%s: may be called without further arguments", (_, make) => {
    const layer = make();
    const x = tf.ones([2, 6]);
    const y = (layer.apply(x) as tf.Tensor).dataSync();
    const call = layer.call.bind(layer) as (...args: unknown[]) => tf.Tensor;
    for (const kwargs of [[], [undefined], [null], [{}], [{ training: undefined }], [{ training: null }]]) {
      expect(call(x, ...kwargs).dataSync()).toEqual(y);
      expect(call([x], ...kwargs).dataSync()).toEqual(y);
    }
  });

  it.each(FACTORIES)("%s: takes null for an argument that is not given", (name, make) => {
    const config = (args: object) => make({ ...args, name: "n" }).getConfig();
    // Without `memory`, which is null where there is a fixed momentum.
    // And but the axis of normalization, which is none then.
    const keys = Object.keys(config({})).filter((key) => key !== "memory" && !(key === "axis" && name === "normalization"));
    const nothing = Object.fromEntries(keys.map((key) => [key, null]));
    const show = (value: unknown) => JSON.stringify(value, (_, entry) => entry ?? null);
    expect(show(config(nothing))).toBe(show(config({})));
  });

  it.each(FACTORIES.filter(([name]) => !/^(batch|layer)/.test(name)))("%s: has a name of its own in a summary", (name, make) => {
    const shape = name.startsWith("filter") ? [1, 1, 8] : [8];
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const make8 = () => make({ groups: 2 });
    const body = [tfl.layers.inputLayer({ inputShape: shape }), ...Array.from({ length: 12 }, make8)];
    tfl.sequential({ layers: body }).summary(undefined, undefined, print);
    const input = tfl.input({ shape });
    const branches = Array.from({ length: 3 }, () => make8().apply(input) as tfl.SymbolicTensor);
    tfl
      .model({ inputs: input, outputs: tfl.layers.add().apply(branches) as tfl.SymbolicTensor })
      .summary(undefined, undefined, print);
    const named = lines
      .filter((line) => /^(uan|filter_response|((group|instance|mixture|rms|spectral|unit|weight)_)?normalization)_/.test(line))
      .map((line) => line.slice(0, 26));
    expect(named).toHaveLength(15);
    expect(new Set(named).size).toBe(15);
  });

  it("has the name that it is given, and its weights' names begin with it", () => {
    const layer = layers.unsupervisedAdaptiveNormalization({ name: "mine" });
    layer.apply(tfl.input({ shape: [3] }));
    expect(layer.name).toBe("mine");
    const names = ["mean", "variance", "prior", "moving_mean", "moving_variance", "seen"];
    expect(layer.weights.map(({ originalName }) => originalName)).toEqual(names.map((name) => `mine/${name}`));
    expect(layers.unsupervisedAdaptiveNormalization().name).toMatch(/^uan_\d+$/);
    expect(layers.groupNormalization().name).toMatch(/^group_normalization_\d+$/);
  });
});

describe.each(BACKENDS)("on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it("layer normalization without axes gives beta, with the gradients of that", () => {
    const x = data([3, 4]);
    expectClose(layerOp(x, { axis: [] }).dataSync(), Array(12).fill(0), 1e-5);
    expectClose(layerOp(x, { axis: [], gamma: 3, beta: 2 }).dataSync(), Array(12).fill(2), 1e-5);
    const layer = layers.layerNormalization({ axis: [], betaInitializer: "ones" });
    const input = tfl.input({ shape: [4] });
    const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor });
    expectClose(predict(model, x), Array(12).fill(1), 1e-5);
    expect(layer.getWeights().map(({ shape }) => shape)).toEqual([[], []]);
    const gradients = trainingGradients(layer, x);
    expectClose(gradients.x as Float32Array, Array(12).fill(0), 1e-5);
    expectClose(gradients.gamma as Float32Array, [0], 1e-5);
    const dy = tf.mul(data([3, 4], 1, 0, 9), 1 - Math.tanh(1) ** 2);
    expectClose(gradients.beta as Float32Array, tf.sum(dy).dataSync(), 1e-5);
  });

  it("group normalization takes null for 32 groups", () => {
    const x = data([2, 3, 64]);
    const y = groupOp(x, { groups: null }).dataSync();
    expect(y).toEqual(groupOp(x).dataSync());
    expect((layers.groupNormalization({ groups: null as never }).apply(x) as tf.Tensor).dataSync()).toEqual(y);
  });
});
