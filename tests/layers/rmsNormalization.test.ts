import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { type RMSNormalizationArgs, rmsNormalization } from "../../src/layers.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { built, data, namesAndShapes, networkWith, predict, reloaded, train, trainingGradients } from "../helpers/models.js";

const CASES: [RMSNormalizationArgs, number[], number][] = [
  [{}, [40, 5], 5],
  [{ epsilon: 0.1 }, [4, 6, 6, 5], 5],
  [{ axis: [1, 2, 3] }, [4, 6, 3, 5], 90],
  [{ axis: [-1, -2] }, [4, 6, 3, 5], 15],
];

describe.each(["wasm", "cpu"])("rmsNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)("%j of %j: the formula's values and gradients", (args, shape, channels) => {
    const layer = built(rmsNormalization(args), shape.slice(1));
    const [scale] = layer.getWeights() as [tf.Tensor];
    const gamma = data(scale.shape, 1, 1);
    layer.setWeights([gamma]);
    const x = data(shape, 2, 1);
    const problem = {
      x: x.dataSync(),
      gamma: gamma.dataSync(),
      beta: new Float32Array(channels),
      slices: x.size / channels,
      outer: 1,
      channels,
      inner: 1,
      groups: 1,
      rms: true,
      epsilon: args.epsilon ?? 1e-6,
    };
    const { y } = normalizeSets(problem);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), y, 5e-5);
    const upstream = data(shape, 1, 0, 9).dataSync();
    const dy = y.map((value, i) => (upstream[i] as number) * (1 - Math.tanh(value) ** 2));
    const expected = normalizeSetsGradients(problem, dy);
    const actual = trainingGradients(layer, x);
    expectCloseToLargest(actual.x as Float32Array, expected.x, 1e-4, "x");
    expectCloseToLargest(actual.scale as Float32Array, expected.gamma, 1e-4, "scale");
  });

  it("trains, is saved with Keras's name and config, and predicts the same when it is loaded", async () => {
    const model = networkWith(rmsNormalization({ epsilon: 1e-5 }));
    const x = data([32, 4, 4, 3]);
    const losses = await train(model, x, data([32, 1], 1, 0, 2));
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    const again = await reloaded(model);
    expectClose(predict(again, x), predict(model, x), 1e-6);
    const layer = again.layers.find((one) => one.getClassName() === "RMSNormalization") as tfl.layers.Layer;
    expect(layer.getConfig()).toMatchObject({ axis: -1, epsilon: 1e-5 });
  });
});

describe("rmsNormalization", () => {
  it("has Keras's weight, of the shape of its axes", () => {
    expect(namesAndShapes(built(rmsNormalization({ axis: [1, 2] }), [3, 4]))).toEqual([["scale", [3, 4]]]);
  });

  it("reads a configuration of Keras 3, with its dtype policy", () => {
    const dtype = { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null };
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const [cls, fromConfig] = classNameMap.RMSNormalization as (typeof classNameMap)[string];
    const layer = fromConfig(cls, { name: "rms", trainable: true, dtype, axis: -1, epsilon: 1e-6 } as never);
    expect((layer as tfl.layers.Layer).name).toBe("rms");
  });

  it("refuses a bad epsilon and axes that are not there", () => {
    expect(() => rmsNormalization({ epsilon: -1 })).toThrow("RMSNormalization: argument 'epsilon' must be a finite number");
    expect(() => built(rmsNormalization({ axis: 3 }), [3])).toThrow("argument 'axis' must be an integer from -2 to 1, got 3");
    expect(() => built(rmsNormalization({ axis: 1, name: "rms" }), [null])).toThrow(
      "rms: argument 'axis' must be an axis of known size",
    );
  });
});
