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
import { batchAxis, edgeOf, MatMulPlan, packedRowsOf, packsRows, panelsOf, ROW_BLOCK, SHARED_BLOCK, stepsOf } from "./plan";

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
 * @param c the first of the rows
 * @param start numbers of c before them
 * @param count numbers in them
 */
export function mat_mul_apply(at: usize, a: usize, b: usize, bias: usize, slopes: usize, c: usize, start: u32, count: u32): void {
  const plan = changetype<MatMulPlan>(at);
  if (slopes == 0) slopes = at + offsetof<MatMulPlan>("slope");
  let row = start / plan.columns;
  for (let left = count / plan.columns; left != 0; ) {
    let matrix = row / plan.rows;
    const first = row % plan.rows;
    const rows = min(plan.rows - first, left);
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
    if (plan.columns == 1) multiplyColumn(plan, ofA, ofB, c, rows);
    else if (<u64>plan.rows * plan.columns * plan.shared <= MAX_PLAIN) multiplyPlainly(plan, ofA, ofB, c, rows);
    else if (plan.rows <= MAX_SINGLE_ROWS && plan.bColumn == 4 && plan.aShared == 4) multiplyRows(plan, ofA, ofB, c, rows);
    else multiply(plan, ofA, ofB, c, rows);
    if (bias != 0 || plan.activation != 0) finish(plan, c, rows, bias == 0 ? 0 : ofBias, ofSlopes);
    c += (<usize>rows * plan.columns) << 2;
    row += rows;
    left -= rows;
  }
}

function multiply(plan: MatMulPlan, a: usize, b: usize, c: usize, rows: u32): void {
  const steps = stepsOf(plan);
  const columns = plan.columns;
  const shared = plan.shared;
  const cRow = (<usize>columns) << 2;
  const packs = plan.bColumn != 4 || rows > (plan.bShared % CACHE_BYTES == 0 ? ROWS : MAX_UNPACKED_ROWS);
  const edge = edgeOf(plan);
  const packsA = packsRows(columns, plan.aShared);
  steps.segments = 1;
  for (let first: u32 = 0; first < rows; first += ROW_BLOCK) {
    const height = min(ROW_BLOCK, rows - first);
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
        const adds = k != 0;
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
  for (; rows != 0; rows--, a += plan.aRow, c += (<usize>plan.columns) << 2) {
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

@inline function addNumbers(to: usize, from: usize, count: u32): void {
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
  for (; rows != 0; rows--, a += plan.aRow) {
    let ofB = b;
    for (let j = plan.columns; j != 0; j--, ofB += plan.bColumn, c += 4) {
      let sum: f32 = 0;
      let p = a;
      let q = ofB;
      for (let k = plan.shared; k != 0; k--, p += plan.aShared, q += plan.bShared) sum += load<f32>(p) * load<f32>(q);
      store<f32>(c, sum);
    }
  }
}
