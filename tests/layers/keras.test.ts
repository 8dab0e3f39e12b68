import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { inputOf, kerasCases, loadedLayer, wave } from "../helpers/keras.js";
import { predict, reloaded } from "../helpers/models.js";

const CASES = ["keras2", "addons", "contrib", "keras3"].flatMap(kerasCases);

const train = (layer: tfl.layers.Layer, x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;

/** The weight of a layer that Keras has under a name. TensorFlow.js leaves the names of layers within a layer out. */
function weightOf(layer: tfl.layers.Layer, name: string): tfl.LayerVariable {
  const ending = (end: string) => layer.weights.find(({ originalName }) => originalName.endsWith(`/${end}`));
  return (ending(name) ?? ending(name.split("/").at(-1) as string)) as tfl.LayerVariable;
}

/** y in training, and gradients of the sum of wave * y with respect to x, where it is of floats, and the trained weights. */
function gradientsOf(layer: tfl.layers.Layer, x: tf.Tensor, names: string[]): { y: tf.Tensor; gradients: tf.Tensor[] } {
  const input = tf.variable(x, true);
  const variables = names.map((name) => (name === "x" ? input : (weightOf(layer, name).read() as tf.Variable)));
  let y = x;
  const loss = () =>
    tf.tidy(() => {
      y = tf.keep(train(layer, names.includes("x") ? input : x));
      return tf.sum(tf.mul(y, wave(y.shape, 5))) as tf.Scalar;
    });
  const { grads } = tf.variableGrads(loss, variables);
  return { y, gradients: variables.map(({ name }) => grads[name] as tf.Tensor) };
}

describe.each(BACKENDS)("what Keras computes, on '%s', within 1e-5 of 1 + |y| and 2e-5 of the largest gradient", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)("%s", async (_, one) => {
    const { model, layer } = await loadedLayer(one);
    const x = inputOf(one, 1);
    const bound = 1e-5;
    if (one.y) expectClose(predict(model, x), one.y, bound);
    train(layer, inputOf(one, 2));
    const names = Object.keys(one.training.gradients);
    expect(names.length - (one.integers > 0 ? 0 : 1)).toBe(layer.trainableWeights.length);
    const { y, gradients } = gradientsOf(layer, x, names);
    expectClose(y.dataSync(), one.training.y, bound);
    gradients.forEach((gradient, i) => {
      const name = names[i] as string;
      expectCloseToLargest(gradient.dataSync(), one.training.gradients[name] as number[], 2e-5, name);
    });
    one.weights.forEach(({ name }, i) => {
      expectClose(weightOf(layer, name).read().dataSync(), one.training.weights[i] as number[], bound);
    });
    if (one.after) expectClose(predict(model, x), one.after, bound);
    expectClose(predict(await reloaded(model), x), predict(model, x), 0);
  });
});
