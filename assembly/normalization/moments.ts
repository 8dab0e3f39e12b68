import {
  add,
  addAt,
  addWide,
  div,
  divWide,
  HALVES,
  LANES,
  loadVec,
  loadWide,
  madd,
  mulWide,
  pmaxWide,
  splat,
  splatWide,
  storeWide,
  sub,
  subWide,
  Vec,
  WIDE,
  Wide,
  widen,
} from "../simd/vec";
import { walk } from "../simd/walk";
import { ACCUMULATOR, ACCUMULATORS, accumulatorsOfLane, firstLane, NormTable, nextLane } from "./table";

// Mean and squared deviations in one pass over memory. Each visit sums the deviations d from a pivot p, and their squares, while the
// numbers are in the first-level cache. The pivot is the mean of every fourth of its n_b rows. So n_b (p − m_b)² is at most four
// times the squared deviations from the mean m_b: the difference that corrects the squares costs them no more than two bits.
//
//     m_b = p + Σd/n_b    S_b = Σd² − (Σd)²/n_b
//
// They are added to the accumulators by the formulas of Chan, Golub, LeVeque (1979) for parts of a sample:
//
//     δ = m_b − m    n' = n + n_b    m' = m + δ n_b/n'    S' = S + S_b + δ² n n_b/n'
//
// in float64: neither a mean far from zero nor many numbers cost digits.

export const COUNT: usize = 0;
export const MEAN: usize = 1 * ACCUMULATOR;
export const SQUARES: usize = 2 * ACCUMULATOR;

@unmanaged
class MomentsAccumulate {
  visit(_at: usize, laneBlock: usize, x: usize, _b: usize, _out: usize, stride: usize, rows: u32, weight: Vec): void {
    const quarter = (rows + 3) >> 2;
    const fourRows = stride << 2;
    let p = x;
    let sum: Vec = splat(0);
    for (let i: u32 = 0; i < quarter; i++) {
      sum = add(sum, loadVec(p));
      p += fourRows;
    }
    const pivot = div(sum, splat(<f32>quarter));

    p = x;
    const even = rows & ~1;
    let deviations: Vec = splat(0);
    let deviations2: Vec = splat(0);
    let squares: Vec = splat(0);
    let squares2: Vec = splat(0);
    for (let i: u32 = 0; i < even; i += 2) {
      const d = sub(loadVec(p), pivot);
      const d2 = sub(loadVec(p + stride), pivot);
      deviations = add(deviations, d);
      deviations2 = add(deviations2, d2);
      squares = madd(d, d, squares);
      squares2 = madd(d2, d2, squares2);
      p += 2 * stride;
    }
    if (even < rows) {
      const d = sub(loadVec(p), pivot);
      deviations = add(deviations, d);
      squares = madd(d, d, squares);
    }
    deviations = add(deviations, deviations2);
    squares = add(squares, squares2);

    for (let half: u32 = 0; half < HALVES; half++) {
      const one = widen(weight, half);
      const distance = divWide(widen(deviations, half), splatWide(rows));
      const aboutMean = subWide(widen(squares, half), mulWide(widen(deviations, half), distance));
      merge(
        laneBlock + ACCUMULATORS + half * WIDE,
        mulWide(one, splatWide(rows)),
        addWide(widen(pivot, half), distance),
        mulWide(aboutMean, one),
      );
    }
  }
}

/** Adds a part of the sample to the accumulators of half the lanes. */
@inline function merge(accumulators: usize, count: Wide, mean: Wide, squares: Wide): void {
  const before = loadWide(accumulators + COUNT);
  const after = addWide(before, count);
  const share = divWide(count, pmaxWide(after, splatWide(1)));
  const m = loadWide(accumulators + MEAN);
  const delta = subWide(mean, m);
  storeWide(accumulators + COUNT, after);
  storeWide(accumulators + MEAN, addWide(m, mulWide(delta, share)));
  addAt(accumulators + SQUARES, addWide(squares, mulWide(mulWide(delta, delta), mulWide(before, share))));
}

/**
 * Adds `count` numbers, from number `start` of their slice on, to the accumulators.
 *
 * @param at a table after norm_moments_reset
 * @param x float32 [count]
 */
export function norm_moments_accumulate(at: usize, x: usize, start: u32, count: u32): void {
  walk<MomentsAccumulate>(changetype<NormTable>(at), x, 0, 0, 0, start, count);
}

/**
 * Adds the accumulators of another table.
 *
 * @param at, other tables of the same tensor after norm_moments_accumulate
 */
export function norm_moments_merge(at: usize, other: usize): void {
  const table = changetype<NormTable>(at);
  for (let lane: u32 = 0; lane < table.lanes; lane += LANES / HALVES) {
    const from = accumulatorsOfLane(changetype<NormTable>(other), lane);
    merge(accumulatorsOfLane(table, lane), loadWide(from + COUNT), loadWide(from + MEAN), loadWide(from + SQUARES));
  }
}

/** Mean and biased variance of a group, into table.mean and table.variance. Without numbers both are NaN. */
export function momentsOf(table: NormTable, group: u32): void {
  const channels = table.channels / table.groups;
  const first = group * channels;
  let count: f64 = 0;
  let total: f64 = 0;
  for (let c = first; c < first + channels; c++) {
    for (let lane = firstLane(table, c); lane < table.lanes; lane = nextLane(table, lane)) {
      const sums = accumulatorsOfLane(table, lane);
      count += load<f64>(sums + COUNT);
      total += load<f64>(sums + COUNT) * load<f64>(sums + MEAN);
    }
  }
  const mean = total / count;
  let squares: f64 = 0;
  for (let c = first; c < first + channels; c++) {
    for (let lane = firstLane(table, c); lane < table.lanes; lane = nextLane(table, lane)) {
      const sums = accumulatorsOfLane(table, lane);
      const d = load<f64>(sums + MEAN) - mean;
      squares += load<f64>(sums + SQUARES) + load<f64>(sums + COUNT) * d * d;
    }
  }
  table.mean = mean;
  table.variance = squares / count;
}

/**
 * Stores table.mean and table.variance.
 *
 * @param residual what the mean lost when it was rounded to float32
 */
@inline export function storeMoments(table: NormTable, mean: usize, variance: usize, residual: usize): void {
  store<f32>(mean, <f32>table.mean);
  store<f32>(variance, <f32>table.variance);
  store<f32>(residual, <f32>(table.mean - <f64>(<f32>table.mean)));
}
