import { KAPPA2 } from "../constants";
import { ACCUMULATOR, INVERSE, MixtureTable, SLOT, SLOTS } from "../mixture/table";
import { add, addTo, andnot, anyTrue, eq, loadVec, madd, mul, nmadd, splat, storeVec, sub, Vec } from "../simd/vec";
import { BLOCK_ROWS, D_TAU, evaluate, evaluateParts, ROW_SLOT, ROW_SLOTS, rowBytesOf, rowsOf, SUM, T, TAU, U } from "./rows";
import {
  FACTOR,
  GRAD_SLOT,
  gradSlots,
  HALF_SPREAD_PULL,
  isFar,
  MEAN_PULL,
  OF_SLOT,
  PER_T,
  SHIFT,
  SLOPE,
  SPREAD_OFFSET,
} from "./table";

// Gradients (docs/math.md, section 2.7). The first pass sums dy τ_k and dy τ_k u_k, of which G_k and H_k are multiples. With these, and
// δ_k = γ w_k dy − G_k/N_k − ½ u_k H_k/N_k, the second pass has
//
//     dτ_k = u_k δ_k + ½ V_k s_k² H_k/N_k          dℓ_k = τ_k (dτ_k − Σ_j τ_j dτ_j)
//     dx   = Σ_k [ τ_k s_k (δ_k − ½ u_k H_k/N_k) − dℓ_k t_k/(κ √v_k) ]
//
// and sums dℓ_k, dℓ_k t_k and dℓ_k t_k².

/** A visit of batch_moments_norm_grad_accumulate. */
export function accumulateGrad(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  stride: usize,
  rows: u32,
  weight: Vec,
): void {
  for (let i: u32 = 0; i < rows; i += BLOCK_ROWS) {
    const n = min(rows - i, BLOCK_ROWS);
    const others = evaluateAll(table, laneBlock, x, stride, n, weight);
    for (let k: u32 = 0; k < table.slots; k++) {
      addSums(table, laneBlock, k, T, dy, stride, n, others);
      if (anyTrue(others)) addSums(table, laneBlock, k, U, dy, stride, n, eq(others, splat(0)));
    }
    x += n * stride;
    dy += n * stride;
  }
}

/**
 * Stores τ and t of all slots, and u if it does not follow from t in all lanes.
 *
 * @returns a mask of the lanes where it does not
 */
function evaluateAll(table: MixtureTable, laneBlock: usize, x: usize, stride: usize, rows: u32, weight: Vec): Vec {
  const outOfRange = evaluate(table, laneBlock, x, stride, rows, weight);
  const others: Vec = isFar(laneBlock) ? eq(splat(0), splat(0)) : outOfRange;
  if (anyTrue(others)) evaluateParts(table, laneBlock, x, stride, rows);
  return others;
}

/**
 * Adds one component's sums of the first pass over `rows` rows.
 *
 * @param from T or U
 * @param others a mask of the lanes to which nothing is added
 */
function addSums(
  table: MixtureTable,
  laneBlock: usize,
  k: u32,
  from: usize,
  dy: usize,
  stride: usize,
  rows: u32,
  others: Vec,
): void {
  const slot = laneBlock + SLOTS + k * SLOT;
  const rowBytes = rowBytesOf(table);
  let row = rowsOf(table) + ROW_SLOTS + k * ROW_SLOT;
  let first: Vec = splat(0);
  let second: Vec = splat(0);
  do {
    const share = mul(loadVec(dy), loadVec(row + TAU));
    first = add(first, share);
    second = madd(share, loadVec(row + from), second);
    row += rowBytes;
    dy += stride;
  } while (--rows);
  if (from == T) second = madd(second, loadVec(slot + PER_T), mul(first, loadVec(slot + SHIFT)));
  const accumulator = laneBlock + table.accumulators + k * OF_SLOT;
  addTo(accumulator, andnot(first, others));
  addTo(accumulator + ACCUMULATOR, andnot(second, others));
}

