import { ACCUMULATOR, INVERSE, MEAN, MixtureTable, SLOT, SLOTS } from "../mixture/table";
import {
  add,
  addAt,
  addTo,
  addWide,
  and,
  andnot,
  anyTrue,
  div,
  divWide,
  eq,
  gt,
  HALVES,
  loadVec,
  loadWide,
  madd,
  mul,
  mulWide,
  or,
  pmaxWide,
  select,
  splat,
  splatWide,
  storeVec,
  sub,
  subWide,
  VEC,
  Vec,
  WIDE,
  widen,
  withHalf,
} from "../simd/vec";
import { laneBlockAt, laneBlockCount } from "../simd/walk";
import { BLOCK_ROWS, evaluate, ROW_SLOT, ROW_SLOTS, rowBytesOf, rowsOf, T, TAU } from "./rows";
import { exchangeSlots, gatherRow, OF_SLOT, scatter, storeNormalizers, sumLanes } from "./table";

/** A component has moved far where the square of the mean of t is more than this of the mean of t². */
const MOVED: f32 = 0.8;

/** A visit of batch_moments_norm_accumulate. */
export function accumulate(table: MixtureTable, laneBlock: usize, x: usize, stride: usize, rows: u32, weight: Vec): void {
  for (let i: u32 = 0; i < rows; i += BLOCK_ROWS) {
    const n = min(rows - i, BLOCK_ROWS);
    const outOfRange = evaluate(table, laneBlock, x, stride, n, weight);
    for (let k: u32 = 0; k < table.slots; k++) {
      const others = addSums(table, laneBlock, k, n, outOfRange);
      if (anyTrue(others)) addSumsAboutMean(table, laneBlock, k, x, stride, n, others);
    }
    x += n * stride;
  }
}

/**
 * Adds one component's sums over `rows` rows: Στ, Στt and Στt². They are in float32, where t² does not keep the digits of the
 * deviation if the component has moved far.
 *
 * @param outOfRange a mask
 * @returns a mask of the lanes to which nothing is added: those where it has, or that are out of range
 */
function addSums(table: MixtureTable, laneBlock: usize, k: u32, rows: u32, outOfRange: Vec): Vec {
  const rowBytes = rowBytesOf(table);
  let row = rowsOf(table) + ROW_SLOTS + k * ROW_SLOT;
  let mass: Vec = splat(0);
  let first: Vec = splat(0);
  let second: Vec = splat(0);
  do {
    const tau = loadVec(row + TAU);
    const t = loadVec(row + T);
    const taut = mul(tau, t);
    mass = add(mass, tau);
    first = add(first, taut);
    second = madd(taut, t, second);
    row += rowBytes;
  } while (--rows);
  const others = or(outOfRange, gt(mul(first, first), mul(mul(splat(MOVED), mass), second)));
  const accumulator = laneBlock + table.accumulators + k * OF_SLOT;
  addTo(accumulator, andnot(mass, others));
  addTo(accumulator + ACCUMULATOR, andnot(first, others));
  addTo(accumulator + 2 * ACCUMULATOR, andnot(second, others));
  return others;
}

/** Adds the same sums in the lanes of a mask, taken of the distances from their mean, in x itself. */
function addSumsAboutMean(table: MixtureTable, laneBlock: usize, k: u32, x: usize, stride: usize, rows: u32, lanes: Vec): void {
  const slot = laneBlock + SLOTS + k * SLOT;
  const rowBytes = rowBytesOf(table);
  const mean = loadVec(slot + MEAN);
  let center = mean;
  let mass: Vec = splat(0);
  let first: Vec = splat(0);
  let second: Vec = splat(0);
  for (let pass = 0; pass < 2; pass++) {
    if (pass) center = select(add(mean, div(first, mass)), mean, gt(mass, splat(0)));
    let row = rowsOf(table) + ROW_SLOTS + k * ROW_SLOT;
    let p = x;
    mass = splat(0);
    first = splat(0);
    second = splat(0);
    for (let i: u32 = 0; i < rows; i++) {
      const tau = loadVec(row + TAU);
      const d = sub(loadVec(p), center);
      const taud = mul(tau, d);
      mass = add(mass, tau);
      first = add(first, taud);
      second = madd(taud, d, second);
      row += rowBytes;
      p += stride;
    }
  }
  mass = and(mass, lanes);
  first = and(first, lanes);
  second = and(second, lanes);
  center = select(center, mean, lanes);
  const accumulator = laneBlock + table.accumulators + k * OF_SLOT;
  const inverse = loadVec(slot + INVERSE);
  for (let half: u32 = 0; half < HALVES; half++) {
    const at = accumulator + half * WIDE;
    const perDistance = widen(inverse, half);
    const shift = subWide(widen(center, half), widen(mean, half));
    const ofShift = mulWide(widen(mass, half), shift);
    const f = widen(first, half);
    const square = addWide(widen(second, half), mulWide(shift, addWide(addWide(f, f), ofShift)));
    addAt(at, widen(mass, half));
    addAt(at + ACCUMULATOR, mulWide(addWide(f, ofShift), perDistance));
    addAt(at + 2 * ACCUMULATOR, mulWide(square, mulWide(perDistance, perDistance)));
  }
}

