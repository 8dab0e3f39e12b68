import { shapeText } from "../comparison.js";
import { batchNorm } from "../contenders/batchNorm.js";
import { composedUan } from "../contenders/composedUan.js";
import type { Pass } from "../contenders/contender.js";
import { uan } from "../contenders/uan.js";
import { peakHeap } from "../heap.js";
import { makeProblem } from "../problem.js";
import type { ResultTable, Row } from "../results.js";
import type { Context, Section } from "../section.js";

const SHAPES = [
  [1, 56, 56, 64],
  [128, 256],
];
const CONTENDERS = [batchNorm, uan, composedUan];
const PASSES: Record<Pass, string> = { forward: "forward", training: "forward and backward" };
/** The outputs of a pass in tensors of x's size: y, and in training dx. */
const OUTPUTS: Record<Pass, number> = { forward: 1, training: 2 };
const OUTPUT = "the outputs alone";

async function rowsOf(shape: number[], pass: Pass, context: Context): Promise<Row[]> {
  const problem = makeProblem(shape, 3);
  const label = { case: shapeText(shape) };
  const outputs = 4 * problem.size * OUTPUTS[pass];
  const rows: Row[] = [{ ...label, contender: OUTPUT, quantity: { value: outputs, unit: "bytes" } }];
  for (const { name, calls } of CONTENDERS) {
    const call = (await calls(problem, context))[pass];
    if (!call) continue;
    const value = await peakHeap(call);
    const times = value / outputs;
    const ratio = { to: OUTPUT, median: times, low: times, high: times };
    rows.push({ ...label, contender: name, quantity: { value, unit: "bytes" }, ratio });
  }
  problem.dispose();
  return rows;
}

export const memory: Section = {
  name: "memory",
  question: "How much memory does a call take?",
  backends: ["wasm"],
  async run(context) {
    const note =
      "K = 3. The most bytes that a call holds in the backend's heap, outputs included, in addition to what was allocated before. " +
      "Allocations within the backend's own kernels are not counted.";
    const tables: ResultTable[] = [];
    for (const [pass, title] of Object.entries(PASSES)) {
      const rows: Row[] = [];
      for (const shape of SHAPES) rows.push(...(await rowsOf(shape, pass as Pass, context)));
      tables.push({ title, axis: "activations", note, rows });
    }
    return tables;
  },
};
