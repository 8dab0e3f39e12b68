import {
  COLUMNS,
  gemmColumnTile,
  gemmRow,
  gemmTiles,
  PANEL,
  packedTileBytes,
  packPanels,
  packRows,
  ROWS,
  ROWS_BYTES,
} from "../simd/gemm";
import { add, LANES, loadVec, storeVec, VEC } from "../simd/vec";
import { finish } from "./finish";
import {
  accumulatorsOf,
  batchAxis,
  edgeOf,
  MatMulPlan,
  packedRowsOf,
  packsRows,
  panelsOf,
  ROW_BLOCK,
  SHARED_BLOCK,
  stepsOf,
} from "./plan";

/** Rows that are computed one by one, if the columns of b are contiguous. */
const MAX_SINGLE_ROWS: u32 = 2;
/** Rows for which b is not packed, but read where it is, if its columns are contiguous. */
const MAX_UNPACKED_ROWS: u32 = 12;
/** Rows of b that are a multiple of this apart fall into the same cache sets. Then more than ROWS rows are worth packing it. */
const CACHE_BYTES: u32 = 4096;
/** Numbers of a row that are summed at a time: as many as the room for panels holds. */
const MAX_SUMS: u32 = 2 * SHARED_BLOCK * COLUMNS;
/** Multiplications of matrices that are done before anything is packed. */
const MAX_PLAIN: u32 = 64;

/**
 * Some rows of c = activation(a·b + bias).
 *
 * @param at a MatMulPlan
 * @param a, b, bias, slopes as the plan describes them. bias may be 0: none. So may slopes: the plan's slope
 * @param start, count of the rows of all matrices
 */
export function mat_mul_apply(at: usize, a: usize, b: usize, bias: usize, slopes: usize, c: usize, start: u32, count: u32): void {
  const plan = changetype<MatMulPlan>(at);
  if (slopes == 0) slopes = at + offsetof<MatMulPlan>("slope");
  c += <usize>start * plan.cRow;
  for (let row = start; count != 0; ) {
    let matrix = row / plan.rows;
    const first = row % plan.rows;
    const rows = min(plan.rows - first, count);
    let ofA = a + first * plan.aRow;
    let ofB = b;
    let ofBias = bias + first * plan.biasRow;
    let ofSlopes = slopes + first * plan.slopesRow;
    for (let i: u32 = 0; i < plan.batchAxes; i++) {
      const axis = batchAxis(plan, i);
      const index = matrix % axis.size;
      ofA += index * axis.a;
      ofB += index * axis.b;
      ofBias += index * axis.bias;
      ofSlopes += index * axis.slopes;
      matrix /= axis.size;
    }
    const allColumns = plan.cRow >> 2;
    if (allColumns == 1) multiplyColumn(plan, ofA, ofB, c, rows);
    else if (<u64>plan.rows * allColumns * plan.shared <= MAX_PLAIN) multiplyPlainly(plan, ofA, ofB, c, rows);
    else if (plan.rows <= MAX_SINGLE_ROWS && plan.bColumn == 4 && plan.aShared == 4) multiplyRows(plan, ofA, ofB, c, rows);
    else multiply(plan, ofA, ofB, c, rows, false);
    if (bias != 0 || plan.activation != 0) finish(plan, c, rows, bias == 0 ? 0 : ofBias, ofSlopes);
    c += <usize>rows * plan.cRow;
    row += rows;
    count -= rows;
  }
}

/**
 * Some columns of it, more than one if c has.
 *
 * @param at, a, b, bias, slopes, c as for mat_mul_apply
 * @param start, count of the columns
 */
export function mat_mul_columns_apply(
  at: usize,
  a: usize,
  b: usize,
  bias: usize,
  slopes: usize,
  c: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<MatMulPlan>(at);
  const columns = plan.columns;
  plan.columns = count;
  if (bias != 0) bias += start * plan.biasColumn;
  if (slopes != 0) slopes += start * plan.slopesColumn;
  mat_mul_apply(at, a, b + start * plan.bColumn, bias, slopes, c + ((<usize>start) << 2), 0, plan.allRows);
  plan.columns = columns;
}

/**
 * Adds the products of some columns of a and rows of b to the accumulators.
 *
 * @param at a MatMulPlan without a batch, of a product with more than one column
 * @param a, b the first of them
 * @param _start columns of a before them
 * @param count of the columns
 */
export function mat_mul_accumulate(at: usize, a: usize, b: usize, _start: u32, count: u32): void {
  const plan = changetype<MatMulPlan>(at);
  const shared = plan.shared;
  plan.shared = count;
  multiply(plan, a, b, accumulatorsOf(plan), plan.rows, true);
  plan.shared = shared;
}

/** Sets the accumulators to zero. */
export function mat_mul_reset(at: usize): void {
  const plan = changetype<MatMulPlan>(at);
  memory.fill(accumulatorsOf(plan), 0, <usize>plan.rows * plan.cRow);
}

/** Adds another plan's accumulators. */
export function mat_mul_merge(at: usize, other: usize): void {
  const plan = changetype<MatMulPlan>(at);
  addNumbers(accumulatorsOf(plan), accumulatorsOf(changetype<MatMulPlan>(other)), plan.rows * plan.columns);
}

/** c = activation(the accumulators + bias). The arguments are those of mat_mul_apply. */
export function mat_mul_finalize(at: usize, bias: usize, slopes: usize, c: usize): void {
  const plan = changetype<MatMulPlan>(at);
  memory.copy(c, accumulatorsOf(plan), <usize>plan.rows * plan.cRow);
  if (slopes == 0) slopes = at + offsetof<MatMulPlan>("slope");
  if (bias != 0 || plan.activation != 0) finish(plan, c, plan.rows, bias, slopes);
}

