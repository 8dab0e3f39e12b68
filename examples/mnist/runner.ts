import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { useFastestBackend } from "tfjs-uan";
import { mnistFolder } from "../../learning/data/mnist.js";
import { type BackendInfo, type BackendName, isOfPages } from "../../runtimes/backends.js";
import type { Environment } from "../../runtimes/environment.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { inChromium } from "../../runtimes/program.js";
import { remote } from "../../runtimes/remote.js";
import { startBackend } from "../../runtimes/startBackend.js";
import type { Options } from "./options.js";
import type { MnistPage } from "./page.js";
import { run } from "./run.js";
import type { Result, Step } from "./train.js";

/** Trains networks on a backend that has been started, in Node.js or in Chromium. */
export interface Runner {
  backend: BackendInfo;
  runtime: Environment["runtime"];
  train(options: Options, onStep: (step: Step) => void): Promise<Result[]>;
}

const PAGE = fileURLToPath(new URL("page.ts", import.meta.url));

async function startFastest(): Promise<BackendInfo> {
  const { backend, reason } = await useFastestBackend();
  const info = await startBackend(backend as BackendName);
  return backend === "tensorflow" ? { ...info, device: reason } : info;
}

/** What a runner is started for. */
export type Target = Pick<Options, "backend" | "threads">;

async function inNode<T>({ backend, threads }: Target, use: (runner: Runner) => Promise<T>): Promise<T> {
  const folder = mnistFolder();
  const read = (file: string) => readFile(join(folder, file));
  return use({
    backend: await (backend === "fastest" ? startFastest() : startNodeBackend(backend, threads)),
    runtime: { name: "Node.js", version: process.version },
    // A pause lets Node.js redraw the progress bar and handle Ctrl-C.
    train: (options, onStep) => run(options, read, { step: onStep, pause: () => setImmediate() }),
  });
}

function inPage<T>(name: BackendName, use: (runner: Runner) => Promise<T>): Promise<T> {
  const options = { softwareGpu: false, folders: { "/mnist/": mnistFolder() }, log: console.error };
  return inChromium(PAGE, options, async (page) => {
    const mnist = remote<MnistPage>(page, "mnist");
    let onStep = (_step: Step) => {};
    await page.exposeFunction("onStep", (step: Step) => onStep(step));
    return use({
      backend: await mnist.start(name),
      runtime: { name: "Chromium", version: page.context().browser()?.version() ?? "" },
      train(options, tell) {
        onStep = tell;
        return mnist.run(options);
      },
    });
  });
}

/** Starts a backend in Node.js or, where only a page has it, in Chromium. */
export function withRunner<T>(target: Target, use: (runner: Runner) => Promise<T>): Promise<T> {
  const { backend } = target;
  return backend !== "fastest" && isOfPages(backend) ? inPage(backend, use) : inNode(target, use);
}
