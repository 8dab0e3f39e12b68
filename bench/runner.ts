import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import type { BackendName } from "../runtimes/backends.js";
import { startNodeBackend } from "../runtimes/nodeBackend.js";
import { inChromium } from "../runtimes/program.js";
import { remote } from "../runtimes/remote.js";
import { prepare, runSection, type Setting } from "./here.js";
import { compileMultiplyAdd } from "./kernels/compile.js";
import { CHROMIUM, NODE } from "./names.js";
import type { BenchPage } from "./page.js";
import type { Report, ResultTable } from "./results.js";
import type { Care, Section } from "./section.js";

export interface Place {
  backend: BackendName;
  /** In Chromium rather than in Node.js. */
  browser: boolean;
  /** Its page is cross-origin isolated: TensorFlow.js takes its threaded build. */
  isolated: boolean;
  /** How many that has. Default: TensorFlow.js's choice, one for every two cores. */
  threads?: number;
}

/** Runs sections in a place. */
export interface Runner extends Setting {
  runtime: Report["runtime"];
  run(section: Section, care: Care, progress: (step: string) => void): Promise<ResultTable[]>;
}

/** V8 sometimes keeps to the code of its first, quick compiler for minutes: then tf.conv2d is half as fast. */
const NO_FIRST_COMPILER = "--no-liftoff";

const PAGE = fileURLToPath(new URL("page.ts", import.meta.url));

async function withNode<T>(backend: BackendName, use: (runner: Runner) => Promise<T>): Promise<T> {
  setFlagsFromString(NO_FIRST_COMPILER);
  const setting = prepare(await startNodeBackend(backend));
  return use({
    ...setting,
    runtime: { name: NODE, version: process.version },
    run: (section, care, progress) => runSection(section, setting, { ...care, progress, compileMultiplyAdd }),
  });
}

function withPage<T>({ backend, isolated, threads }: Place, use: (runner: Runner) => Promise<T>): Promise<T> {
  const options = { isolated, softwareGpu: false, jsFlags: [NO_FIRST_COMPILER], log: console.error };
  return inChromium(PAGE, options, async (page) => {
    const bench = remote<BenchPage>(page, "bench");
    let onProgress = (_step: string) => {};
    await page.exposeFunction("onProgress", (step: string) => onProgress(step));
    await page.exposeFunction("compileMultiplyAdd", compileMultiplyAdd);
    return use({
      ...(await bench.start(backend, threads)),
      runtime: { name: CHROMIUM, version: page.context().browser()?.version() ?? "" },
      run({ name }, care, progress) {
        onProgress = progress;
        return bench.run(name, care);
      },
    });
  });
}

export function withRunner<T>(place: Place, use: (runner: Runner) => Promise<T>): Promise<T> {
  return place.browser ? withPage(place, use) : withNode(place.backend, use);
}
