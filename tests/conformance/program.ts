// Runs the tests of @tensorflow/tfjs-core in a process of its own: it receives a task and sends the results. run.ts bundles it, for two
// reasons: Node.js cannot load the published tests, whose imports have no file extensions; and the tests, the backends and the library
// must share one copy of tfjs-core.

import { join } from "node:path";
import jasmineCore from "jasmine-core";
import { generator } from "../../learning/random.js";
import { type Outcome, type Results, type Task, testNames } from "./outcome.js";

/** For one test: what TensorFlow.js sets, but in another copy of Jasmine. */
const TIMEOUT_MS = 20_000;
/** Some messages hold whole tensors. */
const MAX_MESSAGE_LENGTH = 500;

/** Imports TensorFlow.js, the library if the task wants it, and the tests. @returns the number of the backend's kernels */
async function load({ backend, library }: Task): Promise<number> {
  const { getKernelsForBackend } = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js");
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  if (backend === "wasm") {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(join(process.cwd(), "node_modules/@tensorflow/tfjs-backend-wasm/dist/"));
  } else {
    await import("@tensorflow/tfjs-backend-cpu");
  }
  if (library) await import("tfjs-uan");
  const { setTestEnvs } = await import("@tensorflow/tfjs-core/dist/jasmine_util.js");
  setTestEnvs([{ name: `test-${backend}`, backendName: backend, isDataSync: true }]);
  await import("@tensorflow/tfjs-core/dist/tests.js");
  return getKernelsForBackend(backend).length;
}

function outcome(status: Outcome["status"], [failure]: { message: string }[]): Outcome {
  return { status, ...(failure && { message: failure.message.slice(0, MAX_MESSAGE_LENGTH) }) };
}

async function run(task: Task): Promise<Results> {
  const jasmine = jasmineCore.boot(jasmineCore);
  jasmine.DEFAULT_TIMEOUT_INTERVAL = TIMEOUT_MS;
  Math.random = generator(1); // the same numbers in every process
  const kernelCount = await load(task);
  const env = jasmine.getEnv();
  const names = testNames(env.topSuite());
  const only = task.only && new Set(task.only);
  const nameOf = (id: string) => names.get(id) as string;
  const outcomes: Results["outcomes"] = {};
  env.configure({ random: false, specFilter: ({ id }) => only?.has(nameOf(id)) ?? true });
  env.addReporter({
    specDone({ id, status, failedExpectations }) {
      if (status !== "excluded") outcomes[nameOf(id)] = outcome(status, failedExpectations);
    },
    suiteDone({ fullName, failedExpectations }) {
      if (failedExpectations.length > 0) outcomes[fullName] = outcome("failed", failedExpectations);
    },
  });
  const { incompleteReason, failedExpectations } = await env.execute();
  const fault = incompleteReason ?? failedExpectations[0]?.message;
  if (fault) throw new Error(`the tests did not run as a whole: ${fault}`);
  return { kernelCount, outcomes };
}

process.once("message", async (task: Task) => {
  const results = await run(task);
  process.send?.(results, () => process.exit());
});
