import type { TensorInfo } from "@tensorflow/tfjs-core";
import { LANES, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { sumLanes, TREE } from "./walk.js";

/** The sums of the rows of a matrix [rows, columns], a work group for each. */
const program = {
  key: "row sums",
  inputs: ["terms"],
  outputs: ["totals"],
  uniforms: { rows: "u32", columns: "u32" },
  declarations: () => TREE,
  body: () => /* wgsl */ `
  let row = group;
  var sums : array<f32, 1>;
  if (row < uniforms.rows) {
    for (var column = localIndex; column < uniforms.columns; column += ${LANES}u) {
      sums[0] += terms[row * uniforms.columns + column];
    }
  }
${sumLanes("sums", 1, { lanes: `${LANES}u`, lane: "localIndex", channelLane: "0u", laneChannels: "1u" })}
  if (row < uniforms.rows && localIndex == 0u) {
    totals[row] = sums[0];
  }`,
} as const satisfies Program<"terms", "totals", "rows" | "columns">;

/** The sums of the rows of `terms`, [rows, columns], by one dispatch. */
export const rowSums = (backend: WebGPUBackend, terms: TensorInfo, rows: number, columns: number): TensorInfo =>
  runProgram(backend, program, rows, { terms }, { rows, columns }, { totals: [rows] }).totals;
