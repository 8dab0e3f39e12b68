import * as tf from "@tensorflow/tfjs-core";
import { chosenWasmModule, unsupervisedAdaptiveNormalization } from "tfjs-uan";
import type { BackendInfo } from "../../runtimes/backends.js";
import { webgpuFaults } from "../helpers/webgpuFaults.js";
import { CASES } from "./cases/index.js";
import { KNOWN_FAULTS } from "./known.js";

/** The results of the cases on a backend. */
export interface Result {
  /** The version of the runtime. */
  version: string;
  backend: BackendInfo;
  /** The binary of the library that computes; undefined if TensorFlow.js's operations do. */
  binary?: string;
  /** Whether threads share the memory of tensors. */
  isMemoryShared: boolean;
  /** Whether the library's results are on a GPU. */
  isOnGpu: boolean;
  tensorflow: string;
  passed: number;
  failed: { name: string; message: string }[];
  /** Cases that fail because of a fault of TensorFlow.js. */
  faults: { name: string; reason: string }[];
  /** The library's messages on the console. */
  warnings: string[];
  seconds: number;
}

/** docs/math.md, section 8. */
const EXACT = { value: 5e-5, gradient: 1e-4 };
/**
 * How many times as large errors may be on real GPUs, which have their own exponentials, logarithms and roots. No standard requires the
 * accuracy of docs/math.md, section 8.
 */
const LEEWAY_OF_GPU = 10;

/** The flags by which TensorFlow.js computes small tensors on the CPU. */
const FORWARD: { [backend: string]: string } = { webgl: "WEBGL_CPU_FORWARD", webgpu: "WEBGPU_CPU_FORWARD" };

function versionOfRuntime(): string {
  const { Bun, Deno, process, navigator } = globalThis as unknown as {
    Bun?: { version: string };
    Deno?: { version: { deno: string } };
    process?: { versions: { node: string } };
    navigator?: { userAgent: string };
  };
  const ofBrowser = /(?:Chrome|Firefox)\/(\d+)/.exec(navigator?.userAgent ?? "")?.[1];
  return Bun?.version ?? Deno?.version.deno ?? process?.versions.node ?? ofBrowser ?? "unknown";
}

/** The memory of 'wasm' is private to TensorFlow.js. */
function isMemoryShared(): boolean {
  const { wasm } = tf.backend() as unknown as { wasm?: { wasmMemory?: WebAssembly.Memory } };
  return typeof SharedArrayBuffer !== "undefined" && wasm?.wasmMemory?.buffer instanceof SharedArrayBuffer;
}

/** Whether native TensorFlow computes on the CPU. */
function isNativeCpu(): boolean {
  return (tf.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === false;
}

/** Whether data on a GPU can be read from a result of the library, and from one that TensorFlow.js likes to compute on the CPU. */
function isOnGpu(): boolean {
  return tf.tidy(() => {
    const ours = unsupervisedAdaptiveNormalization(tf.ones([2, 3]), [[0, 0, 0]], [[1, 1, 1]], [1]);
    const small = tf.add(tf.tensor1d([1]), 1);
    try {
      for (const tensor of [ours, small]) tensor.dataToGPU().tensorRef.dispose();
      return true;
    } catch {
      return false;
    }
  });
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0] as string;

/**
 * Runs the cases on a started backend.
 *
 * @param only selects the cases whose names contain it; default: all
 */
export async function runSuite(backend: BackendInfo, only = ""): Promise<Result> {
  const { name, software } = backend;
  const forward = FORWARD[name];
  if (forward) tf.env().set(forward, false);
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (...texts) => {
    if (String(texts[0]).startsWith("tfjs-uan")) warnings.push(texts.join(" "));
  };
  const leeway = forward && !software ? LEEWAY_OF_GPU : 1;
  const tolerance = { value: leeway * EXACT.value, gradient: leeway * EXACT.gradient };
  const start = performance.now();
  const shared = isMemoryShared();
  const result: Result = {
    version: versionOfRuntime(),
    backend,
    ...((name === "wasm" || name === "cpu" || isNativeCpu()) && { binary: chosenWasmModule(shared) }),
    isMemoryShared: shared,
    isOnGpu: isOnGpu(),
    tensorflow: tf.version_core,
    passed: 0,
    failed: [],
    faults: [],
    warnings,
    seconds: 0,
  };
  const faults = webgpuFaults();
  for (const each of CASES.filter((each) => each.name.includes(only))) {
    tf.engine().startScope();
    try {
      await each.run({ backend: name, leeway, tolerance });
      if (faults.length > 0) throw new Error(faults.splice(0).join("; "));
      result.passed++;
    } catch (error) {
      const fault = KNOWN_FAULTS.find(({ backends, cases }) => backends.includes(name) && cases.test(each.name));
      if (fault) result.faults.push({ name: each.name, reason: fault.reason });
      else result.failed.push({ name: each.name, message: firstLine(error) });
    } finally {
      tf.engine().endScope();
    }
  }
  result.seconds = Math.round((performance.now() - start) / 100) / 10;
  console.warn = warn;
  return result;
}