/** A visit of batch_moments_norm_grad_apply. */
export function applyGrad(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  dx: usize,
  stride: usize,
  rows: u32,
  weight: Vec,
): void {
  for (let i: u32 = 0; i < rows; i += BLOCK_ROWS) {
    const n = min(rows - i, BLOCK_ROWS);
    const from = anyTrue(evaluateAll(table, laneBlock, x, stride, n, weight)) ? U : T;
    for (let k: u32 = 0; k < table.slots; k++) differentiate(table, laneBlock, k, from, dy, dx, stride, n);
    for (let k: u32 = 0; k < table.slots; k++) addGradients(table, laneBlock, k, dx, stride, n);
    x += n * stride;
    dy += n * stride;
    dx += n * stride;
  }
}

/** Stores dτ_k, and Σ τ_j dτ_j and dx up to this component, as if the densities were constant. */
function differentiate(
  table: MixtureTable,
  laneBlock: usize,
  k: u32,
  from: usize,
  dy: usize,
  dx: usize,
  stride: usize,
  rows: u32,
): void {
  const slot = laneBlock + SLOTS + k * SLOT;
  const gradSlot = gradSlots(table, laneBlock) + k * GRAD_SLOT;
  const slope = loadVec(gradSlot + SLOPE);
  const meanPull = loadVec(gradSlot + MEAN_PULL);
  const spreadPull = loadVec(gradSlot + HALF_SPREAD_PULL);
  const spreadOffset = loadVec(gradSlot + SPREAD_OFFSET);
  const perT: Vec = from == T ? loadVec(slot + PER_T) : splat(1);
  const shift: Vec = from == T ? loadVec(slot + SHIFT) : splat(0);
  const factor = loadVec(slot + FACTOR);
  const rowBytes = rowBytesOf(table);
  let row = rowsOf(table);
  do {
    const rowSlot = row + ROW_SLOTS + k * ROW_SLOT;
    const tau = loadVec(rowSlot + TAU);
    const u = madd(loadVec(rowSlot + from), perT, shift);
    const half = nmadd(u, spreadPull, sub(mul(slope, loadVec(dy)), meanPull));
    const dtau = madd(u, half, spreadOffset);
    const direct = mul(mul(tau, factor), nmadd(u, spreadPull, half));
    const share = mul(tau, dtau);
    storeVec(rowSlot + D_TAU, dtau);
    storeVec(row + SUM, k ? add(loadVec(row + SUM), share) : share);
    storeVec(dx, k ? add(loadVec(dx), direct) : direct);
    row += rowBytes;
    dy += stride;
    dx += stride;
  } while (--rows);
}

/** Adds one component's sums of the second pass, and what x does to its density to dx. */
function addGradients(table: MixtureTable, laneBlock: usize, k: u32, dx: usize, stride: usize, rows: u32): void {
  const score = mul(loadVec(laneBlock + SLOTS + k * SLOT + INVERSE), splat(<f32>(1 / KAPPA2)));
  const rowBytes = rowBytesOf(table);
  let row = rowsOf(table);
  let sum: Vec = splat(0);
  let first: Vec = splat(0);
  let second: Vec = splat(0);
  do {
    const rowSlot = row + ROW_SLOTS + k * ROW_SLOT;
    const t = loadVec(rowSlot + T);
    const d = mul(loadVec(rowSlot + TAU), sub(loadVec(rowSlot + D_TAU), loadVec(row + SUM)));
    const dt = mul(d, t);
    sum = add(sum, d);
    first = add(first, dt);
    second = madd(dt, t, second);
    storeVec(dx, nmadd(dt, score, loadVec(dx)));
    row += rowBytes;
    dx += stride;
  } while (--rows);
  const accumulator = laneBlock + table.accumulators + k * OF_SLOT;
  addTo(accumulator, sum);
  addTo(accumulator + ACCUMULATOR, first);
  addTo(accumulator + 2 * ACCUMULATOR, second);
}
