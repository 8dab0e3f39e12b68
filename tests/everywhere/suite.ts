import * as tf from "@tensorflow/tfjs-core";
import { chosenWasmModule, unsupervisedAdaptiveNormalization } from "tfjs-uan";
import type { BackendInfo } from "../../runtimes/backends.js";
import type { Tolerance } from "./cases/case.js";
import { CASES } from "./cases/index.js";
import { KNOWN_FAULTS } from "./known.js";

/** What became of the cases on a backend. */
export interface Result {
  /** Of the runtime. */
  version: string;
  backend: BackendInfo;
  /** The binary of the library's that computes; none where TensorFlow.js's operations do. */
  binary?: string;
  /** Whether threads share the memory of tensors. */
  isMemoryShared: boolean;
  /** Whether what the library makes is on a GPU. */
  isOnGpu: boolean;
  tensorflow: string;
  passed: number;
  failed: { name: string; message: string }[];
  /** Cases that a fault of TensorFlow.js stands in the way of. */
  faults: { name: string; reason: string }[];
  /** What the library said to the console. */
  warnings: string[];
  seconds: number;
}

/** What spec.md wants. */
const EXACT: Tolerance = { value: 5e-5, gradient: 1e-4 };
/** Real GPUs have exponentials, logarithms and roots of their own, and no standard holds them to spec.md's accuracy. */
const OF_GPU: Tolerance = { value: 5e-4, gradient: 1e-3 };

/** The flag that has small tensors computed by TensorFlow.js's CPU code. */
const FORWARD: { [backend: string]: string } = { webgl: "WEBGL_CPU_FORWARD", webgpu: "WEBGPU_CPU_FORWARD" };

function versionOfRuntime(): string {
  const { Bun, Deno, process, navigator } = globalThis as unknown as {
    Bun?: { version: string };
    Deno?: { version: { deno: string } };
    process?: { versions: { node: string } };
    navigator?: { userAgent: string };
  };
  const ofBrowser = /Chrome\/(\d+)/.exec(navigator?.userAgent ?? "")?.[1];
  return Bun?.version ?? Deno?.version.deno ?? process?.versions.node ?? ofBrowser ?? "unknown";
}

/** TensorFlow.js keeps the memory of 'wasm' to itself. */
function isMemoryShared(): boolean {
  const { wasm } = tf.backend() as unknown as { wasm?: { wasmMemory?: WebAssembly.Memory } };
  return typeof SharedArrayBuffer !== "undefined" && wasm?.wasmMemory?.buffer instanceof SharedArrayBuffer;
}

/** What the library makes, and what TensorFlow.js would rather make itself: the data of other tensors it does not hand out. */
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
 * Runs the cases on a backend that has been started.
 *
 * @param only a part of the names of those that are wanted; default: all
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
  const start = performance.now();
  const shared = isMemoryShared();
  const result: Result = {
    version: versionOfRuntime(),
    backend,
    ...((name === "wasm" || name === "cpu") && { binary: chosenWasmModule(shared) }),
    isMemoryShared: shared,
    isOnGpu: isOnGpu(),
    tensorflow: tf.version_core,
    passed: 0,
    failed: [],
    faults: [],
    warnings,
    seconds: 0,
  };
  for (const each of CASES.filter((each) => each.name.includes(only))) {
    tf.engine().startScope();
    try {
      await each.run({ backend: name, tolerance: forward && !software ? OF_GPU : EXACT });
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
