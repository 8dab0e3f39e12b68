import {
  type Attribute,
  cast,
  engine,
  getBackend,
  getKernel,
  type KernelBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedTensorInfoMap,
  type NamedTensorMap,
  ones,
  type Tensor,
  type TensorInfo,
  tidy,
} from "@tensorflow/tfjs-core";
import type { BinaryExports } from "../binary/interface.js";
import { NOT_COMPILED, refusalToCompile } from "../binary/module.js";
import { isShared } from "../binary/sharedMemory.js";
import type { Tensors } from "../composed/tensors.js";
import type { AnyBinaryKernel, AnyKernel, AnyNamesakeKernel, KernelDeclaration } from "../kernels/declaration.js";
import { runCopying } from "../launch/copying.js";
import { runInPlace } from "../launch/inPlace.js";
import { type MakePlan, sizeOf } from "../launch/plan.js";
import { hasOnlyOurThreads } from "../launch/workerPools.js";
import { warnOnce } from "../shared.js";
import { isNativeCpu } from "../tensorflow/native.js";
import { isRecording } from "../tensorflow/tape.js";
import { memoryOf, type WasmBackend } from "../tensorflow/wasmHeap.js";
import { runsWebGLPrograms } from "../tensorflow/webgl.js";
import { runsPrograms } from "../tensorflow/webgpu.js";
import { withinLimits } from "../tensorflow/webgpuLimits.js";
import { areFloat32, castToFloat32 } from "./casts.js";
import { putKernel, registry, replacedBy } from "./copies.js";
import { type AnyForms, OWN_KERNELS } from "./kernels.js";

function runOnWasm(backend: KernelBackend, makePlan: MakePlan<BinaryExports>): TensorInfo[] {
  const memory = memoryOf(backend);
  if (memory) return runInPlace(backend as WasmBackend, memory, makePlan);
  warnOnce("the memory of the WASM backend cannot be reached; tensors are copied, which is slower.");
  return runCopying(backend, makePlan);
}

/** A call of a kernel, as TensorFlow.js's engine makes it, and what it takes for it. */
export type Call = Parameters<KernelFunc>[0];
export type Result = ReturnType<KernelFunc>;

function throwRefusal(_: Call, refusal: unknown): never {
  throw refusal;
}

/**
 * @param otherwise what is run where the binary cannot be compiled
 * @param refused what is run where the kernel's check refuses the call. Default: the refusal is thrown
 */
function onBinary(
  kernel: AnyBinaryKernel,
  runPlan: typeof runOnWasm,
  otherwise: KernelFunc,
  refused: (call: Call, refusal: unknown) => Result = throwRefusal,
): KernelFunc {
  return (call) => {
    const { inputs, attrs } = call;
    const backend = call.backend as KernelBackend;
    let view: unknown;
    try {
      view = kernel.check(inputs, attrs);
    } catch (refusal) {
      return refused(call, refusal);
    }
    const refusal = refusalToCompile(isShared(memoryOf(backend)));
    if (refusal !== undefined) {
      warnOnce(`${NOT_COMPILED} (${refusal}): TensorFlow.js's operations do the work, which is slower. ${REMEDY}`);
      return otherwise(call);
    }
    const outputs = runPlan(backend, (binary) => kernel.plan(binary, inputs, attrs, view));
    return outputs.length === 1 ? (outputs[0] as TensorInfo) : outputs;
  };
}

/** Whether a call of a kernel of the library's is split over threads, where TensorFlow.js's own is not. */
const isSplit = ({ backend }: Call) => hasOnlyOurThreads(memoryOf(backend as KernelBackend));

/** Whether TensorFlow.js's kernel is faster at a call than the library's. */
export function theirsIsFaster(kernel: AnyNamesakeKernel, call: Call): boolean {
  return kernel.theirsIsFaster?.(call.inputs, call.attrs, isSplit(call)) === true;
}

const REMEDY = "Where only compiling is forbidden, give setWasmModules binaries that are compiled already.";

/**
 * A kernel under a name of TensorFlow.js's for 'wasm', over the backend's own memory. A call that its check refuses is cast to
 * float32, if it is not, or goes to the kernel that it replaces, if that takes it. So do calls that that is faster at, calls of
 * integers that are its own, and all where the binary cannot be compiled.
 */
export function onWasm(kernel: AnyNamesakeKernel): KernelConfig {
  const name = { kernelName: kernel.name, backendName: "wasm" };
  const theirs = replacedBy(name);
  const otherwise: KernelFunc = (call) => {
    const there = theirs();
    if (there) return there.kernelFunc(call);
    throw new Error(`${kernel.op}: TensorFlow.js has no such kernel for 'wasm', and ${NOT_COMPILED} for tfjs-uan's. ${REMEDY}`);
  };
  const theirsTakes = ({ inputs, attrs }: Call): boolean =>
    theirs() !== undefined && areFloat32(inputs, kernel.indices) && kernel.theirsTakes?.(inputs, attrs) === true;
  const refused = (call: Call, refusal: unknown): Result => {
    const { inputs, attrs } = call;
    const result = tidy(() => {
      const floats = castToFloat32(inputs, kernel.indices);
      if (!floats) return undefined;
      const output: Tensor = engine().runKernel(kernel.name, floats, attrs as { [name: string]: Attribute });
      return kernel.dtypeOf ? cast(output, (inputs[kernel.dtypeOf] as TensorInfo).dtype) : output;
    });
    if (result) return result;
    if (theirsTakes(call)) return otherwise(call);
    throw refusal;
  };
  const ours = onBinary(kernel, runOnWasm, otherwise, refused);
  if (!kernel.theirsIsFaster && !kernel.integersAreTheirs) return { ...name, kernelFunc: ours };
  return {
    ...name,
    kernelFunc(call) {
      const { inputs, attrs } = call;
      const there = theirs();
      const isTheirs = areFloat32(inputs, kernel.indices)
        ? theirsIsFaster(kernel, call) && kernel.theirsTakes?.(inputs, attrs)
        : kernel.integersAreTheirs;
      return there && isTheirs ? there.kernelFunc(call) : ours(call);
    },
  };
}

