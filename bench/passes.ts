import { type Case, compare } from "./comparison.js";
import { batchNorm } from "./contenders/batchNorm.js";
import { uan } from "./contenders/uan.js";
import type { ResultTable } from "./results.js";
import type { Context } from "./section.js";

/** UAN against batch normalization: a table of the forward pass, one of forward and backward. */
export async function comparePasses(context: Context, table: Pick<ResultTable, "axis" | "note"> & { cases: Case[] }) {
  const contenders = [batchNorm, uan];
  return [
    await compare(context, { title: "forward", pass: "forward", contenders, ...table }),
    await compare(context, { title: "forward and backward", pass: "training", contenders, ...table }),
  ];
}
