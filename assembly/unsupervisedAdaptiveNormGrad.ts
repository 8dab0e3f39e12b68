import { KAPPA2 } from "./constants";
import { mixtureOutOfRange, responsibilitiesOutOfRange, wideConstant, wideDistance } from "./mixture/outOfRange";
import {
  ACCUMULATOR,
  accumulatorsOf,
  EXP2,
  exchanged,
  GAIN,
  INVERSE,
  LIMIT,
  LOG,
  laneOf,
  MEAN,
  MixtureTable,
  PULL,
  REFERENCE,
  SCALE,
  SCORE,
  SCRATCH_ROWS,
  SLOT,
  SLOTS,
} from "./mixture/table";
import { exp2 } from "./simd/exp2";
import {
  add,
  addAt,
  addWide,
  and,
  andnot,
  anyTrue,
  div,
  gt,
  HALVES,
  loadVec,
  loadWide,
  madd,
  mul,
  mulWide,
  nmadd,
  pmax,
  select,
  splat,
  splatWide,
  storeVec,
  sub,
  subWide,
  VEC,
  Vec,
  WIDE,
  Wide,
  widen,
  withHalf,
} from "./simd/vec";
import { walk } from "./simd/walk";

// Gradients of section 1 of spec.md. With u_k = dy τ_k, P_k = u_k (g_k − y) and what table.ts names:
//
//     M_k  = γ (u_k/√(λ_k v_k) − P_k z_k/√v_k)        dx = Σ_k M_k
//     dμ_k = −ΣM_k    dσ²_k = γ (ΣP_k z_k² − ΣP_k − Σu_k g_k)/(2 v_k)     dλ_k = Σ_c γ (ΣP_k − ½ Σu_k g_k)/λ_k
//     dγ   = Σ_k Σu_k g_k     dβ = Σdy
//
// so that four sums a component, and one more, carry all the parameters' gradients; and as Σ_k P_k = 0, the reference
// component needs no sum of P. y here is without gamma and beta. The formula "ucb" differs in the end only: there −ΣP_k is no
// part of dσ²_k, and dλ_k is 0.

/** Accumulators for each slot, of M, P (not slot 0), P t² and u g; before them one, of dy. */
const SLOT_ACCUMULATORS: u32 = 4;

// A block of rows is taken through two steps, each of short chains of instructions so that many are under way at once.
// For each row of a block, in the table's scratch: y and w = dy/Σe, then e and t of every slot.
@inline function rowBytes(slots: u32): usize {
  return 2 * VEC + 2 * slots * VEC;
}

@unmanaged
class Backward {
  visit(at: usize, laneBlock: usize, x: usize, dy: usize, dx: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const slots = table.slots;
    const kept = at + table.scratch;
    const row = rowBytes(slots);
    for (let i: u32 = 0; i < rows; i += SCRATCH_ROWS) {
      const n = min(rows - i, SCRATCH_ROWS);
      const isInRange = responsibilities(table, laneBlock, x, dy, stride, n, kept, row, false);
      if (!isInRange) responsibilities(table, laneBlock, x, dy, stride, n, kept, row, true);
      const accumulators = laneBlock + table.accumulators + ACCUMULATOR;
      // dx adds up in place of the reference's e, which is 1 and was not written, and goes to its tensor with the last component.
      const part = kept + 2 * VEC;
      const last = slots - 1;
      gradients(laneBlock + SLOTS, accumulators, kept, part, row, last ? part : dx, last ? row : stride, n, true);
      for (let k: u32 = 1; k < slots; k++) {
        const slot = laneBlock + SLOTS + k * SLOT;
        const et = part + 2 * k * VEC;
        gradients(
          slot,
          accumulators + SLOT_ACCUMULATORS * k * ACCUMULATOR,
          kept,
          et,
          row,
          k < last ? part : dx,
          k < last ? row : stride,
          n,
          false,
        );
      }
      if (!isInRange) gradientsOutOfRange(table, laneBlock, x, dy, dx, stride, n);
      x += n * stride;
      dy += n * stride;
      dx += n * stride;
    }
  }
}

/**
 * Exponentials, distances, y and w of `rows` rows, and their sum of dy.
 *
 * @param mask whether to leave out lanes that are out of range
 * @returns whether all is done: false without a mask where a lane is out of range
 */
