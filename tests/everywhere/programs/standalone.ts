import { createEngine } from "tfjs-uan/standalone";
import { gradients, normalize } from "../../../src/reference/mixture.js";
import { expectClose, expectCloseToLargest } from "../../helpers/closeness.js";
import { makeCase } from "../../helpers/problems.js";
import { RESULT } from "./result.js";

// Compares tfjs-uan/standalone with the reference, in a page or a terminal, before and after its threads have started.

async function check(threads: number): Promise<{ threads: number }> {
  const engine = createEngine({ threads });
  const problem = makeCase({ shape: [8, 30, 30, 12], components: 3 });
  const { x, mean, variance, prior, epsilon } = problem;
  const mixture = { mean, variance, prior };
  const dy = Float32Array.from(x, (_, i) => Math.sin(i));
  const y = normalize(problem);
  const expected = gradients(problem, dy);
  const compare = () => {
    expectClose(engine.normalize(x, mixture, { epsilon }), y, 5e-5);
    const found = engine.gradients(x, dy, mixture, { epsilon });
    for (const name of ["x", "mean", "variance", "prior"] as const) expectCloseToLargest(found[name], expected[name], 1e-4, name);
  };
  compare();
  while (engine.threads < threads) await new Promise((resolve) => setTimeout(resolve, 5));
  compare();
  const started = engine.threads;
  engine.dispose();
  return { threads: started };
}

const [threads] = globalThis.process?.argv.slice(2) ?? [];
if (threads) console.log(RESULT + JSON.stringify(await check(Number(threads))));
else Object.assign(globalThis, { check });
