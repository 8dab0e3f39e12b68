import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { chosenWasmModule, setKernelReplacement } from "tfjs-uan";
import { type BackendInfo, isSynchronous } from "../runtimes/backends.js";
import { isShared } from "../src/binary/sharedMemory.js";
import { memoryOf } from "../src/tensorflow/wasmHeap.js";
import type { ResultTable } from "./results.js";
import type { Context, Section } from "./section.js";

/** What sections run on. */
export interface Setting {
  backend: BackendInfo;
  /** Which of the library's binaries runs; undefined where none does. */
  binary: string | undefined;
}

/** Makes the backend that has been started ready to be measured. */
export function prepare(backend: BackendInfo): Setting {
  setKernelReplacement(false);
  return { backend, binary: isSynchronous(backend.name) ? chosenWasmModule(isShared(memoryOf(tf.backend()))) : undefined };
}

/** Runs a section on the backend that has been started, whatever the one before has left in use. */
export async function runSection({ run }: Section, { backend }: Setting, context: Context): Promise<ResultTable[]> {
  await tf.setBackend(backend.name);
  return run(context);
}
