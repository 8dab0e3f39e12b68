import { type Contender, NORMALIZATION_TRAFFIC, type Pass } from "./contenders/contender.js";
import { makeProblem, type Problem } from "./problem.js";
import type { CaseLabel, ResultTable, Row } from "./results.js";
import { type Call, timeInRounds } from "./rounds.js";
import { timedRows } from "./rows.js";
import type { Context } from "./section.js";

export interface Case {
  /** Default: its shape. */
  name?: string;
  /** Its position on an axis of numbers. */
  x?: number;
  /** Channels last. */
  shape: number[];
  /** Default 3. */
  components?: number;
}

export interface Comparison {
  pass: Pass;
  /** The others are compared with the first. */
  contenders: Contender[];
}

export const shapeText = (shape: number[]) => `[${shape.join(", ")}]`;

/** Checks the contenders' values for a problem, and times them in rounds. */
async function compareOver(label: CaseLabel, problem: Problem, { pass, ...comparison }: Comparison, context: Context) {
  const contenders = comparison.contenders.filter(({ isFor }) => isFor?.(problem) ?? true);
  for (const { check } of contenders) await check?.(pass, problem);
  const together = contenders.filter(({ against }) => !against);
  const apart = contenders.flatMap((contender) => (contender.against ? [[contender.against, contender]] : []));
  const rows: Row[] = [];
  for (const group of [together, ...apart]) {
    const calls: Record<string, Call> = {};
    for (const contender of group) {
      const call = (await contender.calls(problem, context))[pass];
      if (call) calls[contender.name] = call;
    }
    // A contender that runs only beside another one is left out of passes that one of the two does not have.
    if (group !== together && Object.keys(calls).length < group.length) continue;
    const samples = await timeInRounds(calls, context.seconds, context.rounds);
    const size = (name: string) => {
      const tensors = contenders.find((contender) => contender.name === name)?.traffic?.[pass] ?? NORMALIZATION_TRAFFIC[pass];
      return { elements: problem.size, bytes: 4 * problem.size * tensors };
    };
    const found = timedRows(label, samples, (group[0] as Contender).name, size);
    // The contender that others run beside already has a row from the first group.
    rows.push(...found.filter(({ contender }) => !rows.some((row) => row.contender === contender)));
  }
  return rows;
}

/** A table of the cases that are not too large for the context. */
export async function compare(
  context: Context,
  { cases, pass, contenders, ...table }: Comparison & Omit<ResultTable, "rows"> & { cases: Case[] },
): Promise<ResultTable> {
  const rows: Row[] = [];
  const took = (contender: Contender) => rows.some((row) => row.contender === contender.name);
  for (const { name, x, shape, components = 3 } of cases) {
    if (shape.reduce((size, length) => size * length) > context.largest) continue;
    const label = { case: name ?? shapeText(shape), ...(x !== undefined && { x }) };
    context.progress(`${table.title}, ${label.case}`);
    const problem = makeProblem(shape, components);
    try {
      rows.push(...(await compareOver(label, problem, { pass, contenders }, context)));
    } finally {
      problem.dispose();
    }
  }
  const notes = [table.note, ...contenders.filter(took).map(({ note }) => note)].filter(Boolean);
  return { ...table, ...(notes.length > 0 && { note: notes.join(" ") }), rows };
}
