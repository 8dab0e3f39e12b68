import { type Case, compare } from "./comparison.js";
import { batchNorm } from "./contenders/batchNorm.js";
import { uan } from "./contenders/uan.js";
import type { ResultTable } from "./results.js";
import type { Context } from "./section.js";

/** Compares UAN with batch normalization: a table for the forward pass, and one for forward and backward pass. */
export async function comparePasses(context: Context, table: Pick<ResultTable, "axis" | "note"> & { cases: Case[] }) {
  const contenders = [batchNorm, uan];
  return [
    await compare(context, { title: "forward", pass: "forward", contenders, ...table }),
    await compare(context, { title: "forward and backward", pass: "training", contenders, ...table }),
  ];
}
