import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryExports, Pointer } from "../binary/interface.js";
import { bindBinary } from "../binary/module.js";
import { growTo, isMemorySize, PAGE, pagesOf } from "../binary/pages.js";
import { shared } from "../shared.js";
import { launch } from "./launch.js";
import { type Addresses, type KernelPlan, type MakePlan, sizeOf } from "./plan.js";

// Kernels over a memory of the library's own, for backends whose tensors are JavaScript arrays. The memory grows as plans need, up
// to maxBytes; streamed tensors that do not fit go through it in windows. It holds nothing between calls.

const state = shared("copying", () => ({ maxBytes: 64 * 2 ** 20, memory: undefined as WebAssembly.Memory | undefined }));

/**
 * Bounds the memory that the copying path works in.
 *
 * @param bytes default 64 MiB; rounded up to whole pages of 64 KiB
 * @throws RangeError where bytes is not between 64 KiB and 4 GiB
 */
export function setCopyingMemoryLimit(bytes: number): void {
  if (!isMemorySize(bytes)) {
    throw new RangeError(`setCopyingMemoryLimit: bytes must be between 64 KiB and 4 GiB, got ${bytes}`);
  }
  state.maxBytes = pagesOf(bytes) * PAGE;
  state.memory = undefined;
}

function memoryOf(bytes: number): WebAssembly.Memory {
  state.memory ??= new WebAssembly.Memory({ initial: 1, maximum: state.maxBytes / PAGE });
  growTo(state.memory, bytes);
  return state.memory;
}

const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16;

/** Views of tensors that are not float32. */
const VIEWS: { [dtype in DataType]?: typeof Int32Array | typeof Uint8Array } = { int32: Int32Array, bool: Uint8Array };

/** Runs a plan over the library's own memory: inputs are copied in, outputs are copied out. */
export function runCopying(backend: KernelBackend, makePlan: MakePlan<BinaryExports>): TensorInfo[] {
  const plan = makePlan(bindBinary(memoryOf(PAGE)));
  return launch(plan, { runner: undefined, place: (plan, bytes) => placeCopies(backend, plan, bytes) });
}

/** A streamed tensor. */
interface Stream {
  shape: number[];
  values: Float32Array;
  /** Numbers for each position. */
  width: number;
}

function placeCopies(backend: KernelBackend, plan: KernelPlan, tableBytes: number) {
  const { count, chunkAlignment, dtype = "float32" } = plan;
  const { maxBytes } = state;
  // Address 0 stands for an input that was not given: start behind it.
  let used = 16;
  const take = (bytes: number) => {
    const address = used as Pointer;
    used += aligned(bytes);
    return address;
  };
  const at: Addresses = { table: take(tableBytes) };
  for (const [name, tensor] of Object.entries(plan.inputs)) at[name] = tensor ? take(4 * sizeOf(tensor.shape)) : (0 as Pointer);
  for (const [name, shape] of Object.entries(plan.outputs)) at[name] = take(4 * sizeOf(shape as number[]));

  const streams = (entries: Array<[string, number[], () => Float32Array]>) =>
    new Map<string, Stream>(
      entries.map(([name, shape, make]) => {
        const values = make();
        return [name, { shape, values, width: count > 0 ? values.length / count : 0 }];
      }),
    );
  const inputs = streams(
    Object.entries(plan.streamedInputs).flatMap(([name, tensor]) =>
      tensor ? [[name, tensor.shape, () => valuesOf(backend, tensor)]] : [],
    ),
  );
  const outputs = streams(
    Object.entries(plan.streamedOutputs).map(([name, shape]) => [
      name,
      shape as number[],
      () => new Float32Array(sizeOf(shape as number[])),
    ]),
  );
  const all = [...inputs, ...outputs];
  const perPosition = all.reduce((sum, [, { width }]) => sum + width, 0);
  const room = maxBytes - used - 16 * all.length;
  const alignments = Math.max(1, Math.floor(room / (4 * perPosition * chunkAlignment)));
  const window = Math.min(count, alignments * chunkAlignment);
  for (const [name, { width }] of all) at[name] = take(4 * window * width);
  if (used > maxBytes) {
    throw new RangeError(`tfjs-uan: a call needs ${used} bytes of memory, more than the limit of ${maxBytes}`);
  }

  const memory = memoryOf(used);
  const floats = (name: string, length: number) => new Float32Array(memory.buffer, at[name], length);
  for (const [name, tensor] of Object.entries(plan.inputs)) {
    if (!tensor) continue;
    const View = VIEWS[tensor.dtype] ?? Float32Array;
    new View(memory.buffer, at[name], sizeOf(tensor.shape)).set(valuesOf(backend, tensor));
  }
  // The outputs of passes that are over. Later passes may read them.
  const done = new Set<string>();
  return {
    memory,
    at,
    window,
    load(tensors: readonly string[], start: number, length: number): void {
      for (const name of new Set(tensors)) {
        const stream = inputs.get(name) ?? (done.has(name) && window < count ? outputs.get(name) : undefined);
        if (!stream) continue;
        const { values, width } = stream;
        floats(name, length * width).set(values.subarray(start * width, (start + length) * width));
      }
    },
    store(tensors: readonly string[], start: number, length: number): void {
      for (const name of new Set(tensors)) {
        const output = outputs.get(name);
        if (!output) continue;
        output.values.set(floats(name, length * output.width), start * output.width);
        if (start + length === count) done.add(name);
      }
    },
    outputs(): TensorInfo[] {
      const whole = Object.entries(plan.outputs).map(([name, shape]) => {
        const View = VIEWS[dtype] ?? Float32Array;
        return { shape: shape as number[], values: new View(memory.buffer, at[name], sizeOf(shape as number[])).slice() };
      });
      return [...outputs.values(), ...whole].map(({ values, shape }) => {
        return { dataId: backend.write(values, shape, dtype), shape, dtype };
      });
    },
    release() {},
  };
}

function valuesOf(backend: KernelBackend, tensor: TensorInfo): Float32Array {
  return backend.readSync(tensor.dataId) as Float32Array;
}
