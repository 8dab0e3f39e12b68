import {
  type Attribute,
  engine,
  getBackend,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedTensorMap,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tidy,
} from "@tensorflow/tfjs-core";
import { runCopying } from "../launch/copying.js";
import { memoryOf, runInPlace, type WasmBackend } from "../launch/inPlace.js";
import type { BinaryKernel, MakeJob } from "../launch/plan.js";

/** A kernel that every backend has: of the binary, and out of TensorFlow.js operations. */
export interface KernelSpec<I, A, V> extends BinaryKernel<I, A, V> {
  composed(inputs: Tensors<I>, attrs: A, view: V): Tensor | Tensor[];
}

/** Inputs that were declared as TensorInfo, as the tensors that they are outside a backend. */
export type Tensors<I> = { [name in keyof I]: undefined extends I[name] ? Tensor | undefined : Tensor };

// biome-ignore lint/suspicious/noExplicitAny: a list of kernels holds specs of different inputs and attributes
export type AnyKernel = KernelSpec<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type AnyBinaryKernel = BinaryKernel<any, any, any>;

/** Backends whose own operations do the work. Others that are not 'wasm' or 'cpu' join them when first used. */
const DEVICES = ["webgl", "webgpu", "tensorflow"];

let warned = false;

function runOnWasm(backend: KernelBackend, makeJob: MakeJob): TensorInfo[] {
  const memory = memoryOf(backend);
  if (memory) return runInPlace(backend as WasmBackend, memory, makeJob);
  if (!warned) {
    warned = true;
    console.warn("tfjs-uan: the memory of the WASM backend cannot be reached; tensors are copied, which is slower.");
  }
  return runCopying(backend, makeJob);
}

function onBinary(spec: AnyBinaryKernel, run: typeof runOnWasm): KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const view = spec.check(inputs, attrs);
    const outputs = run(backend as KernelBackend, (kernels) => spec.job(kernels, inputs, attrs, view));
    return outputs.length === 1 ? (outputs[0] as TensorInfo) : outputs;
  };
}

/** The kernel's composed form, with its checks: what runs on a device, and what can be differentiated once more. */
export function compose<I, A, V>(spec: KernelSpec<I, A, V>, inputs: Tensors<I>, attrs: A): Tensor | Tensor[] {
  return tidy(() => spec.composed(inputs, attrs, spec.check(inputs as I, attrs)));
}

function registerComposed(spec: AnyKernel, backendName: string): void {
  // Outside 'wasm' and 'cpu' the tensors that come are the operation's own, and tensors may be returned.
  const kernelFunc: KernelFunc = ({ inputs, attrs }) => compose(spec, inputs as Record<string, Tensor>, attrs);
  registerKernel({ kernelName: spec.name, backendName, kernelFunc });
}

/** A kernel that the 'wasm' backend lacks, or has slower. */
export function onWasm(spec: AnyBinaryKernel): KernelConfig {
  return { kernelName: spec.name, backendName: "wasm", kernelFunc: onBinary(spec, runOnWasm) };
}

/** Registers a kernel for the backends that TensorFlow.js has. */
export function register(spec: AnyKernel): void {
  registerKernel(onWasm(spec));
  registerKernel({ kernelName: spec.name, backendName: "cpu", kernelFunc: onBinary(spec, runCopying) });
  for (const device of DEVICES) registerComposed(spec, device);
}

/** Runs a kernel on the current backend. */
export function run<I, A, V, T extends Tensor | Tensor[]>(spec: KernelSpec<I, A, V>, inputs: Tensors<I>, attrs: A): T {
  const backend = getBackend();
  if (!getKernel(spec.name, backend)) registerComposed(spec, backend);
  const named: NamedTensorMap = {};
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor !== undefined) named[name] = tensor;
  }
  return engine().runKernel(spec.name, named, attrs as { [name: string]: Attribute });
}
