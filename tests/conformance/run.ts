import { fork, type StdioOptions } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { writeWhole } from "../../reporting/files.js";
import { ROOT } from "../../runtimes/project.js";
import type { Results, Task } from "./outcome.js";

const FOLDER = join(ROOT, "out/conformance");
const PROGRAM = join(FOLDER, "program.cjs");
/** For all tests of a process; they take some seconds. */
const LIMIT_MS = 120_000;

/** Bundles the program with the tests, the backends, and the library as it was built last. */
export async function bundleProgram(): Promise<void> {
  await build({
    entryPoints: [join(ROOT, "tests/conformance/program.ts")],
    outfile: PROGRAM,
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "cjs",
    mainFields: ["module", "main"], // the modules of TensorFlow.js that the tests import by relative paths
    conditions: ["import"],
    ignoreAnnotations: true, // "sideEffects" of tfjs-core does not name tests.js
    external: ["jasmine-core"],
    logLevel: "error",
  });
}

/** Runs tests in a process of their own. Files of that name in out/conformance keep the results and what was printed. */
export async function run(name: string, task: Task): Promise<Results> {
  const log = join(FOLDER, `${name}.log`);
  await mkdir(FOLDER, { recursive: true });
  const output = await open(log, "w");
  const results = await new Promise<Results>((resolve, reject) => {
    const stdio: StdioOptions = ["ignore", output.fd, output.fd, "ipc"];
    const child = fork(PROGRAM, { cwd: ROOT, execArgv: [], stdio, timeout: LIMIT_MS });
    child.once("message", resolve).once("error", reject);
    child.once("exit", (code, signal) => {
      const end = signal ? `${signal}, at the latest after ${LIMIT_MS / 1000} s` : `exit code ${code}`;
      reject(new Error(`${name}: wanted results, got ${end}; see ${log}`));
    });
    child.send(task);
  }).finally(() => output.close());
  await writeWhole(join(FOLDER, `${name}.json`), `${JSON.stringify(results, null, 1)}\n`);
  return results;
}
