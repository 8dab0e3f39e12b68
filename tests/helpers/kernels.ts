import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import type { AnyNamesakeKernel } from "../../src/kernels/declaration.js";
import { runInPlace } from "../../src/launch/inPlace.js";
import { memoryOf, type WasmBackend } from "../../src/tensorflow/wasmHeap.js";
import { useBackend } from "./backends.js";
import { expectCloseToLargest } from "./closeness.js";

/** A kernel's inputs by name: values and shape. An Int32Array becomes an int32 tensor. */
export type Inputs = Record<string, [Float32Array | Int32Array, number[]]>;

/** Runs a kernel on a backend. */
export async function runKernel(backend: string, kernel: string, inputs: Inputs, attrs: object) {
  await useBackend(backend);
  return tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, [values, shape]]) => {
      return [name, tf.tensor(values, shape, values instanceof Int32Array ? "int32" : "float32")];
    });
    const result = tf.engine().runKernel(kernel, Object.fromEntries(tensors), attrs as never) as tf.Tensor;
    return { values: result.dataSync<"float32">().slice(), shape: result.shape };
  });
}

/** Fails unless a kernel's outputs on 'wasm' and 'cpu' agree within 1e-5 of the largest entry. */
export async function expectSameKernel(kernel: string, inputs: Inputs, attrs: object): Promise<void> {
  const expected = await runKernel("cpu", kernel, inputs, attrs);
  const actual = await runKernel("wasm", kernel, inputs, attrs);
  expect(actual.shape).toEqual(expected.shape);
  expectCloseToLargest(actual.values, expected.values, 1e-5, kernel);
}

/** Runs a kernel's plan on 'wasm', also where TensorFlow.js's kernel is faster. The inputs are disposed of. */
export function runOurs(kernel: AnyNamesakeKernel, inputs: Record<string, tf.Tensor>, attrs: object = {}) {
  const backend = tf.backend() as WasmBackend;
  const memory = memoryOf(backend) as WebAssembly.Memory;
  const [output] = runInPlace(backend, memory, (binary) => kernel.plan(binary, inputs, attrs, kernel.check(inputs, attrs)));
  const result = tf.engine().makeTensorFromTensorInfo(output as tf.TensorInfo);
  const found = { values: result.dataSync<"float32">().slice(), shape: result.shape, dtype: result.dtype };
  tf.dispose([inputs, result]);
  return found;
}
