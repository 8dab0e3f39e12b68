import { KAPPA2, MIN_PRIOR, MIN_VARIANCE } from "../constants";
import { log2, storeExp2Constants } from "../simd/exp2";
import {
  abs,
  add,
  anyTrue,
  div,
  eq,
  gt,
  loadVec,
  mul,
  pmax,
  pmin,
  select,
  splat,
  sqrt,
  storeVec,
  sub,
  VEC,
  Vec,
} from "../simd/vec";
import { gather, laneBlockAt, laneBlockCount } from "../simd/walk";
import {
  ACCUMULATOR,
  EXP2,
  GAIN,
  INPUT,
  INVERSE,
  LIMIT,
  LOG,
  layout,
  MEAN,
  MixtureTable,
  mixture_slot_count,
  OFFSET,
  PULL,
  REFERENCE,
  SCALE,
  SCORE,
  SLOT,
  SLOTS,
} from "./table";

/**
 * The component of ε is 2^43 times as wide as the narrowest of the others, and its fast formula ends at t_r² = 2^-26: 2^30
 * widths of the narrowest from 0. Up to there t_r² changes no e_k by more than 2e-8. And 2^-126, the smallest result of exp2,
 * does not count in any sum, not even times the t_k³ of the gradients.
 */
const EPSILON_INVERSE: f32 = 1.1368683772161603e-13; // 2^-43
const EPSILON_LIMIT: f32 = 1.4901161193847656e-8; // 2^-26
/** The largest LIMIT: multiples of t_r² stay finite. */
const MAX_LIMIT: f32 = 1e30;
/** Bits that an e_k, or its part of y, may reach in range. */
const MAX_BITS: f32 = 100;

/**
 * Writes the head and the constants of a table, and sets its accumulators to zero.
 *
 * @param at mixture_table_bytes
 * @param mean, variance float32 [components, channels]
 * @param prior float32 [components]
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 * @param fold whether the gains are multiplied by gamma. A table for gradients is made without: only such a table has PULL and SCORE
 * @param ucb whether the formula is "ucb"
 */
export function mixture_prepare(
  at: usize,
  mean: usize,
  variance: usize,
  prior: usize,
  gamma: usize,
  beta: usize,
  channels: u32,
  inner: u32,
  components: u32,
  accumulatorCount: u32,
  epsilon: f32,
  fold: bool,
  ucb: bool,
): void {
  const table = changetype<MixtureTable>(at);
  const slots = mixture_slot_count(components, epsilon, ucb);
  layout(table, channels, inner, slots, accumulatorCount);
  table.components = components;
  table.ucb = ucb;
  table.centered = false;
  storeExp2Constants(at + EXP2);
  const bytes = (<usize>channels) << 2;

  // Constants of a component in all channels, into the scratch: its gain, and the log of its prior.
  const ofComponent = at + table.scratch;
  let gainBits: Vec = splat(0);
  for (let k: u32 = 0; k < components; k++) {
    const p = ucb ? splat(1 + epsilon) : pmax(splat(load<f32>(prior + ((<usize>k) << 2))), splat(<f32>MIN_PRIOR));
    const gain = div(splat(<f32>(1 / Math.sqrt(KAPPA2))), sqrt(p));
    gainBits = pmax(gainBits, log2(gain));
    storeVec(ofComponent + 2 * k * VEC, gain);
    storeVec(ofComponent + 2 * k * VEC + VEC, log2(p));
  }

  const n = laneBlockCount(channels, inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    const scale: Vec = gamma ? gather(table, block, gamma) : splat(1);
    storeVec(laneBlock + SCALE, scale);
    storeVec(laneBlock + INPUT, splat(0));
    storeVec(laneBlock + OFFSET, beta ? gather(table, block, beta) : splat(0));

    let reference: Vec = splat(0);
    let largest: Vec = splat(-1);
    let narrowest: Vec = splat(0);
    for (let k: u32 = 0; k < components; k++) {
      const v = pmax(add(gather(table, block, variance + k * bytes), splat(epsilon)), splat(<f32>MIN_VARIANCE));
      const gain = loadVec(ofComponent + 2 * k * VEC);
      const inverse = div(splat(<f32>Math.sqrt(KAPPA2)), sqrt(v));
      const slot = laneBlock + SLOTS + k * SLOT;
      storeVec(slot + MEAN, gather(table, block, mean + k * bytes));
      storeVec(slot + INVERSE, inverse);
      storeVec(slot + LOG, ucb ? splat(0) : sub(loadVec(ofComponent + 2 * k * VEC + VEC), mul(splat(0.5), log2(v))));
      storeVec(slot + GAIN, fold ? mul(gain, scale) : gain);
      if (!fold) {
        storeVec(slot + PULL, mul(scale, mul(gain, inverse)));
        storeVec(slot + SCORE, mul(scale, mul(inverse, splat(<f32>(1 / KAPPA2)))));
      }
      const wider = gt(v, largest);
      largest = select(v, largest, wider);
      reference = select(splat(<f32>k), reference, wider);
      narrowest = pmax(narrowest, inverse);
    }
    if (slots > components) {
      const slot = laneBlock + SLOTS + components * SLOT;
      memory.fill(slot, 0, SLOT);
      storeVec(slot + INVERSE, mul(narrowest, splat(EPSILON_INVERSE)));
      storeVec(slot + LOG, log2(splat(epsilon)));
      reference = splat(<f32>components);
    }
    storeVec(laneBlock + REFERENCE, reference);

    // Exchanges each lane's reference with component 0, then subtracts its log from all others.
    const zero = laneBlock + SLOTS;
    for (let k: u32 = 1; k < slots; k++) {
      const here = eq(reference, splat(<f32>k));
      if (!anyTrue(here)) continue;
      const slot = zero + k * SLOT;
      swap(zero + MEAN, slot + MEAN, here);
      swap(zero + INVERSE, slot + INVERSE, here);
      swap(zero + LOG, slot + LOG, here);
      swap(zero + GAIN, slot + GAIN, here);
      if (fold) continue;
      swap(zero + PULL, slot + PULL, here);
      swap(zero + SCORE, slot + SCORE, here);
    }
    const log = loadVec(zero + LOG);
    storeVec(zero + LOG, splat(0));
    let bits: Vec = splat(-Infinity);
    for (let k: u32 = 1; k < slots; k++) {
      const slot = zero + k * SLOT;
      const relative = sub(loadVec(slot + LOG), log);
      storeVec(slot + LOG, relative);
      bits = pmax(bits, relative);
    }
    if (gamma && fold) bits = add(bits, log2(pmax(abs(scale), splat(1))));
    bits = add(bits, gainBits);
    storeVec(laneBlock + LIMIT, pmin(sub(splat(MAX_BITS), bits), splat(slots > components ? EPSILON_LIMIT : MAX_LIMIT)));
    if (accumulatorCount) memory.fill(laneBlock + table.accumulators, 0, accumulatorCount * ACCUMULATOR);
  }
}

/** Exchanges two vectors in the lanes of a mask. */
@inline export function swap(p: usize, q: usize, mask: Vec): void {
  const a = loadVec(p);
  const b = loadVec(q);
  storeVec(p, select(b, a, mask));
  storeVec(q, select(a, b, mask));
}
