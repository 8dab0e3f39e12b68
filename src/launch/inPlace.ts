import type { DataId, DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import { kernelsOver, type Pointer } from "../binary/module.js";
import { runJob, tableBytesOf } from "./launch.js";
import { type MakeJob, sizeOf } from "./plan.js";
import { sharingOf } from "./workerPools.js";

// The only file that knows the inside of TensorFlow.js's WASM backend. None of it is documented, so `memoryOf` looks before
// anything is touched, and where something is not as expected it says so and the copying path takes over.

/** What is used of the WASM backend. */
export interface WasmBackend extends KernelBackend {
  wasm: {
    _malloc(bytes: number): number;
    _free(at: number): void;
    /** The memory, in the threaded build. */
    wasmMemory?: WebAssembly.Memory;
    /** The module's exports, among them the memory, in the other builds. */
    asm?: Record<string, unknown>;
  };
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  getMemoryOffset(dataId: DataId): number;
}

/** The memory of each Emscripten module, once it was looked for. */
const memories = new WeakMap<object, WebAssembly.Memory>();

/** The memory that holds the backend's tensors, or undefined where it cannot be reached. */
export function memoryOf(backend: KernelBackend): WebAssembly.Memory | undefined {
  const { wasm, makeOutput, getMemoryOffset } = backend as Partial<WasmBackend>;
  if (!wasm || !makeOutput || !getMemoryOffset) return undefined;
  const known = memories.get(wasm);
  if (known) return known;
  if (typeof wasm._malloc !== "function" || typeof wasm._free !== "function") return undefined;
  const memory = wasm.wasmMemory ?? Object.values(wasm.asm ?? {}).find((value) => value instanceof WebAssembly.Memory);
  if (!(memory instanceof WebAssembly.Memory)) return undefined;
  memories.set(wasm, memory);
  return memory;
}

/** Memory of the backend's heap for as long as `use` runs. */
function withScratch(backend: WasmBackend, bytes: number, use: (at: number) => void): void {
  const at = backend.wasm._malloc(bytes) >>> 0;
  if (at === 0) throw new Error(`tfjs-uan: the WASM backend has no ${bytes} bytes left for a table of constants`);
  try {
    use(at);
  } finally {
    // The heap's module may have been disposed of while `use` ran.
    backend.wasm?._free(at);
  }
}

function makeOutput(backend: WasmBackend, shape: number[]): TensorInfo {
  const output = backend.makeOutput(shape, "float32");
  if (sizeOf(shape) > 0 && backend.getMemoryOffset(output.dataId) === 0) {
    backend.disposeData(output.dataId, true);
    throw new Error(`tfjs-uan: the WASM backend has no memory left for a tensor of shape [${shape}]`);
  }
  return output;
}

/** Runs a job over the backend's own memory: nothing is copied. */
export function runInPlace(backend: WasmBackend, memory: WebAssembly.Memory, makeJob: MakeJob): TensorInfo[] {
  const kernels = kernelsOver(memory);
  const job = makeJob(kernels);
  const sharing = sharingOf(memory, kernels, (bytes) => backend.wasm._malloc(bytes));
  const outputs: TensorInfo[] = [];
  try {
    withScratch(backend, tableBytesOf(job, sharing), (table) => {
      const at: Record<string, Pointer> = { table };
      for (const tensors of [job.parameters, job.activations]) {
        for (const name in tensors) {
          const tensor = tensors[name];
          if (tensor) at[name] = backend.getMemoryOffset(tensor.dataId);
        }
      }
      for (const shapes of [job.along, job.results]) {
        for (const name in shapes) {
          const output = makeOutput(backend, shapes[name] as number[]);
          outputs.push(output);
          at[name] = backend.getMemoryOffset(output.dataId);
        }
      }
      runJob(job, at, sharing);
    });
  } catch (error) {
    for (const output of outputs) backend.disposeData(output.dataId, true);
    throw error;
  }
  return outputs;
}
