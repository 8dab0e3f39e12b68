import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { heldBy } from "../helpers/heap.js";

const NUMBERS = new Float32Array([1, 2, 3]);
const TYPES = ["float32", "int32", "bool"] as const;

describe("clones and casts to the same dtype on 'wasm' share memory", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it.each(TYPES)("of %s: no memory is taken, values and dtype are the same", (dtype) => {
    const x = tf.tensor([1, 0, 1], [3], dtype);
    for (const make of [() => tf.clone(x), () => tf.cast(x, dtype), () => tf.clone(tf.reshape(x, [3, 1]))]) {
      let taken = 0;
      let copy = x;
      heldBy(
        () => {
          copy = make();
        },
        () => taken++,
      );
      // heldBy calls malloc itself before it counts.
      expect(taken).toBe(0);
      expect(copy.dtype).toBe(dtype);
      expect(copy.dataSync()).toEqual(x.dataSync());
    }
  });

  it("until the last tensor is disposed of, in any order", () => {
    const [before, buffers] = [tf.memory().numTensors, tf.memory().numDataBuffers];
    const x = tf.tensor(NUMBERS);
    const [a, b] = [x.clone(), tf.cast(x, "float32")];
    expect(tf.memory().numTensors).toBe(before + 3);
    expect(tf.memory().numDataBuffers).toBe(buffers + 1);
    x.dispose();
    const other = tf.tensor([7, 8, 9]);
    expect(a.dataSync()).toEqual(NUMBERS);
    b.dispose();
    expect(a.dataSync()).toEqual(NUMBERS);
    tf.dispose([a, other]);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.memory().numDataBuffers).toBe(buffers);
  });

  it("also when a variable is assigned to, or an optimizer changes it, or tensors move to another backend", async () => {
    const x = tf.tensor(NUMBERS);
    const variable = tf.variable(x.clone());
    const saved = variable.clone();
    variable.assign(tf.mul(variable, 2));
    tf.train.sgd(1).minimize(() => tf.sum(variable) as tf.Scalar, false, [variable]);
    expect(saved.dataSync()).toEqual(NUMBERS);
    expect(variable.dataSync()).toEqual(new Float32Array([1, 3, 5]));
    const again = saved.clone();
    await useBackend("cpu");
    expect(tf.add(saved, 0).dataSync()).toEqual(NUMBERS);
    saved.dispose();
    await useBackend("wasm");
    expect(tf.add(again, 1).dataSync()).toEqual(new Float32Array([2, 3, 4]));
    tf.dispose([x, variable, again]);
  });

  it("but strings, other dtypes and the backend's own kernels copy", () => {
    const x = tf.tensor(NUMBERS);
    expect(tf.clone(tf.tensor(["a", "b"])).dataSync()).toEqual(["a", "b"]);
    expect(tf.cast(x, "int32").dataSync()).toEqual(new Int32Array([1, 2, 3]));
    expect(tf.clone(x).dataId).toBe(x.dataId);
    setKernelReplacement(false);
    expect(tf.clone(x).dataId).not.toBe(x.dataId);
  });
});
