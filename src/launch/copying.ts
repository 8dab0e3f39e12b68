import type { KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import { kernelsOver, type Pointer } from "../binary/module.js";
import { growTo, isMemorySize, PAGE, pagesOf } from "../binary/pages.js";
import { given, type MakeJob, made, sizeOf } from "./plan.js";

// Kernels over a memory of the library's own, for backends whose tensors are JavaScript arrays. The memory grows as jobs
// need, up to MOST_BYTES; activations that do not fit go through in pieces. It holds nothing between calls.

let mostBytes = 64 * 2 ** 20;
let memory: WebAssembly.Memory | undefined;

/**
 * Bounds the memory that the copying path works in.
 *
 * @param bytes default 64 MiB; rounded up to whole pages of 64 KiB
 */
export function setCopyingMemoryLimit(bytes: number): void {
  if (!isMemorySize(bytes)) {
    throw new RangeError(`setCopyingMemoryLimit: bytes must be between 64 KiB and 4 GiB, got ${bytes}`);
  }
  mostBytes = pagesOf(bytes) * PAGE;
  memory = undefined;
}

function memoryOf(bytes: number): WebAssembly.Memory {
  memory ??= new WebAssembly.Memory({ initial: 1, maximum: mostBytes / PAGE });
  growTo(memory, bytes);
  return memory;
}

const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16;

/** Runs a job over the library's own memory: what it reads is copied in, what it makes copied out. */
export function runCopying(backend: KernelBackend, makeJob: MakeJob): TensorInfo[] {
  const job = makeJob(kernelsOver(memoryOf(PAGE)));

  // Address 0 stands for "not given": start behind it.
  let used = 16;
  const take = (bytes: number) => {
    const at = used;
    used += aligned(bytes);
    return at;
  };
  const at: Record<string, Pointer> = { table: take(job.tableBytes >>> 0) };
  for (const [name, { shape }] of given(job.parameters)) at[name] = take(4 * sizeOf(shape));
  for (const [name, shape] of made(job.results)) at[name] = take(4 * sizeOf(shape));

  const widthOf = (values: Float32Array) => (job.count > 0 ? values.length / job.count : 0);
  const inputs = given(job.activations).map(([name, tensor]) => {
    const values = valuesOf(backend, tensor);
    return { name, values, width: widthOf(values) };
  });
  const outputs = made(job.along).map(([name, shape]) => {
    const values = new Float32Array(sizeOf(shape));
    return { name, values, shape, width: widthOf(values) };
  });
  const perPlace = [...inputs, ...outputs].reduce((sum, { width }) => sum + width, 0);
  const room = mostBytes - used - 16 * (inputs.length + outputs.length);
  const pieces = Math.max(1, Math.floor(room / (4 * perPlace * job.period)));
  const piece = Math.min(job.count, pieces * job.period);
  for (const { name, width } of [...inputs, ...outputs]) at[name] = take(4 * piece * width);
  if (used > mostBytes) {
    throw new RangeError(`tfjs-uan: a call needs ${used} bytes of memory, more than the limit of ${mostBytes}`);
  }

  const { buffer } = memoryOf(used);
  const floats = (name: string, length: number) => new Float32Array(buffer, at[name], length);
  for (const [name, tensor] of given(job.parameters)) {
    const View = tensor.dtype === "int32" ? Int32Array : Float32Array;
    new View(buffer, at[name], sizeOf(tensor.shape)).set(valuesOf(backend, tensor));
  }
  job.prepare(at);
  for (const pass of job.passes) {
    for (let start = 0; pass.step && start < job.count; start += piece) {
      const count = Math.min(piece, job.count - start);
      for (const { name, values, width } of inputs) {
        floats(name, count * width).set(values.subarray(start * width, (start + count) * width));
      }
      pass.step(at, start, count);
      for (const { name, values, width } of outputs) values.set(floats(name, count * width), start * width);
    }
    pass.finish?.(at);
  }

  const results = made(job.results).map(([name, shape]) => ({ shape, values: floats(name, sizeOf(shape)).slice() }));
  return [...outputs, ...results].map(({ values, shape }) => {
    return { dataId: backend.write(values, shape, "float32"), shape, dtype: "float32" };
  });
}

function valuesOf(backend: KernelBackend, tensor: TensorInfo): Float32Array {
  return backend.readSync(tensor.dataId) as Float32Array;
}
