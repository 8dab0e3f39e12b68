import { each } from "../shaders/mixture.js";
import { LANES, type WebGPUBackend, type Window } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { type Lanes, sumLanes } from "./walk.js";

// Sums along rows of a matrix in a shader: lanes beside each other share a row, and each takes several rows at once, for which it reads
// what belongs to a channel only once.

/** Lanes that share a row: what they read at once is a part of memory that comes at once. */
const ROW_LANES = 16;
/** Numbers that a lane adds up at a time, and then their sums. */
const STEPS = 64;

export const ROW_UNIFORMS = { rows: "u32", channels: "u32", lanes: "u32" } as const;

/** Values of the uniforms, and the work groups. @param together rows that a lane takes */
export function rowsOver(rows: number, channels: number, together: number) {
  const wanted = Math.min(Math.max(ROW_LANES, channels / STEPS), channels);
  const lanes = Math.min(2 ** Math.floor(Math.log2(wanted)), LANES);
  return { values: { rows, channels, lanes }, groups: Math.ceil((rows * lanes) / (LANES * together)) };
}

/**
 * Windows of the rows of matrices: the first of them has most. It is one where the device can give a shader all, and where it cannot even
 * give it as few rows as a window may have.
 *
 * @param columns of the widest matrix
 */
export function rowWindows(backend: WebGPUBackend, rows: number, columns: number) {
  const most = maxWindow(backend, columns);
  const isWhole = rows <= most || most * columns > maxWindow(backend);
  return Array.from({ length: isWhole ? 1 : Math.ceil(rows / most) }, (_, i) => {
    const first = i * most;
    const count = isWhole ? rows : Math.min(most, rows - first);
    const ofColumns = (width: number): Window => ({ first: width * first, count: width * count });
    return { first, rows: count, ofColumns };
  });
}

/** The i-th row of a lane. It may be behind the last one. */
export const rowOf = (i: number): string => `(firstRow + ${i}u * tiles)`;

/** The begin of a program's body: `lane` of the lanes of a row. */
export const rowsBegin = (together: number): string => /* wgsl */ `
  let tiles = ${LANES}u / uniforms.lanes;
  let tile = localIndex / uniforms.lanes;
  let lane = localIndex % uniforms.lanes;
  let firstRow = group * tiles * ${together}u + tile;
`;

const TILE_LANES: Lanes = { lanes: "uniforms.lanes", lane: "lane", channelLane: "tile", laneChannels: "tiles" };

/**
 * The array `sums` of sums over channels, `count` of them for each of a lane's rows.
 *
 * @param constants code for each `channel`
 * @param terms code that adds what the number at `at`, in a row, adds to `parts[…]`, the sums so far
 */
export const sumRows = (
  together: number,
  count: number,
  constants: string,
  terms: (row: number) => string,
): string => /* wgsl */ `
  var sums : array<f32, ${together * count}>;
  for (var begin = 0u; begin < uniforms.channels; begin += uniforms.lanes * ${STEPS}u) {
    // Without a value, it would keep the last one on SwiftShader.
    var parts = array<f32, ${together * count}>();
    let end = min(begin + uniforms.lanes * ${STEPS}u, uniforms.channels);
    for (var channel = begin + lane; channel < end; channel += uniforms.lanes) {
${constants}
${each(
  together,
  (row) => /* wgsl */ `      {
        let at = min(${rowOf(row)}, uniforms.rows - 1u) * uniforms.channels + channel;
${terms(row)}
      }`,
)}
    }
    ${Array.from({ length: together * count }, (_, i) => `sums[${i}] += parts[${i}];`).join(" ")}
  }
${sumLanes("sums", together * count, TILE_LANES)}
`;