/** Rows of c = a·b, or c + a·b. */
function multiply(plan: MatMulPlan, a: usize, b: usize, c: usize, rows: u32, accumulate: bool): void {
  const steps = stepsOf(plan);
  const columns = plan.columns;
  const shared = plan.shared;
  const cRow = <usize>plan.cRow;
  const packs = plan.bColumn != 4 || rows > (plan.bShared % CACHE_BYTES == 0 ? ROWS : MAX_UNPACKED_ROWS);
  const edge = edgeOf(plan);
  const packsA = packsRows(columns, plan.aShared);
  steps.segments = 1;
  // Blocks of about the same height, of whole tiles.
  const block = roundUp(ceilDiv(rows, ceilDiv(rows, ROW_BLOCK)), ROWS);
  for (let first: u32 = 0; first < rows; first += block) {
    const height = min(block, rows - first);
    const ofC = c + first * cRow;
    // Without shared numbers, one empty product writes zeros.
    let k: u32 = 0;
    do {
      const length = min(SHARED_BLOCK, shared - k);
      const ofB = b + <usize>k * plan.bShared;
      let ofA = a + <usize>first * plan.aRow + <usize>k * plan.aShared;
      let row = <usize>plan.aRow;
      let tile = ROWS * row;
      steps.length = length;
      steps.step = plan.aShared;
      if (packsA) {
        packRows(ofA, plan.aShared, length, height, packedRowsOf(plan));
        ofA = packedRowsOf(plan);
        row = 4;
        tile = packedTileBytes(length);
        steps.step = <u32>ROWS_BYTES;
      }
      for (let j: u32 = 0; j < columns; j += 2 * COLUMNS) {
        const width = min<u32>(2 * COLUMNS, columns - j);
        let panel = ofB + <usize>j * plan.bColumn;
        let panelStep = <usize>plan.bShared;
        let second = panel + PANEL;
        if (packs || width % COLUMNS != 0) {
          packPanels(panel, plan.bShared, plan.bColumn, length, width, panelsOf(plan));
          panel = panelsOf(plan);
          panelStep = PANEL;
          second = panel + length * PANEL;
        }
        const to = ofC + (j << 2);
        const adds = accumulate || k != 0;
        gemmTiles(steps, ofA, row, tile, panel, panelStep, to, cRow, height, min(COLUMNS, width), adds, edge);
        if (width > COLUMNS) {
          gemmTiles(steps, ofA, row, tile, second, panelStep, to + PANEL, cRow, height, width - COLUMNS, adds, edge);
        }
      }
      k += length;
    } while (k < shared);
  }
}

/** Rows of c, one by one. */
function multiplyRows(plan: MatMulPlan, a: usize, b: usize, c: usize, rows: u32): void {
  const sums = panelsOf(plan);
  for (; rows != 0; rows--, a += plan.aRow, c += plan.cRow) {
    for (let j: u32 = 0; j < plan.columns; j += MAX_SUMS) {
      const columns = min(MAX_SUMS, plan.columns - j);
      const ofB = b + ((<usize>j) << 2);
      const ofC = c + ((<usize>j) << 2);
      gemmRow(min(SHARED_BLOCK, plan.shared), a, ofB, plan.bShared, ofC, columns);
      for (let k = SHARED_BLOCK; k < plan.shared; k += SHARED_BLOCK) {
        const length = min(SHARED_BLOCK, plan.shared - k);
        gemmRow(length, a + ((<usize>k) << 2), ofB + <usize>k * plan.bShared, plan.bShared, sums, columns);
        addNumbers(ofC, sums, columns);
      }
    }
  }
}

/** Adds numbers to others. */
export function addNumbers(to: usize, from: usize, count: u32): void {
  const bytes = (<usize>count) << 2;
  let q: usize = 0;
  for (; q + VEC <= bytes; q += VEC) storeVec(to + q, add(loadVec(to + q), loadVec(from + q)));
  for (; q < bytes; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(from + q));
}

/** The only column of c. */
function multiplyColumn(plan: MatMulPlan, a: usize, b: usize, c: usize, rows: u32): void {
  const steps = stepsOf(plan);
  const shared = plan.shared;
  steps.segments = 1;
  for (let i: u32 = 0; i < rows; i += ROWS) {
    const ofA = a + <usize>i * plan.aRow;
    let k: u32 = 0;
    do {
      const length = min(SHARED_BLOCK * LANES, shared - k);
      const from = (<usize>k) << 2;
      steps.length = length;
      gemmColumnTile(steps, ofA + from, plan.aRow, b + from, c + ((<usize>i) << 2), 4, min(ROWS, rows - i), k != 0);
      k += length;
    } while (k < shared);
  }
}

/** A small product. */
function multiplyPlainly(plan: MatMulPlan, a: usize, b: usize, c: usize, rows: u32): void {
  for (; rows != 0; rows--, a += plan.aRow, c += plan.cRow) {
    let ofB = b;
    for (let j: u32 = 0; j < plan.columns; j++, ofB += plan.bColumn) {
      let sum: f32 = 0;
      let p = a;
      let q = ofB;
      for (let k = plan.shared; k != 0; k--, p += plan.aShared, q += plan.bShared) sum += load<f32>(p) * load<f32>(q);
      store<f32>(c + ((<usize>j) << 2), sum);
    }
  }
}

@inline function ceilDiv(a: u32, b: u32): u32 {
  return (a + b - 1) / b;
}
@inline function roundUp(a: u32, b: u32): u32 {
  return ceilDiv(a, b) * b;
}
