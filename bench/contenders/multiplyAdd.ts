import * as tf from "@tensorflow/tfjs-core";
import { isShared, withSharedMemory } from "../../src/binary/sharedMemory.js";
import { memoryOf, type WasmBackend } from "../../src/tensorflow/wasmHeap.js";
import type { Contender } from "./contender.js";

/** Numbers of a and b that the kernel takes in one go, at the least: a shorter loop would be measured by its start. */
const LEAST_PERIOD = 64;

type MultiplyAdd = (x: number, y: number, a: number, b: number, period: number, count: number) => void;

let compiled: Promise<WebAssembly.Module> | undefined;

/** a·x + b with numbers a and b for each channel, and as much again for dx = a·dy: what memory alone allows. */
export const multiplyAdd: Contender = {
  name: "multiply-add",
  note: "Multiply-add, a·x + b (and a·dy) per channel with SIMD, is what memory allows.",
  isFor: () => tf.getBackend() === "wasm",
  traffic: { training: 4 },
  async calls({ size, shape, x, dy, gamma, beta, keep }, { compileMultiplyAdd }) {
    const backend = tf.backend() as unknown as WasmBackend;
    const memory = memoryOf(backend);
    if (!memory) throw new Error(`the memory of the backend '${tf.getBackend()}' cannot be reached`);
    compiled ??= compileMultiplyAdd().then((bytes) => new WebAssembly.Module(isShared(memory) ? withSharedMemory(bytes) : bytes));
    const { exports } = new WebAssembly.Instance(await compiled, { env: { memory } });
    const kernel = exports.multiply_add as MultiplyAdd;

    // Any multiple of 4 channels is a whole number of vectors.
    const repeats = 4 * Math.ceil(LEAST_PERIOD / (4 * gamma.size));
    const [a, b] = [keep(tf.tile(gamma, [repeats])), keep(tf.tile(beta, [repeats]))];
    const over = (input: tf.Tensor) => {
      const output = backend.makeOutput(shape, "float32");
      const [from, to, scale, offset] = [input, output, a, b].map(({ dataId }) => backend.getMemoryOffset(dataId));
      kernel(from as number, to as number, scale as number, offset as number, a.size, size);
      backend.disposeData(output.dataId);
    };
    return {
      forward: () => over(x),
      training: () => {
        over(x);
        over(dy);
      },
    };
  },
};
