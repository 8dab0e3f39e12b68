import { responsibilities } from "./mixture/responsibilities";
import { ACCUMULATOR, accumulatorsOf, exchanged, laneOf, MEAN, MixtureTable, REFERENCE, SLOT, SLOTS } from "./mixture/table";
import { addAt, HALVES, loadVec, mulWide, sub, VEC, Vec, WIDE, widen } from "./simd/vec";
import { walk } from "./simd/walk";

// Moments about the mean μ_k of each component: with d = x − μ_k and n = Στ, the new mean is m = μ + Στd/n, and the new variance
// Στd²/n − (m − μ)². Products and sums are in float64, so that the difference keeps its digits where a component has moved far.

/** The number of a slot's accumulators: Στ, Στd and Στd². */
const SLOT_ACCUMULATORS: u32 = 3;

@unmanaged
class MomentsAccumulate {
  visit(at: usize, laneBlock: usize, x: usize, _b: usize, _out: usize, stride: usize, rows: u32, weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    for (let i: u32 = 0; i < rows; i++) {
      const v = loadVec(x);
      responsibilities(table, laneBlock, v, weight);
      for (let k: u32 = 0; k < table.components; k++) accumulate(table, laneBlock, v, k);
      x += stride;
    }
  }
}

/** Adds a vector's part to the accumulators of slot k. */
@inline function accumulate(table: MixtureTable, laneBlock: usize, v: Vec, k: u32): void {
  const tau = loadVec(changetype<usize>(table) + table.scratch + k * VEC);
  const d = sub(v, loadVec(laneBlock + SLOTS + k * SLOT + MEAN));
  const accumulator = laneBlock + table.accumulators + SLOT_ACCUMULATORS * k * ACCUMULATOR;
  accumulateHalf(accumulator, tau, d, 0);
  if (HALVES > 1) accumulateHalf(accumulator + WIDE, tau, d, 1);
}

@inline function accumulateHalf(accumulator: usize, tau: Vec, d: Vec, half: u32): void {
  const share = widen(tau, half);
  const distance = widen(d, half);
  const first = mulWide(share, distance);
  addAt(accumulator, share);
  addAt(accumulator + ACCUMULATOR, first);
  addAt(accumulator + 2 * ACCUMULATOR, mulWide(first, distance));
}

/** The number of accumulators in the table of mixture_moments_accumulate. */
export function mixture_moments_accumulator_count(components: u32): u32 {
  return SLOT_ACCUMULATORS * components;
}

/**
 * Adds `count` activations, from number `start` of their tensor on, to the accumulators.
 *
 * @param at a table with mixture_moments_accumulator_count accumulators
 * @param x float32 [count]
 */
export function mixture_moments_accumulate(at: usize, x: usize, start: u32, count: u32): void {
  walk<MomentsAccumulate>(changetype<MixtureTable>(at), x, 0, 0, 0, start, count);
}

/** Turns a component's sums into its mass, mean and variance, in their place. Without mass, it keeps this mean and variance. */
export function sumsToMoments(sums: usize, mean: f64, variance: f64): void {
  const n = load<f64>(sums);
  if (n > 0 || isNaN(n)) {
    const shift = load<f64>(sums + ACCUMULATOR) / n;
    store<f64>(sums + ACCUMULATOR, mean + shift);
    store<f64>(sums + 2 * ACCUMULATOR, max(load<f64>(sums + 2 * ACCUMULATOR) / n - shift * shift, 0));
  } else {
    store<f64>(sums + ACCUMULATOR, mean);
    store<f64>(sums + 2 * ACCUMULATOR, variance);
  }
}

/**
 * Mass, mean and variance (docs/math.md, section 3), out of the accumulators. A component without mass keeps its mean and its
 * variance.
 *
 * @param at a table after mixture_moments_accumulate
 * @param mean, variance float32 [components, channels], as for mixture_prepare
 * @param mass, newMean, newVariance float32 [components, channels]
 */
export function mixture_moments_finalize(
  at: usize,
  mean: usize,
  variance: usize,
  mass: usize,
  newMean: usize,
  newVariance: usize,
): void {
  const table = changetype<MixtureTable>(at);
  for (let c: u32 = 0; c < table.channels; c++) {
    const accumulators = accumulatorsOf(table, c);
    const reference = <u32>load<f32>(laneOf(table, c) + REFERENCE);
    for (let k: u32 = 0; k < table.components; k++) {
      const first = accumulators + SLOT_ACCUMULATORS * exchanged(k, reference) * ACCUMULATOR;
      const out = (<usize>(k * table.channels + c)) << 2;
      sumsToMoments(first, <f64>load<f32>(mean + out), <f64>load<f32>(variance + out));
      store<f32>(mass + out, <f32>load<f64>(first));
      store<f32>(newMean + out, <f32>load<f64>(first + ACCUMULATOR));
      store<f32>(newVariance + out, <f32>load<f64>(first + 2 * ACCUMULATOR));
    }
  }
}
