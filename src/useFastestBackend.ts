import {
  add,
  backend,
  findBackendFactory,
  getBackend,
  getKernelsForBackend,
  KernelBackend,
  removeBackend,
  tensor1d,
  tidy,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { argumentError, checkChoice, checkCount } from "./arguments.js";
import { NOT_COMPILED, refusalToCompile } from "./binary/module.js";
import { isShared } from "./binary/sharedMemory.js";
import { threadCountFor } from "./launch/workerPools.js";
import { builtinModule } from "./runtime/builtin.js";
import { provideDawn } from "./runtime/dawn.js";
import { checkWebgl, hasWebgpu, VENDORS, webglHardware, webgpuHardware } from "./runtime/graphics.js";
import { findInstalled, importInstalled, messageOf } from "./runtime/packages.js";
import { Refusal } from "./runtime/refusal.js";
import {
  DEFAULT_TIMEOUT,
  initializeBackend,
  initializeWasm,
  pendingInitialization,
  restoreBackend,
} from "./tensorflow/backends.js";
import type { NativeBackend } from "./tensorflow/native.js";
import { initializedBackend, inTurn, registerTheirs } from "./tensorflow/registerMade.js";
import {
  changeThreads,
  startThreadedBackend,
  THREADED_FACTORY,
  threadsOfBackend,
  type WasmPackage,
} from "./tensorflow/threadedBackend.js";
import { memoryOf } from "./tensorflow/wasmHeap.js";

/** A choice of useFastestBackend. "tfjs-node-gpu" and "tfjs-node" both have TensorFlow.js's name 'tensorflow'. */
export type BackendCandidate = "tfjs-node-gpu" | "webgpu" | "webgl" | "tfjs-node" | "wasm" | "cpu";

/** Options of {@link useFastestBackend}. */
export interface FastestBackendConfig {
  /** The candidates, the most wanted first. Default: tfjs-node-gpu, webgpu, webgl, tfjs-node, wasm, cpu. */
  order?: readonly BackendCandidate[];
  /**
   * How many threads compute on "wasm" in Node.js, Bun and Deno, as of `useThreadedBackend` of `tfjs-uan/threads`: an integer from 1
   * to 64; 1 for none but the caller's. Default: as many as the process may use cores, at most 8.
   */
  threads?: number;
  /**
   * How long a backend may take to start, in milliseconds: an integer of at least 1. Default 60,000. TensorFlow.js itself waits forever for a
   * file that setWasmPaths(…, true) names and that is missing, and for workers that a page's policy forbids.
   */
  timeout?: number;
  /** Whether every decision is logged to the console. Default false. A broken installation gives a warning in any case. */
  verbose?: boolean;
}

/** A candidate that was not chosen. */
export interface PassedOver {
  candidate: BackendCandidate;
  /** Why not. */
  reason: string;
  /** The error of a candidate that is there, but broken. */
  error?: Error;
}

/** What {@link useFastestBackend} has chosen. */
export interface FastestBackend {
  /** TensorFlow.js's name of the backend that is now in use. */
  backend: string;
  candidate: BackendCandidate;
  /** The device that it runs on. */
  reason: string;
  /** The candidates that were tried before it, in order. */
  tried: PassedOver[];
}

/** Each makes its backend the current one and says what that runs on; or it throws a Refusal, or the error that breaks it. */
const CANDIDATES: Record<
  BackendCandidate,
  (config: Required<Pick<FastestBackendConfig, "timeout" | "verbose">> & Pick<FastestBackendConfig, "threads">) => Promise<string>
> = {
  "tfjs-node-gpu": () => useNative("@tensorflow/tfjs-node-gpu", true),
  webgpu: async ({ timeout }) => {
    if (!hasWebgpu()) return useDawn(timeout);
    checkImported("webgpu");
    const hardware = await webgpuHardware();
    await initializeBackend("webgpu", timeout);
    return `WebGPU on ${hardware}`;
  },
  webgl: async ({ timeout }) => {
    checkWebgl();
    checkImported("webgl");
    const hardware = webglHardware();
    await initializeBackend("webgl", timeout);
    return `WebGL on ${hardware}`;
  },
  "tfjs-node": () => useNative("@tensorflow/tfjs-node", false),
  wasm: async ({ threads, timeout, verbose }) => {
    if (typeof WebAssembly === "undefined") throw new Refusal("there is no WebAssembly here");
    registerTheirs();
    provide("wasm", WASM_PACKAGE);
    const count = await inTurn(() =>
      startThreads(threads, (why) => verbose && console.log(`tfjs-uan: wasm has no threads: ${why}`)),
    );
    if (count > 1) return `WebAssembly on ${count} threads, ${kernels()}`;
    try {
      await initializeWasm(timeout);
    } catch (error) {
      const refusal = refusalToCompile(false);
      throw refusal === undefined ? error : new Refusal(`${NOT_COMPILED}: ${refusal}`);
    }
    return `WebAssembly, ${kernels()}`;
  },
  cpu: async () => {
    provide("cpu", "@tensorflow/tfjs-backend-cpu");
    await initializeBackend("cpu");
    return `JavaScript, ${kernels()}`;
  },
};

const WASM_PACKAGE = "@tensorflow/tfjs-backend-wasm";

/**
 * Starts threads over 'wasm', if they can be had.
 *
 * @param threads default: as many as there are, or as there are cores to use
 * @param refuse is told why there can be none, where nothing has failed
 * @returns how many compute. 1: 'wasm' is still to be initialized, if it was not.
 */
async function startThreads(threads: number | undefined, refuse: (why: string) => void): Promise<number> {
  const op = "useFastestBackend";
  const there = threadsOfBackend();
  if (there !== undefined) return changeThreads(op, threads ?? there);
  const count = threadCountFor(op, threads);
  const obstacle = count > 1 ? obstacleToThreads() : "there is one core to use, or one thread asked for";
  if (obstacle === undefined) {
    const load = (): [WasmPackage, unknown] => [importInstalled(WASM_PACKAGE) as WasmPackage, importInstalled(THREADED_FACTORY)];
    if (await startThreadedBackend(op, count, load)) return count;
  } else {
    refuse(obstacle);
  }
  return 1;
}

/** Why 'wasm' cannot have threads: only where its package is loaded as it is installed can a backend be made for it. */
function obstacleToThreads(): string | undefined {
  if (initializedBackend()) return "it is initialized already";
  if (!builtinModule("node:worker_threads")) return "only Node.js (from 20.16, before in CommonJS), Bun and Deno start them";
  const refusal = refusalToCompile(true);
  if (refusal !== undefined) return `${NOT_COMPILED}: ${refusal}`;
  try {
    const { isLoaded, requireIt } = findInstalled(WASM_PACKAGE);
    // To load it would register another copy's kernels.
    if (!isLoaded) return `${WASM_PACKAGE} is not loaded from where it is installed`;
    const { BackendWasm } = requireIt() as Partial<WasmPackage>;
    // Jest, for one, loads a copy for every test file.
    if (!(BackendWasm?.prototype instanceof KernelBackend)) return `${WASM_PACKAGE} is of another copy of TensorFlow.js`;
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What computes the library's operations on 'wasm' and 'cpu'. */
function kernels(): string {
  const refusal = refusalToCompile(isShared(memoryOf(backend())));
  if (refusal === undefined) return "with the kernels of tfjs-uan";
  return `without the kernels of tfjs-uan, since ${NOT_COMPILED}: ${refusal}`;
}

const NAMES = Object.keys(CANDIDATES) as BackendCandidate[];

let lastCall: Promise<unknown> = Promise.resolve();

/**
 * Puts the fastest backend that works here in use: in the order of trying
 *
 * - "tfjs-node-gpu", if it is installed and has found a GPU;
 * - "webgpu", then "webgl", if their packages are imported and the browser runs them on hardware, not in software; in Node.js
 *   "webgpu" also if the packages `webgpu` (Dawn) and @tensorflow/tfjs-backend-webgpu are installed, on a GPU of AMD, Apple, Intel or
 *   NVIDIA;
 * - "tfjs-node", if it is installed;
 * - "wasm", then "cpu", with this package's kernels, or, where WebAssembly cannot be compiled, without them: the reason says so. In
 *   Node.js, Bun and Deno "wasm" has threads (see `useThreadedBackend` of `tfjs-uan/threads`), unless it was initialized without them
 *   before; the reason says how many. Where they do not start there is a warning, and "wasm" has none.
 *
 * Backends of other names are not considered. One that is imported, or registered otherwise, is taken as it is. In Node.js (from
 * 20.16, and before in CommonJS), Bun and Deno those of @tensorflow/tfjs-node-gpu, -node, -backend-wasm and -backend-cpu that are installed are imported
 * when their turn comes: found from where this package is, or from the program that was started. In a browser nothing is. A native
 * TensorFlow has to add two numbers before it is chosen: that of 4.22 loads in Node.js 23 and later, but computes nothing there.
 *
 * On Dawn a process does not end by itself: call `process.exit()`, or `tf.backend().device.destroy()` once no tensor is needed any more.
 *
 * Calls wait for each other. A backend that does not start in time is passed over, with a warning. In a cross-origin isolated page whose
 * policy forbids workers from blobs, "wasm" starts without TensorFlow.js's threads, with a warning.
 *
 * @returns the choice with its reason, and the candidates before it with theirs
 * @throws where `order` is empty or names something else, or `threads` or `timeout` is none, before anything is tried; and where nothing in it works, with all the
 * reasons: then the backend that was in use still is
 */
export function useFastestBackend(config: FastestBackendConfig = {}): Promise<FastestBackend> {
  // Two at a time would each make the other's backend one that was "set in the meantime", and so failed.
  const call = lastCall.then(() => choose(config));
  lastCall = call.catch(() => {});
  return call;
}

function checkOrder(order: unknown): void {
  if (!Array.isArray(order) || order.length === 0) {
    const got = Array.isArray(order) ? "[]" : `'${order}'`;
    throw argumentError("useFastestBackend", "order", `list one or more of '${NAMES.join("', '")}'`, got);
  }
  for (const candidate of order) checkChoice("useFastestBackend", "order", candidate, NAMES);
}

async function choose({
  order = NAMES,
  threads,
  timeout = DEFAULT_TIMEOUT,
  verbose = false,
}: FastestBackendConfig): Promise<FastestBackend> {
  checkOrder(order);
  threadCountFor("useFastestBackend", threads);
  checkCount("useFastestBackend", "timeout", timeout);
  // A backend that somebody else has begun to initialize would replace the one that is chosen.
  await pendingInitialization(timeout);

  const before = getBackend();
  const tried: PassedOver[] = [];
  for (const candidate of new Set(order)) {
    try {
      const reason = await CANDIDATES[candidate]({ threads, timeout, verbose });
      if (verbose) console.log(`tfjs-uan: ${candidate} is chosen: ${reason}`);
      return { backend: getBackend(), candidate, reason, tried };
    } catch (error) {
      const reason = messageOf(error);
      const isBroken = !(error instanceof Refusal);
      tried.push({ candidate, reason, ...(isBroken && { error: asError(error) }) });
      if (isBroken) console.warn(`tfjs-uan: ${candidate} is broken: ${reason}`);
      else if (verbose) console.log(`tfjs-uan: ${candidate} is passed over: ${reason}`);
    }
  }
  await restoreBackend(before);
  const reasons = tried.map(({ candidate, reason }) => `\n  ${candidate}: ${reason}`);
  throw new Error(`useFastestBackend: none of the backends in 'order' works here${reasons.join("")}`);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown });
}

/** A browser's backends must be imported by the user: others are not in the bundle. */
function checkImported(name: "webgpu" | "webgl"): void {
  if (!findBackendFactory(name)) throw new Refusal(`@tensorflow/tfjs-backend-${name} is not imported`);
}

/** Imports the package that registers a backend, if the backend is not registered yet. */
function provide(name: string, packageName: string): void {
  if (findBackendFactory(name)) return;
  importInstalled(packageName);
  if (!findBackendFactory(name)) throw new Error(`${packageName} registered no backend '${name}' in this copy of TensorFlow.js`);
}

/** WebGPU out of the package `webgpu`. Where it is not chosen, nothing of it stays. */
async function useDawn(timeout: number): Promise<string> {
  const takeAway = provideDawn();
  const isThere = findBackendFactory("webgpu") !== null;
  try {
    const hardware = await webgpuHardware(VENDORS);
    // It looks for WebGPU when it is imported.
    provide("webgpu", "@tensorflow/tfjs-backend-webgpu");
    await initializeBackend("webgpu", timeout);
    return `WebGPU on ${hardware}`;
  } catch (error) {
    if (!isThere && findBackendFactory("webgpu")) removeBackend("webgpu");
    takeAway();
    throw error;
  }
}

/**
 * @tensorflow/tfjs-node and @tensorflow/tfjs-node-gpu register the same backend and the same kernels, so that a process can have
 * one of them: whichever is there is taken, and one that is imported here and broken is cleared away for the other.
 */
async function useNative(packageName: string, onGpu: boolean): Promise<string> {
  const isThere = findBackendFactory("tensorflow") !== null;
  const kernels = isThere ? [] : getKernelsForBackend("tensorflow").map(({ kernelName }) => kernelName);
  try {
    provide("tensorflow", packageName);
    await initializeBackend("tensorflow");
    const { isUsingGpuDevice, isGPUPackage } = backend() as NativeBackend;
    if (onGpu && !isUsingGpuDevice) throw new Refusal("the native TensorFlow that is loaded found no GPU, or is not for one");
    checkComputes();
    const device = isUsingGpuDevice ? "a GPU" : "the CPU";
    return `native TensorFlow on ${device}${isGPUPackage && !isUsingGpuDevice ? ", where tfjs-node-gpu found no GPU" : ""}`;
  } catch (error) {
    if (!isThere && !(error instanceof Refusal)) clearNative(kernels);
    throw error;
  }
}

function checkComputes(): void {
  let got: unknown;
  try {
    got = tidy(() => add(tensor1d([1]), tensor1d([2])).dataSync()[0]);
  } catch (error) {
    throw new Error(`native TensorFlow is loaded, but does not compute: ${messageOf(error)}`, { cause: error });
  }
  if (got !== 3) throw new Error(`native TensorFlow is loaded, but does not compute: 1 + 2 = ${got}`);
}

/** Removes what a native package registered before it broke, except the named kernels. */
function clearNative(kernels: string[]): void {
  if (findBackendFactory("tensorflow")) removeBackend("tensorflow");
  for (const { kernelName } of getKernelsForBackend("tensorflow")) {
    if (!kernels.includes(kernelName)) unregisterKernel(kernelName, "tensorflow");
  }
}
