import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";

const ACTIVATIONS: [string, (x: tf.Tensor) => tf.Tensor][] = [
  ["ClipByValue", (x) => tf.clipByValue(x, -0.3, 0.7)],
  ["Relu", tf.relu],
  ["Relu6", tf.relu6],
  ["Sigmoid", tf.sigmoid],
  ["Softmax", (x) => tf.mul(x, tf.softmax(x))],
  ["Tanh", tf.tanh],
];

const SHAPE = [7, 11, 13];
const SIZE = 7 * 11 * 13;
const numbers = (seed: number) => tf.tensor(normal(generator(seed), SIZE), SHAPE);

/** The values of a gradient, and the kernels that computed it. */
async function gradientOf(activation: (x: tf.Tensor) => tf.Tensor) {
  const [x, dy] = [numbers(1), numbers(2)];
  const names: string[] = [];
  const y = tf.grad((x) => activation(x));
  const profile = await tf.profile(() => y(x, dy));
  for (const { name } of profile.kernels) names.push(name);
  return { values: (profile.result as tf.Tensor).dataSync(), names };
}

describe("gradients of activations on 'wasm'", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it.each(
    ACTIVATIONS,
  )("%s: one kernel computes exactly TensorFlow.js's numbers, unless that is declined", async (_, activation) => {
    const ours = await gradientOf(activation);
    expect(ours.names).toContain("ActivationGrad");
    setKernelReplacement(false);
    const declined = await gradientOf(activation);
    expect(declined.names).not.toContain("ActivationGrad");
    ours.values.forEach((value, i) => {
      // TensorFlow.js multiplies by 0, which may be −0.
      expect(Math.abs(value - (declined.values[i] as number))).toBeLessThanOrEqual(2 ** -21);
    });
  });

  // Of ClipByValue and Relu6 there is none: TensorFlow.js has no gradients of LogicalAnd and LessEqual.
  it.each(
    ACTIVATIONS.filter(([name]) => ["Relu", "Sigmoid", "Softmax", "Tanh"].includes(name)),
  )("%s: a gradient of its gradient is TensorFlow.js's", (_, activation) => {
    const second = () =>
      tf
        .grad((x) => tf.sum(tf.mul(x, tf.grad(activation)(x))))(numbers(1))
        .dataSync();
    const ours = second();
    setKernelReplacement(false);
    const theirs = second();
    ours.forEach((value, i) => {
      expect(Math.abs(value - (theirs[i] as number))).toBeLessThanOrEqual(2 ** -20);
    });
    expect(Math.max(...ours)).toBeGreaterThan(0.2);
  });

  it("pass dy where x is in the range, bounds of a clip included, and 0 where it is not; NaN is as TensorFlow.js has it", () => {
    const x = tf.tensor1d([-0.5, Math.fround(-0.3), 0, -0, 0.5, Math.fround(0.7), 1, Infinity, Number.NaN]);
    const dy = tf.fill([9], 3);
    const at = (activation: (x: tf.Tensor) => tf.Tensor) => Array.from(tf.grad(activation)(x, dy).dataSync());
    expect(at(tf.relu)).toEqual([0, 0, 0, 0, 3, 3, 3, 3, Number.NaN]);
    expect(at((x) => tf.relu6(tf.mul(x, 10)))).toEqual([0, 0, 0, 0, 30, 0, 0, 0, Number.NaN]);
    expect(at((x) => tf.clipByValue(x, -0.3, 0.7))).toEqual([0, 3, 3, 3, 3, 3, 0, 0, 0]);
  });

  it("of empty tensors and of one number are right", () => {
    expect(tf.grad(tf.relu)(tf.zeros([0, 3])).shape).toEqual([0, 3]);
    expect(tf.grad(tf.tanh)(tf.scalar(0)).dataSync()).toEqual(Float32Array.of(1));
  });

  it.each(ACTIVATIONS)("%s on 'cpu' is differentiated by TensorFlow.js's kernels", async (_, activation) => {
    await useBackend("cpu");
    expect((await gradientOf(activation)).names).not.toContain("ActivationGrad");
  });
});
