import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { type LayerNormalizationArgs, layerNormalization } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { built, data, namesAndShapes, networkWith, predict, reloaded, train, trainingGradients } from "../helpers/models.js";

/** The layer and TensorFlow.js's layer with the same weights. TensorFlow.js's has gradients only with gamma and beta. */
function twins(args: LayerNormalizationArgs, shape: number[]) {
  // build changes the list of axes.
  const copy = { ...args, axis: structuredClone(args.axis) };
  const layer = built(layerNormalization(args), shape);
  const theirs = built(tfl.layers.layerNormalization({ ...copy, center: true, scale: true }), shape);
  layer.setWeights(layer.getWeights().map(({ shape }, i) => data(shape, 1, 1, i)));
  const names = namesAndShapes(layer).map(([name]) => name);
  const ours = (name: string) => (names.includes(name) ? layer.getWeights()[names.indexOf(name)] : undefined);
  const [gamma, beta] = theirs.getWeights() as [tf.Tensor, tf.Tensor];
  theirs.setWeights([ours("gamma") ?? gamma, ours("beta") ?? beta]);
  return { layer, theirs };
}

const CASES: [LayerNormalizationArgs, number[]][] = [
  [{}, [40, 5]],
  [{}, [8, 7, 5]],
  [{ epsilon: 1e-2 }, [4, 6, 6, 5]],
  [{ axis: 1 }, [4, 6, 3, 5]],
  [{ axis: [1, 2, 3] }, [4, 6, 3, 5]],
  [{ axis: [-1, -2] }, [4, 6, 3, 5]],
  [{ axis: [1, 3] }, [4, 6, 3, 5]],
  [{ scale: false }, [8, 7]],
  [{ center: false }, [8, 7]],
];

describe.each(["wasm", "cpu"])("layerNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)("has tf.layers' values and gradients: %j of %j", (args, shape) => {
    const { layer, theirs } = twins(args, shape.slice(1));
    const x = data(shape, 2, 1);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), (theirs.apply(x) as tf.Tensor).dataSync(), 1e-4);
    const expected = trainingGradients(theirs, x);
    for (const [name, values] of Object.entries(trainingGradients(layer, x))) {
      expectCloseToLargest(values, expected[name] as Float32Array, 1e-4, name);
    }
  });
});

describe("layerNormalization", () => {
  beforeAll(() => useBackend("wasm"));

  it("has tf.layers' weights, configuration and class name", () => {
    const args = () => ({ name: "ln", axis: [1, 2], center: false, gammaInitializer: "zeros" as const });
    const layer = built(layerNormalization(args()), [3, 4]);
    const theirs = built(tfl.layers.layerNormalization(args()), [3, 4]);
    expect(namesAndShapes(layer)).toEqual(namesAndShapes(theirs));
    expect(layer.getClassName()).toBe("LayerNormalization");
    expect(layer.getConfig()).toEqual(theirs.getConfig());
    expect(layer.supportsMasking).toBe(true);
  });

  it("trains, and is saved as tf.layers.layerNormalization", async () => {
    const model = networkWith(layerNormalization());
    const x = data([64, 4, 4, 3]);
    const loss = await train(model, x, tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [64, 1]), 8);
    expect(loss.at(-1)).toBeLessThan(loss[0] as number);
    const loaded = await reloaded(model);
    expect(Object.getPrototypeOf(loaded.layers[1])).toBe(Object.getPrototypeOf(tfl.layers.layerNormalization({ name: "n" })));
    expectClose(predict(loaded, x), predict(model, x), 1e-4);
  });

  it("refuses what tf.layers refuses", () => {
    expect(() => layerNormalization({ axis: 1.5 })).toThrow("Expected axis to be an integer");
    expect(() => built(layerNormalization({ axis: [4] }), [3])).toThrow("Invalid axis: 4");
  });

  it("leaves no tensor behind", () => {
    const x = data([8, 3]);
    const layer = layerNormalization();
    tf.dispose(layer.apply(x) as tf.Tensor);
    const held = tf.memory().numTensors;
    tf.dispose(layer.apply(x) as tf.Tensor);
    expect(tf.memory().numTensors).toBe(held);
    layer.dispose();
    expect(tf.memory().numTensors).toBe(held - 2);
  });
});
