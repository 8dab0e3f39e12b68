import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type ChannelNormalization,
  type ChannelNormalizationArgs,
  groupNormalization,
  instanceNormalization,
  mixtureNormalization,
  unsupervisedAdaptiveNormalization,
} from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import {
  built,
  data,
  namesAndShapes,
  networkWith,
  predict,
  reloaded,
  train,
  trainingGradients,
  valuesOf,
} from "../helpers/models.js";

type Factory = (args?: ChannelNormalizationArgs) => ChannelNormalization;

/** Every layer with a channel axis. */
const MEMBERS: [string, Factory][] = [
  ["GroupNormalization", (args) => groupNormalization({ groups: 2, ...args })],
  ["InstanceNormalization", instanceNormalization],
  ["MixtureNormalization", (args) => mixtureNormalization({ seed: 1, ...args })],
  ["UnsupervisedAdaptiveNormalization", unsupervisedAdaptiveNormalization],
];

/** TensorFlow.js adds customObjects to configurations that it reads. */
const config = (layer: tfl.layers.Layer) =>
  JSON.stringify(layer.getConfig(), (key, value) => (key === "customObjects" ? undefined : (value ?? null)));

/** The name that a layer is saved under. */
const savedAs = (name: string) => (name === "InstanceNormalization" ? "GroupNormalization" : name);

