import * as tf from "@tensorflow/tfjs-core";
import { isShared, withSharedMemory } from "../../src/binary/sharedMemory.js";
import { memoryOf, type WasmBackend } from "../../src/tensorflow/wasmHeap.js";
import type { Contender } from "./contender.js";

/** The least number of values of a and b in the kernel's inner loop. The start of a shorter loop would dominate its time. */
const MIN_PERIOD = 64;

type MultiplyAdd = (x: number, y: number, a: number, b: number, period: number, count: number) => void;

/** The kernel, for a memory: shared or not. */
const compiled = new WeakMap<WebAssembly.Memory, Promise<WebAssembly.Module>>();

/** a·x + b with a and b for each channel, and in training also a·dy + b: the least work that reads and writes all data. */
export const multiplyAdd: Contender = {
  name: "multiply-add",
  note: "Multiply-add, a·x + b (and a·dy) per channel with SIMD, shows the limit that memory sets.",
  isFor: () => tf.getBackend() === "wasm",
  traffic: { training: 4 },
  async calls({ size, shape, x, dy, gamma, beta, keep }, { compileMultiplyAdd }) {
    const backend = tf.backend() as unknown as WasmBackend;
    const memory = memoryOf(backend);
    if (!memory)
      throw new Error(`multiply-add: the memory of backend 'wasm' must be accessible, got none on '${tf.getBackend()}'`);
    const compile = async () => {
      const bytes = await compileMultiplyAdd();
      return new WebAssembly.Module(isShared(memory) ? withSharedMemory(bytes) : bytes);
    };
    const module = compiled.get(memory) ?? compile();
    compiled.set(memory, module);
    const { exports } = new WebAssembly.Instance(await module, { env: { memory } });
    const kernel = exports.multiply_add as MultiplyAdd;

    // A multiple of 4 channels fills whole vectors.
    const repeats = 4 * Math.ceil(MIN_PERIOD / (4 * gamma.size));
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
