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
import { ACCUMULATOR, ACCUMULATORS, accumulatorsOfLane, firstLane, lanes, NormTable, nextLane } from "./table";

// Mean and squared deviations in one pass over memory. Every visit has its own mean, from which its deviations are measured
// while it is in the nearest cache; what it finds joins what came before as Chan, Golub, LeVeque (1979) add up parts:
//
//     δ = m_b − m    n' = n + n_b    m' = m + δ n_b/n'    S' = S + S_b + δ² n n_b/n'
//
// in float64, so that neither a mean far from zero nor many numbers cost digits.

const COUNT: usize = 0;
const MEAN: usize = 1 * ACCUMULATOR;
const SQUARES: usize = 2 * ACCUMULATOR;

@unmanaged
class Moments {
  visit(_at: usize, laneBlock: usize, x: usize, _b: usize, _out: usize, stride: usize, rows: u32, weight: Vec): void {
    const even = rows & ~1;
    let p = x;
    let sum: Vec = splat(0);
    let sum2: Vec = splat(0);
    for (let i: u32 = 0; i < even; i += 2) {
      sum = add(sum, loadVec(p));
      sum2 = add(sum2, loadVec(p + stride));
      p += 2 * stride;
    }
    if (even < rows) sum = add(sum, loadVec(p));
    const mean = div(add(sum, sum2), splat(<f32>rows));

    p = x;
    // What is left of the sum, as the mean is rounded: it corrects both.
    let rest: Vec = splat(0);
    let rest2: Vec = splat(0);
    let squares: Vec = splat(0);
    let squares2: Vec = splat(0);
    for (let i: u32 = 0; i < even; i += 2) {
      const d = sub(loadVec(p), mean);
      const d2 = sub(loadVec(p + stride), mean);
      rest = add(rest, d);
      rest2 = add(rest2, d2);
      squares = madd(d, d, squares);
      squares2 = madd(d2, d2, squares2);
      p += 2 * stride;
    }
    if (even < rows) {
      const d = sub(loadVec(p), mean);
      rest = add(rest, d);
      squares = madd(d, d, squares);
    }
    rest = add(rest, rest2);
    squares = add(squares, squares2);

    for (let half: u32 = 0; half < HALVES; half++) {
      const one = widen(weight, half);
      const left = divWide(widen(rest, half), splatWide(rows));
      const found = subWide(widen(squares, half), mulWide(widen(rest, half), left));
      join(
        laneBlock + ACCUMULATORS + half * WIDE,
        mulWide(one, splatWide(rows)),
        addWide(widen(mean, half), left),
        mulWide(found, one),
      );
    }
  }
}

/** Adds a part to the moments of lanes. */
@inline function join(lane: usize, count: Wide, mean: Wide, squares: Wide): void {
  const before = loadWide(lane + COUNT);
  const after = addWide(before, count);
  const share = divWide(count, pmaxWide(after, splatWide(1)));
  const m = loadWide(lane + MEAN);
  const delta = subWide(mean, m);
  storeWide(lane + COUNT, after);
  storeWide(lane + MEAN, addWide(m, mulWide(delta, share)));
  addAt(lane + SQUARES, addWide(squares, mulWide(mulWide(delta, delta), mulWide(before, share))));
}

/**
 * Adds `count` numbers, from the `start`-th of their tensor on, to the table's moments.
 *
 * @param at a table as norm_prepare made it
 * @param x float32 [count]
 */
export function norm_moments_accumulate(at: usize, x: usize, start: u32, count: u32): void {
  walk<Moments>(changetype<NormTable>(at), x, 0, 0, 0, start, count);
}

/**
 * Adds the moments that another table has to a table's.
 *
 * @param at, other tables of the same tensor as norm_prepare made them
 */
export function norm_moments_merge(at: usize, other: usize): void {
  const table = changetype<NormTable>(at);
  for (let lane: u32 = 0; lane < lanes(table); lane += LANES / HALVES) {
    const from = accumulatorsOfLane(changetype<NormTable>(other), lane);
    join(accumulatorsOfLane(table, lane), loadWide(from + COUNT), loadWide(from + MEAN), loadWide(from + SQUARES));
  }
}

/** Mean and biased variance of one group, into table.mean and table.variance. Of no numbers both are NaN. */
export function momentsOf(table: NormTable, group: u32): void {
  const channels = table.channels / table.groups;
  const first = group * channels;
  let count: f64 = 0;
  let total: f64 = 0;
  for (let c = first; c < first + channels; c++) {
    for (let lane = firstLane(table, c); lane < lanes(table); lane = nextLane(table, lane)) {
      const sums = accumulatorsOfLane(table, lane);
      count += load<f64>(sums + COUNT);
      total += load<f64>(sums + COUNT) * load<f64>(sums + MEAN);
    }
  }
  const mean = total / count;
  let squares: f64 = 0;
  for (let c = first; c < first + channels; c++) {
    for (let lane = firstLane(table, c); lane < lanes(table); lane = nextLane(table, lane)) {
      const sums = accumulatorsOfLane(table, lane);
      const d = load<f64>(sums + MEAN) - mean;
      squares += load<f64>(sums + SQUARES) + load<f64>(sums + COUNT) * d * d;
    }
  }
  table.mean = mean;
  table.variance = squares / count;
}
