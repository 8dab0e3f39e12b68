import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../runtimes/backends.js";
import { startPageBackend } from "../runtimes/pageBackend.js";
import { prepare, runSection, type Setting } from "./here.js";
import type { ResultTable } from "./results.js";
import type { Care, Section } from "./section.js";
import { SECTIONS } from "./sections.js";

// The bench in a page.

declare global {
  /** Reports to the terminal, which defines this and the next function. */
  function onProgress(step: string): Promise<void>;
  function compileMultiplyAdd(): Promise<Uint8Array<ArrayBuffer>>;
}

let setting: Setting;

const bench = {
  async start(backend: BackendName, threads?: number): Promise<Setting> {
    // By default TensorFlow.js computes tensors of less than a thousand numbers on the CPU.
    for (const flag of ["WEBGL_CPU_FORWARD", "WEBGPU_CPU_FORWARD"]) tf.env().set(flag, false);
    setting = prepare(await startPageBackend(backend, threads));
    return setting;
  },
  run(name: string, care: Care): Promise<ResultTable[]> {
    const section = SECTIONS.find((section) => section.name === name) as Section;
    return runSection(section, setting, { ...care, progress: onProgress, compileMultiplyAdd });
  },
};

export type BenchPage = typeof bench;

Object.assign(globalThis, { bench });