/**
 * Mass, mean and variance of the batch, as mixture_moments_finalize has them, and what the mean lost when it was rounded. Stores the
 * constants of batch_moments_norm_apply.
 *
 * @param at a table after batch_moments_norm_accumulate
 * @param variance float32 [components, channels], as for mixture_prepare
 * @param weights float32 [components]: the priors, or 0: equal weights
 * @param priorMass float32, or 0: none
 * @param movingMean, movingVariance float32 [components, channels], or 0 where there is no prior mass
 * @param mass, batchMean, batchVariance, residual float32 [components, channels]
 */
export function batch_moments_norm_finalize(
  at: usize,
  variance: usize,
  weights: usize,
  priorMass: usize,
  movingMean: usize,
  movingVariance: usize,
  mass: usize,
  batchMean: usize,
  batchVariance: usize,
  residual: usize,
  epsilon: f64,
): void {
  const table = changetype<MixtureTable>(at);
  sumLanes(table);
  const results = at + table.scratch;
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    for (let k: u32 = 0; k < table.components; k++) storeMoments(table, laneBlock, k, results + k * RESULT);
    exchangeSlots(table, laneBlock, results, RESULT, RESULT);
    for (let k: u32 = 0; k < table.components; k++) {
      const result = results + k * RESULT;
      const old = gatherRow(table, block, variance, k);
      storeVec(result + VEC, select(old, loadVec(result + VEC), eq(loadVec(result), splat(0))));
      scatter(table, block, mass, k, result);
      scatter(table, block, batchVariance, k, result + VEC);
      scatter(table, block, batchMean, k, result + 2 * VEC);
      scatter(table, block, residual, k, result + 3 * VEC);
    }
  }
  // biome-ignore format: one line
  storeNormalizers(table, weights, mass, batchMean, batchVariance, residual, priorMass, movingMean, movingVariance, epsilon, false);
}

/** Bytes of a slot's results: mass, variance, mean and residual. */
const RESULT: usize = 4 * VEC;

/** Stores a slot's mass, variance, mean and residual. Without mass, the variance is 0, and the mean is μ. */
function storeMoments(table: MixtureTable, laneBlock: usize, k: u32, result: usize): void {
  const accumulator = laneBlock + table.accumulators + k * OF_SLOT;
  const slot = laneBlock + SLOTS + k * SLOT;
  const mean = loadVec(slot + MEAN);
  const inverse = loadVec(slot + INVERSE);
  let mass: Vec = splat(0);
  let variance: Vec = splat(0);
  let center: Vec = splat(0);
  let residual: Vec = splat(0);
  for (let half: u32 = 0; half < HALVES; half++) {
    const at = accumulator + half * WIDE;
    const n = loadWide(at);
    const perT = divWide(splatWide(1), widen(inverse, half));
    const one = divWide(splatWide(1), pmaxWide(n, splatWide(<f64>f32.MIN_NORMAL_VALUE)));
    const t = mulWide(loadWide(at + ACCUMULATOR), one);
    const square = subWide(mulWide(loadWide(at + 2 * ACCUMULATOR), one), mulWide(t, t));
    const e = addWide(widen(mean, half), mulWide(t, perT));
    mass = withHalf(mass, half, n);
    variance = withHalf(variance, half, pmaxWide(mulWide(square, mulWide(perT, perT)), splatWide(0)));
    center = withHalf(center, half, e);
    residual = withHalf(residual, half, subWide(e, widen(center, half)));
  }
  storeVec(result, mass);
  storeVec(result + VEC, variance);
  storeVec(result + 2 * VEC, center);
  storeVec(result + 3 * VEC, residual);
}