@inline function responsibilities(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  stride: usize,
  rows: u32,
  kept: usize,
  row: usize,
  mask: bool,
): bool {
  const slots = laneBlock + SLOTS;
  const end = slots + table.slots * SLOT;
  const mean = loadVec(slots + MEAN);
  const inverse = loadVec(slots + INVERSE);
  const gain = loadVec(slots + GAIN);
  const limit = loadVec(laneBlock + LIMIT);
  const exps = changetype<usize>(table) + EXP2;
  let most: Vec = splat(0);
  let total: Vec = splat(0);
  for (let i: u32 = 0; i < rows; i++) {
    let v = loadVec(x);
    let d = loadVec(dy);
    let t0 = mul(sub(v, mean), inverse);
    let square = mul(t0, t0);
    if (mask) {
      const outOfRange = gt(square, limit);
      v = select(mean, v, outOfRange);
      d = andnot(d, outOfRange);
      t0 = andnot(t0, outOfRange);
      square = andnot(square, outOfRange);
    }
    most = pmax(most, square);
    total = add(total, d);
    let q = kept + 2 * VEC;
    storeVec(q + VEC, t0);
    let density: Vec = splat(1);
    let sum = mul(t0, gain);
    for (let slot = slots + SLOT; slot < end; slot += SLOT) {
      q += 2 * VEC;
      const t = mul(sub(v, loadVec(slot + MEAN)), loadVec(slot + INVERSE));
      const e = exp2(nmadd(t, t, add(loadVec(slot + LOG), square)), exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      storeVec(q, e);
      storeVec(q + VEC, t);
    }
    const one = div(splat(1), density);
    storeVec(kept, mul(sum, one));
    storeVec(kept + VEC, mul(d, one));
    kept += row;
    x += stride;
    dy += stride;
  }
  if (anyTrue(gt(most, limit))) return false;
  addTo(laneBlock + table.accumulators, total);
  return true;
}

/** One component's sums over `rows` rows; its part of dx, and those that were kept of the components before, into `dx`. */
@inline function gradients(
  slot: usize,
  accumulators: usize,
  kept: usize,
  et: usize,
  row: usize,
  dx: usize,
  step: usize,
  rows: u32,
  isReference: bool,
): void {
  const gain = loadVec(slot + GAIN);
  const pull = loadVec(slot + PULL);
  const score = loadVec(slot + SCORE);
  let sumM: Vec = splat(0);
  let sumP: Vec = splat(0);
  let sumPtt: Vec = splat(0);
  let sumUg: Vec = splat(0);
  for (let i: u32 = 0; i < rows; i++) {
    const t = loadVec(et + VEC);
    const w = loadVec(kept + VEC);
    const u = isReference ? w : mul(loadVec(et), w);
    const g = mul(t, gain);
    const p = mul(u, sub(g, loadVec(kept)));
    const pt = mul(p, t);
    const m = nmadd(pt, score, mul(u, pull));
    sumM = add(sumM, m);
    if (!isReference) sumP = add(sumP, p);
    sumPtt = madd(pt, t, sumPtt);
    sumUg = madd(u, g, sumUg);
    storeVec(dx, isReference ? m : add(loadVec(kept + 2 * VEC), m));
    kept += row;
    et += row;
    dx += step;
  }
  addTo(accumulators, sumM);
  if (!isReference) addTo(accumulators + ACCUMULATOR, sumP);
  addTo(accumulators + 2 * ACCUMULATOR, sumPtt);
  addTo(accumulators + 3 * ACCUMULATOR, sumUg);
}

/** Adds a vector to an accumulator. */
@inline function addTo(accumulator: usize, v: Vec): void {
  for (let half: u32 = 0; half < HALVES; half++) addAt(accumulator + half * WIDE, widen(v, half));
}

/** The lanes that are out of range (see mixture/table.ts), in float64. */
function gradientsOutOfRange(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  dx: usize,
  stride: usize,
  rows: u32,
): void {
  const limit = loadVec(laneBlock + LIMIT);
  const mean = loadVec(laneBlock + SLOTS + MEAN);
  const inverse = loadVec(laneBlock + SLOTS + INVERSE);
  for (let i: u32 = 0; i < rows; i++) {
    const v = loadVec(x);
    const t0 = mul(sub(v, mean), inverse);
    const outOfRange = gt(mul(t0, t0), limit);
    if (anyTrue(outOfRange)) {
      let r: Vec = splat(0);
      for (let half: u32 = 0; half < HALVES; half++) {
        r = withHalf(
          r,
          half,
          halfGradientsOutOfRange(table, laneBlock, widen(v, half), widen(and(loadVec(dy), outOfRange), half), half),
        );
      }
      storeVec(dx, select(r, loadVec(dx), outOfRange));
    }
    x += stride;
    dy += stride;
    dx += stride;
  }
}

/** dx of half the lanes; adds to the accumulators. */
function halfGradientsOutOfRange(table: MixtureTable, laneBlock: usize, x: Wide, dy: Wide, half: u32): Wide {
  const tau = changetype<usize>(table) + table.scratch;
  responsibilitiesOutOfRange(table, laneBlock, x, half, tau);
  const y = mixtureOutOfRange(table, laneBlock, x, half, tau);
  let pull: Wide = splatWide(0);
  let accumulator = laneBlock + table.accumulators + half * WIDE;
  addAt(accumulator, dy);
  accumulator += ACCUMULATOR;
  for (let k: u32 = 0; k < table.slots; k++) {
    const t = wideDistance(laneBlock, k, x, half);
    const u = mulWide(dy, loadWide(tau + k * WIDE));
    const g = mulWide(t, wideConstant(laneBlock, k, GAIN, half));
    const p = mulWide(u, subWide(g, y));
    const pt = mulWide(p, t);
    const m = subWide(mulWide(u, wideConstant(laneBlock, k, PULL, half)), mulWide(pt, wideConstant(laneBlock, k, SCORE, half)));
    pull = addWide(pull, m);
    addAt(accumulator, m);
    addAt(accumulator + ACCUMULATOR, p);
    addAt(accumulator + 2 * ACCUMULATOR, mulWide(pt, t));
    addAt(accumulator + 3 * ACCUMULATOR, mulWide(u, g));
    accumulator += SLOT_ACCUMULATORS * ACCUMULATOR;
  }
  return pull;
}

/** The number of accumulators in uan_grad_apply's table. */
export function uan_grad_accumulator_count(slots: u32): u32 {
  return 1 + SLOT_ACCUMULATORS * slots;
}

/**
 * dx of `count` activations, from the `start`-th of their tensor on; adds to the table's accumulators.
 *
 * @param at a table with gains as they are and uan_grad_accumulator_count
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function uan_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  walk<Backward>(changetype<MixtureTable>(at), x, dy, dx, 4, start, count);
}

/**
 * The parameters' gradients out of the accumulators.
 *
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function uan_grad_finalize(at: usize, dmean: usize, dvariance: usize, dprior: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<MixtureTable>(at);
  const channels = table.channels;
  const components = table.components;
  const priors = at + table.scratch;
  memory.fill(priors, 0, components << 3);
  for (let c: u32 = 0; c < channels; c++) {
    const lane = laneOf(table, c);
    const accumulators = accumulatorsOf(table, c);
    const scale = <f64>load<f32>(lane + SCALE);
    const reference = <u32>load<f32>(lane + REFERENCE);
    let dscale: f64 = 0;
    let others: f64 = 0;
    for (let slot: u32 = 1; slot < table.slots; slot++)
      others += load<f64>(accumulators + (2 + SLOT_ACCUMULATORS * slot) * ACCUMULATOR);
    store<f64>(accumulators + 2 * ACCUMULATOR, -others);
    for (let k: u32 = 0; k < components; k++) {
      const slot = exchanged(k, reference);
      const inverse = <f64>load<f32>(lane + SLOTS + slot * SLOT + INVERSE);
      const first = accumulators + (1 + SLOT_ACCUMULATORS * slot) * ACCUMULATOR;
      const p = table.ucb ? 0 : load<f64>(first + ACCUMULATOR);
      const ug = load<f64>(first + 3 * ACCUMULATOR);
      const out = (<usize>(k * channels + c)) << 2;
      store<f32>(dmean + out, <f32>-load<f64>(first));
      // 1/v = inverse²/κ²
      const variance = ((load<f64>(first + 2 * ACCUMULATOR) / KAPPA2 - p - ug) * inverse * inverse) / (2 * KAPPA2);
      store<f32>(dvariance + out, <f32>(scale * variance));
      store<f64>(priors + ((<usize>k) << 3), load<f64>(priors + ((<usize>k) << 3)) + scale * (p - 0.5 * ug));
      dscale += ug;
    }
    store<f32>(dgamma + ((<usize>c) << 2), <f32>dscale);
    store<f32>(dbeta + ((<usize>c) << 2), <f32>load<f64>(accumulators));
  }
  if (table.ucb) {
    memory.fill(dprior, 0, (<usize>components) << 2);
    return;
  }
  const lane = laneOf(table, 0);
  for (let k: u32 = 0; k < components; k++) {
    // 1/λ = κ² gain², the same in every channel
    const slot = exchanged(k, <u32>load<f32>(lane + REFERENCE));
    const gain = <f64>load<f32>(lane + SLOTS + slot * SLOT + GAIN);
    store<f32>(dprior + ((<usize>k) << 2), <f32>(load<f64>(priors + ((<usize>k) << 3)) * KAPPA2 * gain * gain));
  }
}
