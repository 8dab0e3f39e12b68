import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { unsupervisedAdaptiveNormalization as layerWith, type UnsupervisedAdaptiveNormalizationArgs } from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { training } from "../helpers/layers.js";
import { data, networkWith, reloaded, saved, valuesOf } from "../helpers/models.js";

type Layer = tfl.layers.Layer;

/** A layer by the paper's formula, where arguments do not say otherwise. */
const unsupervisedAdaptiveNormalization = (args: UnsupervisedAdaptiveNormalizationArgs = {}) =>
  layerWith({ standardize: false, ...args });

/** 24 activations per channel. */
const batch = (i: number) => data([24, 3], 2, 10 * i, i);
const values = (layer: Layer) => valuesOf(layer).slice(0, 3);
/** Weights that a user could have, of the layer's shapes. */
const others = (layer: Layer) => layer.getWeights().map(({ shape }, i) => tf.add(data(shape, 0.1, 1, i), 0));

/** A layer that gathers, and has seen one batch. */
function gathering(args: UnsupervisedAdaptiveNormalizationArgs = {}): Layer {
  const layer = unsupervisedAdaptiveNormalization(args);
  training(layer, batch(1));
  return layer;
}

/** Whether the next batch sets the weights. */
function gathersOn(layer: Layer, x = batch(2)): boolean {
  const before = values(layer);
  training(layer, x);
  return values(layer).some((weight, i) => weight.some((value, j) => value !== before[i]?.[j]));
}

/** A step of an optimizer. */
function step(layer: Layer, x: tf.Tensor, optimizer: tf.Optimizer = tf.train.sgd(0.01)): void {
  const variables = layer.getWeights(true) as tf.Variable[];
  optimizer.minimize(() => tf.sum(tf.square(tf.add(training(layer, x), 1))) as tf.Scalar, false, variables);
}

const OUTSIDE: [string, (layer: Layer, weights: tf.Tensor[]) => void | Promise<void>][] = [
  ["setWeights", (layer, weights) => layer.setWeights(weights)],
  ["LayerVariable.write", (layer, weights) => void layer.weights.map((weight, i) => weight.write(weights[i] as tf.Tensor))],
  [
    "tf.Variable.assign",
    (layer, weights) => {
      for (const [i, weight] of layer.getWeights().entries()) (weight as tf.Variable).assign(weights[i] as tf.Tensor);
    },
  ],
  [
    "a model's loadWeights",
    (layer, weights) => {
      const input = tfl.input({ shape: [3] });
      const model = tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor });
      model.loadWeights(Object.fromEntries(layer.weights.map(({ originalName }, i) => [originalName, weights[i] as tf.Tensor])));
    },
  ],
  [
    "a model's setWeights",
    (layer, weights) => {
      const input = tfl.input({ shape: [3] });
      tfl.model({ inputs: input, outputs: layer.apply(input) as tfl.SymbolicTensor }).setWeights(weights);
    },
  ],
];

describe.each(BACKENDS)("while 'data' gathers on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(OUTSIDE)("weights set from outside stay, and end it: %s", async (_, set) => {
    for (const update of ["gradient", "momentum"] as const) {
      const layer = gathering({ update });
      const weights = others(layer);
      await set(layer, weights);
      const expected = weights.map((weight) => Array.from(weight.dataSync()));
      expect(values(layer)).toEqual(expected);
      training(layer, batch(2));
      if (update === "gradient") expect(values(layer)).toEqual(expected);
      else expectClose(values(layer)[0] as number[], expected[0] as number[], 3);
    }
  });

  it("an optimizer's steps do not end it", () => {
    for (const optimizer of [tf.train.sgd(0.01), tf.train.adam(0.01), tf.train.momentum(0.01, 0.9)]) {
      const [layer, other] = [gathering(), gathering()];
      for (let i = 2; i < 6; i++) step(layer, batch(i), optimizer);
      for (let i = 2; i < 6; i++) training(other, batch(i));
      expect(gathersOn(layer)).toBe(true);
      training(other, batch(2));
      expectClose(values(layer).flat(), values(other).flat(), 1e-5);
    }
  });
});

describe("while 'data' gathers", () => {
  beforeAll(() => useBackend("wasm"));

  it.each(OUTSIDE)("%s ends it after steps of an optimizer, too", async (_, set) => {
    const layer = gathering();
    step(layer, batch(3));
    await set(layer, others(layer));
    expect(gathersOn(layer)).toBe(false);
  });

  it("setWeights ends it after a gradient that no optimizer took", () => {
    const layer = gathering();
    tf.variableGrads(() => tf.sum(training(layer, batch(3))) as tf.Scalar, layer.getWeights(true) as tf.Variable[]);
    layer.setWeights(others(layer));
    expect(gathersOn(layer)).toBe(false);
  });

  it("writes of its own, a call in inference, reading and saving do not end it", async () => {
    for (const update of ["gradient", "momentum", "both"] as const) {
      const layer = unsupervisedAdaptiveNormalization({ update });
      const model = networkWith(layer);
      model.apply(data([4, 4, 4, 3]), { training: true });
      layer.apply(data([4, 4, 4, 6]));
      layer.getWeights();
      await saved(model);
      const before = values(layer);
      training(layer, data([4, 4, 4, 6], 3, 50));
      expect(Math.abs((values(layer)[0]?.[6] as number) - (before[0]?.[6] as number))).toBeGreaterThan(10);
    }
  });

  it("a model that is saved keeps the start that it has so far, and goes on from there", async () => {
    const layer = unsupervisedAdaptiveNormalization();
    const model = networkWith(layer);
    training(layer, data([4, 4, 4, 6], 1, 7));
    const loaded = (await reloaded(model)).layers[1] as Layer;
    expect(values(loaded)).toEqual(values(layer));
    const x = data([4, 4, 4, 6], 1, 50);
    expect(gathersOn(loaded, x)).toBe(false);
    expect(gathersOn(layer, x)).toBe(true);
  });

  it("reads nothing back from the device", () => {
    const layer = unsupervisedAdaptiveNormalization({ update: "both" });
    const x = batch(1);
    training(layer, x);
    const backend = tf.backend();
    const reads = [vi.spyOn(backend, "read"), vi.spyOn(backend, "readSync")];
    step(layer, x);
    layer.setWeights(others(layer));
    training(layer, x);
    for (const read of reads) {
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
    }
  });

  it("leaves weights as tf.layers has them when it ends, and no tensor behind", () => {
    const x = batch(1);
    const weights = others(gathering());
    const before = tf.memory().numTensors;
    const layer = unsupervisedAdaptiveNormalization();
    tf.dispose(training(layer, x));
    layer.setWeights(weights);
    tf.dispose(training(layer, x));
    expect(tf.memory().numTensors).toBe(before + 3);
    for (const weight of layer.weights) {
      expect(Object.hasOwn(weight, "write")).toBe(false);
      expect(Object.hasOwn(weight.read(), "assign")).toBe(false);
    }
    layer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