describe.each(MEMBERS)("%s", (name, make) => {
  beforeAll(() => useBackend("wasm"));

  it("has its class name, and keeps its configuration", () => {
    const args = { name: "n", axis: 2, epsilon: 0.5, center: true, scale: false, betaConstraint: "nonNeg" as const };
    const layer = make(args);
    expect(layer.getClassName()).toBe(savedAs(name));
    expect(layer.getConfig()).toMatchObject({ name: "n", axis: 2, epsilon: 0.5, center: true, scale: false });
    expect(layer.getConfig().betaConstraint).toMatchObject({ className: "NonNeg" });
    const Class = layer.constructor as unknown as typeof ChannelNormalization;
    expect(config(Class.fromConfig(Class as never, layer.getConfig()))).toBe(config(layer));
  });

  it("has gamma and beta [C] with the initial values of its configuration", () => {
    const affine = (args: ChannelNormalizationArgs) => {
      const layer = built(make(args), [7, 6, 3]);
      return namesAndShapes(layer).filter(([name]) => name === "gamma" || name === "beta");
    };
    expect(affine({ axis: 2, center: true, scale: true })).toEqual([
      ["gamma", [6]],
      ["beta", [6]],
    ]);
    expect(affine({ axis: -2, center: true, scale: false })).toEqual([["beta", [6]]]);
    expect(affine({ axis: 2, center: false, scale: true })).toEqual([["gamma", [6]]]);
    const layer = built(
      make({ axis: 2, center: true, scale: true, gammaInitializer: "zeros", betaInitializer: "ones" }),
      [7, 6, 3],
    );
    const y = layer.apply(data([2, 7, 6, 3])) as tf.Tensor;
    expect(y.dataSync().every((value) => value === 1)).toBe(true);
  });

  it("regularizes and constrains gamma and beta", () => {
    const args = { center: true, scale: true, gammaRegularizer: "l1l2" as const, betaConstraint: "nonNeg" as const };
    const layer = built(make(args), [6]);
    expect((layer.calculateLosses()[0] as tf.Tensor).dataSync()[0]).toBeCloseTo(6 * 0.02, 5);
    const beta = layer.getWeights().findIndex((_, i) => namesAndShapes(layer)[i]?.[0] === "beta");
    layer.setWeights(layer.getWeights().map((weight, i) => (i === beta ? tf.range(-3, 3) : weight)));
    expect(valuesOf(layer)[beta]).toEqual([0, 0, 0, 0, 1, 2]);
  });

  it("trains, and does not change when it is saved and loaded", async () => {
    const model = networkWith(make({ center: true, scale: true }));
    const x = data([64, 4, 4, 3], 2, 1);
    const loss = await train(model, x, tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [64, 1]), 10);
    expect(loss.at(-1)).toBeLessThan(loss[0] as number);
    const loaded = await reloaded(model);
    expect(loaded.layers[1]?.getClassName()).toBe(savedAs(name));
    expect(config(loaded.layers[1] as tfl.layers.Layer)).toBe(config(model.layers[1] as tfl.layers.Layer));
    expectClose(predict(loaded, x), predict(model, x), 1e-5);
  });

  it("has finite gradients of x, gamma and beta for every axis", () => {
    for (const axis of [1, 3]) {
      const layer = built(make({ axis, center: true, scale: true }), [4, 5, 6]);
      const gradients = trainingGradients(layer, data([3, 4, 5, 6]));
      for (const name of ["x", "gamma", "beta"]) {
        expect(gradients[name]?.every(Number.isFinite)).toBe(true);
        expect(gradients[name]?.some((value) => value !== 0)).toBe(true);
      }
    }
  });

  it("passes masks on", () => {
    const layer = built(make(), [5, 4]);
    const mask = tf.ones([2, 5], "bool");
    expect(layer.computeMask(data([2, 5, 4]), mask)).toBe(mask);
    const input = tfl.input({ shape: [5, 4] });
    const masked = tfl.layers.masking().apply(input);
    const output = tfl.layers
      .lstm({ units: 2, recurrentInitializer: "glorotUniform" })
      .apply(make().apply(masked)) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: output });
    expect(predict(model, data([2, 5, 4])).every(Number.isFinite)).toBe(true);
  });

  it("works in tf.layers.timeDistributed, and for a list of one tensor", () => {
    const input = tfl.input({ shape: [3, 5, 4] });
    const output = tfl.layers.timeDistributed({ layer: make() }).apply(input) as tfl.SymbolicTensor;
    expect(output.shape).toEqual([null, 3, 5, 4]);
    const x = data([2, 3, 5, 4]);
    expect(predict(tfl.model({ inputs: input, outputs: output }), x)).toHaveLength(x.size);
    const layer = built(make(), [5, 4]);
    const one = data([2, 5, 4]);
    expectClose((layer.call([one], {}) as tf.Tensor).dataSync(), (layer.call(one, {}) as tf.Tensor).dataSync(), 0);
    expect(layer.computeOutputShape([[null, 5, 4]])).toEqual([null, 5, 4]);
  });

  it("reads axis, dtype and other keys of configurations from Python", () => {
    const Class = make().constructor as unknown as typeof ChannelNormalization;
    const dtype = { module: "keras", className: "DTypePolicy", config: { name: "float32" }, registeredName: null };
    const more = { axis: [3], dtype, batchInputShape: [null, 2, 2, 6], virtualBatchSize: null, synchronized: false };
    const layer = Class.fromConfig(Class as never, { ...make().getConfig(), ...more }) as ChannelNormalization;
    expect(layer.axis).toBe(3);
    expect(layer.dtype).toBe("float32");
  });

  it("leaves no tensor behind", () => {
    const x = data([300, 4]);
    const before = tf.memory().numTensors;
    const layer = make({ center: true, scale: true });
    tf.dispose(layer.apply(x) as tf.Tensor);
    const built = tf.memory().numTensors;
    tf.dispose(layer.apply(x, { training: true }) as tf.Tensor);
    tf.dispose(layer.apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(built);
    layer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[ChannelNormalizationArgs, string]>([
    [{ axis: 1.5 }, "argument 'axis' must be an integer, got 1.5"],
    [{ epsilon: -1 }, "argument 'epsilon' must be a finite number that is not negative, got -1"],
    [{ epsilon: Number.NaN }, "argument 'epsilon' must be a finite number that is not negative, got NaN"],
  ])("refuses %j", (args, message) => {
    expect(() => make(args)).toThrow(`${name}: ${message}`);
  });

  it.each<[number, (number | null)[], string]>([
    [4, [3, 2], "argument 'axis' must be an integer from -3 to 2, got 4"],
    [0, [3], "argument 'axis' must be an axis of known size that is not the batch's, got 0 of [,3]"],
    [1, [null, 3], "argument 'axis' must be an axis of known size that is not the batch's, got 1 of [,,3]"],
  ])("refuses axis %i of an input [null, %s]", (axis, shape, message) => {
    expect(() => built(make({ axis, name: "n" }), shape)).toThrow(`n: ${message}`);
  });
});
