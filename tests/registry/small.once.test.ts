import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { useThreadedBackend } from "../../src/threads.js";

describe("where the library's kernels alone have threads", () => {
  beforeAll(async () => {
    await useThreadedBackend({ threads: 2 });
  });
  afterAll(() => {
    setKernelReplacement(true);
    tf.removeBackend("wasm");
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor, small: number, large: number]>([
    ["tanh", tf.tanh, 64, 65],
    ["elu", tf.elu, 65_536, 65_537],
    ["sigmoid", tf.sigmoid, 65_536, 65_537],
    ["softmax", (x) => tf.softmax(x), 65_536, 65_537],
    ["softmax of short rows", (x) => tf.softmax(tf.reshape(x, [-1, 4])), 512, 516],
    ["sum", tf.sum, 1024, 1025],
    // On one thread TensorFlow.js's is faster, and therefore the one.
    ["sums of short rows", (x) => tf.sum(tf.reshape(x, [-1, 16]), -1), 1024, 2048],
  ])("%s of few numbers is TensorFlow.js's, which is done before a thread has begun, and of more the library's", (_, run, ...sizes) => {
    const x = normal(generator(1), 70_000, 3);
    const compute = () => sizes.map((size) => tf.tidy(() => run(tf.tensor1d(x.subarray(0, size))).dataSync()));
    setKernelReplacement(true);
    const ours = compute();
    setKernelReplacement(false);
    const theirs = compute();
    expect(ours.map((values, i) => values.every((value, j) => value === theirs[i]?.[j]))).toEqual([true, false]);
    ours[1]?.forEach((value, i) => {
      expect(value).toBeCloseTo(theirs[1]?.[i] as number, 3);
    });
  });
});