const isBinary = (kernel: AnyKernel): kernel is AnyBinaryKernel => kernel.plan !== undefined;

/** The form of one of the library's own kernels that runs on a backend. */
function formFor(kernel: AnyKernel, forms: AnyForms, backendName: string): KernelFunc {
  // The engine hands a kernel the tensors themselves, and takes tensors from it.
  const composed: KernelFunc = ({ inputs, attrs }) => compose(kernel, given(inputs) as Record<string, Tensor>, attrs);
  if (isBinary(kernel) && backendName === "wasm") return onBinary(kernel, runOnWasm, composed);
  if (isBinary(kernel) && backendName === "cpu") return onBinary(kernel, runCopying, composed);
  if (isBinary(kernel) && backendName === "tensorflow") {
    return onTensorFlow(kernel, forms.maxCopied ?? Number.POSITIVE_INFINITY, composed);
  }
  if (backendName === "webgpu" && forms.webgpu) return onGpu(kernel, runsPrograms, forms.webgpu, composed);
  if (backendName === "webgl" && forms.webgl) return onGpu(kernel, runsWebGLPrograms, forms.webgl, composed);
  return composed;
}

/**
 * A kernel's form for native TensorFlow. On a GPU tensors stay where they are. On the CPU the binary takes copies, which costs less than
 * the operations of the composed form do.
 */
function onTensorFlow(kernel: AnyBinaryKernel, maxSize: number, composed: KernelFunc): KernelFunc {
  const copying = onBinary(kernel, runCopying, composed);
  return (call) => {
    const { backend, inputs } = call;
    const isCopied =
      registry.wanted && isNativeCpu(backend) && Object.values(inputs).every((input) => sizeOf(input?.shape ?? []) <= maxSize);
    return (isCopied ? copying : composed)(call);
  };
}

/** The data of ones that stand for inputs that were not given. */
const MADE_ONES = new WeakSet<TensorInfo["dataId"]>();

function madeOnes(shape: number[]): Tensor {
  const made = ones(shape);
  MADE_ONES.add(made.dataId);
  return made;
}

/** Inputs without made ones. */
const given = (inputs: NamedTensorInfoMap): NamedTensorInfoMap =>
  Object.fromEntries(Object.entries(inputs).filter(([, input]) => !(input && MADE_ONES.has(input.dataId))));

/**
 * A kernel's programs. They do without made ones, which take longer to upload than a call takes.
 *
 * @param runsThem whether a backend runs programs
 * @param otherwise what is run where they do not take a call
 */
function onGpu<B>(
  kernel: AnyKernel,
  runsThem: (backend: unknown) => backend is B,
  // biome-ignore lint/suspicious/noExplicitAny: of any kernel
  programs: (backend: B, inputs: any, attrs: any, view: any) => TensorInfo[] | undefined,
  otherwise: KernelFunc,
): KernelFunc {
  return (call) => {
    const { backend, inputs, attrs } = call;
    const view = kernel.check(inputs, attrs);
    const outputs = runsThem(backend) ? programs(backend, given(inputs), attrs, view) : undefined;
    if (!outputs) return otherwise(call);
    return outputs.length === 1 ? (outputs[0] as TensorInfo) : outputs;
  };
}

/** Registers one of the library's own kernels for a backend. */
export function registerOwnKernel(
  kernel: AnyKernel,
  backendName: string,
  lifeCycle: Pick<KernelConfig, "setupFunc" | "disposeFunc"> = {},
): void {
  const kernelFunc = formFor(kernel, OWN_KERNELS.get(kernel) as AnyForms, backendName);
  putKernel({ kernelName: kernel.name, backendName, kernelFunc, ...lifeCycle });
}

/** A kernel's composed form, with its checks. It can be differentiated. */
export function compose<I, A, V>(kernel: KernelDeclaration<I, A, V>, inputs: Tensors<I>, attrs: A): Tensor | Tensor[] {
  const { composed } = OWN_KERNELS.get(kernel) as AnyForms;
  return withinLimits(kernel.op, engine().backend, () => tidy(() => composed(inputs, attrs, kernel.check(inputs as I, attrs))));
}

/** Runs one of the library's own kernels on the current backend. */
export function run<I, A, V, T extends Tensor | Tensor[]>(kernel: KernelDeclaration<I, A, V>, inputs: Tensors<I>, attrs: A): T {
  const backend = getBackend();
  if (!getKernel(kernel.name, backend)) registerOwnKernel(kernel, backend);
  const named: NamedTensorMap = {};
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor !== undefined) named[name] = tensor;
  }
  const { ones: defaults } = kernel.gradient ?? {};
  if (defaults && isRecording()) {
    for (const name in defaults) named[name] ??= madeOnes(defaults[name]?.(inputs, attrs) as number[]);
  }
  return engine().runKernel(kernel.name, named, attrs as { [name: string]: Attribute });
}
