import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { type BatchNormalizationArgs, batchNormalization } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import {
  built,
  data,
  namesAndShapes,
  networkWith,
  predict,
  reloaded,
  saved,
  train,
  trainingGradients,
  valuesOf,
} from "../helpers/models.js";

const training = { training: true };

/** The layer and TensorFlow.js's layer with the same weights, none of which has its initial value. */
function twins(args: BatchNormalizationArgs, shape: number[]) {
  const layer = built(batchNormalization(args), shape);
  const theirs = built(tfl.layers.batchNormalization(args), shape);
  const weights = layer.getWeights().map(({ shape }, i) => tf.abs(data(shape, 1, 1, i)));
  layer.setWeights(weights);
  theirs.setWeights(weights);
  return { layer, theirs };
}

/** Moves the channel axis to the end, where TensorFlow.js's layer is correct. */
const toEnd = (x: tf.Tensor, axis: number) => {
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  return tf.transpose(x, [...order, axis]);
};

describe.each(["wasm", "cpu"])("batchNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([[[40, 5]], [[8, 7, 5]], [[4, 6, 6, 5]]])("has tf.layers' values, averages and gradients: %j", (shape) => {
    const { layer, theirs } = twins({ momentum: 0.8, epsilon: 1e-2 }, shape.slice(1));
    const x = data(shape, 2, 1);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), (theirs.apply(x) as tf.Tensor).dataSync(), 1e-5);
    for (let i = 0; i < 3; i++) {
      const batch = data(shape, 2, 1, i);
      const expected = theirs.apply(batch, training) as tf.Tensor;
      expectClose((layer.apply(batch, training) as tf.Tensor).dataSync(), expected.dataSync(), 1e-4);
    }
    valuesOf(theirs).forEach((values, i) => {
      expectClose(valuesOf(layer)[i] as number[], values, 1e-5);
    });
    const gradients = trainingGradients(layer, x);
    const expected = trainingGradients(theirs, x);
    expect(Object.keys(gradients)).toEqual(["x", "gamma", "beta"]);
    for (const [name, values] of Object.entries(expected)) {
      expectCloseToLargest(gradients[name] as Float32Array, values, 1e-4, name);
    }
  });

  it.each([1, 2, -2])("axis %i gives the same as the last axis, transposed", (axis) => {
    const shape = [6, 3, 4, 5];
    const at = axis < 0 ? axis + 4 : axis;
    const { layer } = twins({ axis }, shape.slice(1));
    const last = built(tfl.layers.batchNormalization({}), toEnd(tf.zeros(shape), at).shape.slice(1));
    last.setWeights(layer.getWeights());
    const x = data(shape, 2, 1);
    for (const kwargs of [{}, training]) {
      const y = toEnd(layer.apply(x, kwargs) as tf.Tensor, at);
      const expected = last.apply(toEnd(x, at), kwargs) as tf.Tensor;
      expectClose(y.dataSync(), expected.dataSync(), 1e-4);
    }
    expect(valuesOf(layer).flat()).toHaveLength(4 * (shape[at] as number));
    expectClose(valuesOf(layer).flat(), valuesOf(last).flat(), 1e-5);
  });
});

describe("batchNormalization", () => {
  beforeAll(() => useBackend("wasm"));

  it("has tf.layers' weights, configuration and class name", () => {
    const args: BatchNormalizationArgs = { name: "bn", axis: 1, momentum: 0.5, scale: false, betaRegularizer: "l1l2" };
    const { layer, theirs } = twins(args, [3, 4]);
    expect(layer.getClassName()).toBe("BatchNormalization");
    expect(layer.getConfig()).toEqual(theirs.getConfig());
    expect(namesAndShapes(layer)).toEqual(namesAndShapes(theirs));
    expect(layer.supportsMasking).toBe(true);
  });

  it.each<BatchNormalizationArgs>([
    { scale: false },
    { center: false },
    { center: false, scale: false },
  ])("trains with %j, which tf.layers does not", async (args) => {
    const x = data([64, 4, 4, 3], 2, 1);
    const loss = await train(networkWith(batchNormalization(args)), x, tf.reshape(tf.mean(tf.square(x), [1, 2, 3]), [64, 1]), 8);
    expect(loss.at(-1)).toBeLessThan(loss[0] as number);
  });

  it("normalizes activations of rank 5, which tf.layers does not", () => {
    const layer = batchNormalization({ epsilon: 0 });
    const y = layer.apply(data([4, 2, 3, 2, 5], 3, 2), training) as tf.Tensor;
    const { mean, variance } = tf.moments(y, [0, 1, 2, 3]);
    expectClose(mean.dataSync(), [0, 0, 0, 0, 0], 1e-5);
    expectClose(variance.dataSync(), [1, 1, 1, 1, 1], 1e-5);
  });

  it("is saved as tf.layers.batchNormalization", async () => {
    const model = networkWith(batchNormalization());
    const x = data([32, 4, 4, 3]);
    await train(model, x, data([32, 1]), 2);
    const loaded = await reloaded(model);
    expect(JSON.stringify((await saved(model)).modelTopology)).toContain('"class_name":"BatchNormalization"');
    expect(Object.getPrototypeOf(loaded.layers[1])).toBe(Object.getPrototypeOf(tfl.layers.batchNormalization({ name: "n" })));
    expectClose(predict(loaded, x), predict(model, x), 1e-5);
  });

  it("leaves no tensor behind", () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const layer = batchNormalization();
      const x = data([8, 3]);
      layer.apply(x, training);
      layer.apply(x);
      const held = tf.memory().numTensors;
      tf.dispose([layer.apply(x, training), layer.apply(x)] as tf.Tensor[]);
      expect(tf.memory().numTensors).toBe(held);
      layer.dispose();
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});
