import { mixtureOutOfRange, responsibilitiesOutOfRange, wideConstant, wideDistance } from "../mixture/outOfRange";
import { GAIN, INVERSE, LIMIT, MEAN, MixtureTable, PULL, SCORE, SLOTS } from "../mixture/table";
import {
  addAt,
  addWide,
  and,
  anyTrue,
  gt,
  HALVES,
  loadVec,
  loadWide,
  mul,
  mulWide,
  select,
  splat,
  splatWide,
  storeVec,
  sub,
  subWide,
  Vec,
  WIDE,
  Wide,
  widen,
  withHalf,
} from "../simd/vec";
import { OF_M, OF_P, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";
import { loadInput } from "./input";

/** The gradient of the lanes that are out of range (see mixture/table.ts), in float64: dx, and its part of the accumulators. */
export function gradOutOfRange(
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
    const v = loadInput(x, laneBlock);
    const t0 = mul(sub(v, mean), inverse);
    const outOfRange = gt(mul(t0, t0), limit);
    if (anyTrue(outOfRange)) {
      let r: Vec = splat(0);
      for (let half: u32 = 0; half < HALVES; half++) {
        r = withHalf(r, half, gradOfHalf(table, laneBlock, widen(v, half), widen(and(loadVec(dy), outOfRange), half), half));
      }
      storeVec(dx, select(r, loadVec(dx), outOfRange));
    }
    x += stride;
    dy += stride;
    dx += stride;
  }
}

/** dx of half the lanes. Adds to the accumulators. */
function gradOfHalf(table: MixtureTable, laneBlock: usize, x: Wide, dy: Wide, half: u32): Wide {
  const tau = changetype<usize>(table) + table.scratch;
  responsibilitiesOutOfRange(table, laneBlock, x, half, tau);
  const y = mixtureOutOfRange(table, laneBlock, x, half, tau);
  let dx: Wide = splatWide(0);
  let accumulator = laneBlock + table.accumulators + half * WIDE;
  addAt(accumulator, dy);
  accumulator += OF_SLOTS;
  for (let k: u32 = 0; k < table.slots; k++) {
    const t = wideDistance(laneBlock, k, x, half);
    const u = mulWide(dy, loadWide(tau + k * WIDE));
    const g = mulWide(t, wideConstant(laneBlock, k, GAIN, half));
    const p = mulWide(u, subWide(g, y));
    const pt = mulWide(p, t);
    const m = subWide(mulWide(u, wideConstant(laneBlock, k, PULL, half)), mulWide(pt, wideConstant(laneBlock, k, SCORE, half)));
    dx = addWide(dx, m);
    addAt(accumulator + OF_M, m);
    addAt(accumulator + OF_P, p);
    addAt(accumulator + OF_PTT, mulWide(pt, t));
    addAt(accumulator + OF_UG, mulWide(u, g));
    accumulator += OF_SLOT;
  }
  return dx;
}
