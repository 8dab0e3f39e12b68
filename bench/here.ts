import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { chosenWasmModule, setKernelReplacement } from "tfjs-uan";
import { type BackendInfo, isSynchronous } from "../runtimes/backends.js";
import { isShared } from "../src/binary/sharedMemory.js";
import { memoryOf } from "../src/tensorflow/wasmHeap.js";
import type { ResultTable } from "./results.js";
import type { Context, Section } from "./section.js";

/** The backend that sections run on. */
export interface Setting {
  backend: BackendInfo;
  /** The binary of the library that runs, if any. */
  binary: string | undefined;
}

/** Prepares the started backend for measurements. */
export function prepare(backend: BackendInfo): Setting {
  setKernelReplacement(false);
  return { backend, binary: isSynchronous(backend.name) ? chosenWasmModule(isShared(memoryOf(tf.backend()))) : undefined };
}

/** Runs a section on the started backend, also if the section before has changed the backend. */
export async function runSection({ run }: Section, { backend }: Setting, context: Context): Promise<ResultTable[]> {
  await tf.setBackend(backend.name);
  return run(context);
}
