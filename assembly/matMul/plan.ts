import { COLUMNS, PANEL, packedTileBytes, ROWS, Steps } from "../simd/gemm";
import { aligned } from "../simd/vec";

// c = activation(a·b + bias), matrices or batches of them (docs/math.md, section 6.4).

/** Numbers of the shared axis that are summed before the sum is added to c: so errors do not grow with the axis. */
export const SHARED_BLOCK: u32 = 256;

/** Rows of a that panels of b are packed for, at most: their part of SHARED_BLOCK numbers stays in the second-level cache. */
export const ROW_BLOCK: u32 = 128;

export const RELU: u32 = 1;
export const RELU6: u32 = 2;
/** x, or where x < 0 its product with a slope. */
export const PRELU: u32 = 3;

/**
 * A product, as src/kernels/matMul.ts writes it: words, in this order. It has a batch axis after it for each of batchAxes.
 *
 * An operand's words are the bytes from one of its numbers to the next along an axis, 0 where it is repeated along it. c is
 * contiguous.
 */
@unmanaged
export class MatMulPlan {
  rows: u32;
  /** If it is 1, aShared and bShared are 4. */
  columns: u32;
  shared: u32;
  /** The rows of all matrices. */
  allRows: u32;
  /** Bytes from a row of c to the next. */
  cRow: u32;
  /** Bytes from the plan to the room for what the loops work in. Before it may be accumulators, float32 [rows, columns]. */
  scratch: u32;
  aRow: u32;
  aShared: u32;
  bShared: u32;
  bColumn: u32;
  biasRow: u32;
  biasColumn: u32;
  slopesRow: u32;
  slopesColumn: u32;
  /** 0 or one of the constants above. */
  activation: u32;
  /** float32: the slope, if `slopes` is 0. */
  slope: u32;
  batchAxes: u32;
}

/** An axis of the batch. The innermost is the first. */
@unmanaged
export class BatchAxis {
  size: u32;
  a: u32;
  b: u32;
  bias: u32;
  slopes: u32;
}

const STEPS: usize = 0;
const EDGE: usize = (offsetof<Steps>() + 15) & ~15;
const PANELS: usize = EDGE + ROWS * PANEL;
const PACKED_ROWS: usize = PANELS + 2 * SHARED_BLOCK * PANEL;

/** Bytes of a plan with its batch axes: accumulators follow. */
export function mat_mul_table_bytes(batchAxes: u32): usize {
  return aligned(offsetof<MatMulPlan>() + batchAxes * offsetof<BatchAxis>());
}

/** Whether rows of a are packed. Contiguous ones are read where they are. */
@inline export function packsRows(columns: u32, aShared: u32): bool {
  return aShared != 4 && columns > 2 * COLUMNS;
}

/** Bytes after it, for what is packed and a tile that is not whole. The arguments are a plan's. */
export function mat_mul_scratch_bytes(rows: u32, columns: u32, shared: u32, aShared: u32): usize {
  if (!packsRows(columns, aShared)) return PACKED_ROWS;
  return PACKED_ROWS + ((min(rows, ROW_BLOCK) + ROWS - 1) / ROWS) * packedTileBytes(min(shared, SHARED_BLOCK));
}

@inline export function batchAxis(plan: MatMulPlan, i: u32): BatchAxis {
  return changetype<BatchAxis>(changetype<usize>(plan) + offsetof<MatMulPlan>() + i * offsetof<BatchAxis>());
}
@inline export function accumulatorsOf(plan: MatMulPlan): usize {
  return changetype<usize>(plan) + mat_mul_table_bytes(plan.batchAxes);
}
@inline function scratchOf(plan: MatMulPlan): usize {
  return changetype<usize>(plan) + plan.scratch;
}
@inline export function stepsOf(plan: MatMulPlan): Steps {
  return changetype<Steps>(scratchOf(plan) + STEPS);
}
/** Room for a tile that is not whole. */
@inline export function edgeOf(plan: MatMulPlan): usize {
  return scratchOf(plan) + EDGE;
}
/** Room for two panels of b: COLUMNS numbers for each of SHARED_BLOCK. */
@inline export function panelsOf(plan: MatMulPlan): usize {
  return scratchOf(plan) + PANELS;
}
/** Room for packed rows of a. */
@inline export function packedRowsOf(plan: MatMulPlan): usize {
  return scratchOf(plan) + PACKED_ROWS;
}
