import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import type { Setup } from "../runtimes/environment.js";
import { startNodeBackend } from "../runtimes/nodeBackend.js";
import { inChromium } from "../runtimes/program.js";
import { remote } from "../runtimes/remote.js";
import { prepare, runSection } from "./here.js";
import { compileMultiplyAdd } from "./kernels/compile.js";
import { CHROMIUM, NODE } from "./names.js";
import type { BenchPage } from "./page.js";
import type { ResultTable } from "./results.js";
import type { Care, Section } from "./section.js";
import type { Target } from "./target.js";
import { NO_BASELINE_COMPILER } from "./v8.js";

/** Runs sections on a target. */
export interface Runner extends Setup {
  run(section: Section, care: Care, progress: (step: string) => void): Promise<ResultTable[]>;
}

const PAGE = fileURLToPath(new URL("page.ts", import.meta.url));

async function withNode<T>({ backend, threads }: Target, use: (runner: Runner) => Promise<T>): Promise<T> {
  setFlagsFromString(NO_BASELINE_COMPILER);
  const setting = prepare(await startNodeBackend(backend, threads));
  return use({
    ...setting,
    runtime: { name: NODE, version: process.version },
    run: (section, care, progress) => runSection(section, setting, { ...care, threads, progress, compileMultiplyAdd }),
  });
}

function withPage<T>({ backend, isolated, threads }: Target, use: (runner: Runner) => Promise<T>): Promise<T> {
  const options = { isolated, softwareGpu: false, jsFlags: [NO_BASELINE_COMPILER], log: console.error };
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

export function withRunner<T>(target: Target, use: (runner: Runner) => Promise<T>): Promise<T> {
  return target.browser ? withPage(target, use) : withNode(target, use);
}
