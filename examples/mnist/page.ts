import type { BackendName } from "../../runtimes/backends.js";
import { startPageBackend } from "../../runtimes/pageBackend.js";
import type { Options } from "./options.js";
import { run } from "./run.js";
import type { Step } from "./train.js";

// The example in a page. As for its users, TensorFlow.js computes tensors of a few numbers on the CPU, even if its backend is a GPU.

declare global {
  /** Reports to the terminal, which defines it. */
  function onStep(step: Step): Promise<void>;
}

async function fetchFile(name: string): Promise<Uint8Array> {
  const response = await fetch(`/mnist/${name}`);
  if (!response.ok) throw new Error(`${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const mnist = {
  start: (backend: BackendName) => startPageBackend(backend),
  run: (options: Options) => run(options, fetchFile, { step: onStep }),
};

export type MnistPage = typeof mnist;

Object.assign(globalThis, { mnist });
