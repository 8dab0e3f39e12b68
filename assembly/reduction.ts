import { MEAN, MINIMUM, PRODUCT, SUM } from "./constants";
import {
  addWide,
  allTrue,
  and,
  divWide,
  eq,
  HALVES,
  LANES,
  laneOfWide,
  loadSplat,
  loadVec,
  loadWide,
  maximumWide,
  mul,
  mulWide,
  pmax,
  pmaxOfLanes,
  select,
  splat,
  splatWide,
  storeVec,
  storeWide,
  VEC,
  Vec,
  WIDE,
  Wide,
  widen,
  widenAt,
  withHalf,
} from "./simd/vec";

// Sums, means, products, maxima and minima over any axes of a tensor.
//
// Neighbouring axes that are both reduced, or both kept, are one. So a tensor is [R0, K1, R2, K3, …], by turns reduced and kept. It
// is read in the order of memory, or in blocks of K1 that are long runs of it; nothing is transposed. Its last two axes are read at
// once: they are a plane [R, K], whose rows are added up, or runs [K, R].
//
// Every result has an accumulator in float64. The product or sum of two float32 is far from overflow there, and each addition loses
// 2^-53 of a sum: a sum of n numbers is within n · 2^-53 of the sum of their absolute values, and then rounded to float32.
// Factors are multiplied in parts that are contiguous: where their product, one after the other, stays in float32's range, so do
// those of all parts in float64's.

/** The axes of a tensor. Accumulators of results follow. */
@unmanaged
class ReductionPlan {
  operation: u32;
  /** How many axes there are, from R0 on: 2 to 7. */
  axes: u32;
  /** Results that have accumulators: all, or those of a block of K1. */
  results: u32;
  reduced0: u32;
  kept1: u32;
  reduced2: u32;
  kept3: u32;
  reduced4: u32;
  kept5: u32;
  reduced6: u32;
}

const ACCUMULATORS: usize = (offsetof<ReductionPlan>() + 15) & ~15;
/** Bytes of an accumulator, a float64. */
const ACCUMULATOR: usize = 8;
/** Numbers in a Wide. */
const WIDE_LANES: u32 = LANES / HALVES;

/** Columns of a plane that are reduced at once: their accumulators stay in the first-level cache. */
const MAX_COLUMNS: u32 = 1024;
/** Bytes of a plane, more or less, in a tile. */
const TILE_BYTES: u32 = 16384;
/** Rows in a tile, at least; other tiles have a multiple of it. */
const MIN_ROWS: u32 = 8;
/** Rows that columns are combined over as a tree, so that few operations wait for another. */
const TREE: u32 = 4;
/** A plane of fewer columns, whose rows are no whole vectors, is seen as one of LANES times as many, if it has that many rows. */
const NARROW: u32 = 64;
const MIN_NARROW_ROWS: u32 = 16;

/** Bytes of a plan, with so many accumulators and, after them, those of a narrow plane's columns. */
export function reduction_table_bytes(results: u32): usize {
  return ACCUMULATORS + (<usize>results + NARROW * LANES) * ACCUMULATOR;
}

@inline function sizeOf(plan: ReductionPlan, axis: u32): u32 {
  return load<u32>(changetype<usize>(plan) + ((<usize>axis) << 2), offsetof<ReductionPlan>("reduced0"));
}
/** The numbers, or the results, of one position of an axis. */
function numbersBelow(plan: ReductionPlan, axis: u32): u32 {
  let numbers: u32 = 1;
  while (++axis < plan.axes) numbers *= sizeOf(plan, axis);
  return numbers;
}
function resultsBelow(plan: ReductionPlan, axis: u32): u32 {
  let results: u32 = 1;
  while (++axis < plan.axes) if (axis & 1) results *= sizeOf(plan, axis);
  return results;
}
@inline function accumulatorsOf(plan: ReductionPlan): usize {
  return changetype<usize>(plan) + ACCUMULATORS;
}

@inline function combineWide(operation: u32, a: Wide, b: Wide): Wide {
  if (operation == PRODUCT) return mulWide(a, b);
  return addWide(a, b);
}
/** What numbers are multiplied by: a minimum is the maximum of their opposites. */
@inline function signOf(operation: u32): f32 {
  return operation == MINIMUM ? -1 : 1;
}

function reset(operation: u32, at: usize, count: u32): void {
  const identity: f64 = operation <= MEAN ? 0 : operation == PRODUCT ? 1 : -Infinity;
  for (; count >= WIDE_LANES; count -= WIDE_LANES, at += WIDE) storeWide(at, splatWide(identity));
  if (count) store<f64>(at, identity);
}

// A tile is `count` planes, `step` bytes apart, of rows, `stride` bytes apart. It is combined into accumulators: `columns` of the
// first plane, then those of the next.

/** WIDE_LANES columns at a time. */
@inline function wideTile(
  operation: u32,
  x: usize,
  count: u32,
  step: usize,
  rows: u32,
  stride: usize,
  columns: u32,
  at: usize,
): void {
  for (; count; count--, x += step) {
    let top = x;
    let left = columns;
    for (; left >= WIDE_LANES; left -= WIDE_LANES) {
      let all = loadWide(at);
      let p = top;
      let below = rows;
      for (; below >= TREE; below -= TREE) {
        const p2 = p + 2 * stride;
        const a = combineWide(operation, widenAt(p), widenAt(p + stride));
        const b = combineWide(operation, widenAt(p2), widenAt(p2 + stride));
        all = combineWide(operation, all, combineWide(operation, a, b));
        p = p2 + 2 * stride;
      }
      if (below & 2) {
        all = combineWide(operation, all, combineWide(operation, widenAt(p), widenAt(p + stride)));
        p += 2 * stride;
      }
      if (below & 1) all = combineWide(operation, all, widenAt(p));
      storeWide(at, all);
      top += WIDE_LANES << 2;
      at += WIDE;
    }
    if (WIDE_LANES > 1 && left) {
      let all = load<f64>(at);
      for (let below = rows; below; below--, top += stride) {
        if (operation == PRODUCT) all *= <f64>load<f32>(top);
        else all += <f64>load<f32>(top);
      }
      store<f64>(at, all);
      at += ACCUMULATOR;
    }
  }
}
function sumTile(x: usize, count: u32, step: usize, rows: u32, stride: usize, columns: u32, at: usize): void {
  wideTile(SUM, x, count, step, rows, stride, columns, at);
}
function productTile(x: usize, count: u32, step: usize, rows: u32, stride: usize, columns: u32, at: usize): void {
  wideTile(PRODUCT, x, count, step, rows, stride, columns, at);
}

/** The maximum of `all` and the numbers of a column times a sign. Vectors, for V8 branches on the max of two numbers. */
@inline function maximumOf(p: usize, rows: u32, stride: usize, signs: Vec, all: f64): f64 {
  let a = splat(-Infinity);
  let ordered = eq(a, a);
  for (; rows; rows--, p += stride) {
    const b = mul(loadSplat(p), signs);
    a = pmax(a, b);
    ordered = and(ordered, eq(b, b));
  }
  return max(all, laneOfWide(widen(select(a, splat(NaN), ordered), 0), 0));
}

/** The maxima of numbers times a sign, LANES columns at a time. */
function maximumTile(x: usize, count: u32, step: usize, rows: u32, stride: usize, columns: u32, at: usize, sign: f32): void {
  const signs = splat(sign);
  for (; count; count--, x += step) {
    let top = x;
    let left = columns;
    while (left >= LANES) {
      let a = mul(loadVec(top), signs);
      let b = a;
      let ordered = eq(a, a);
      let p = top;
      let below = rows;
      for (; below >= 2; below -= 2) {
        const c = mul(loadVec(p), signs);
        const d = mul(loadVec(p + stride), signs);
        a = pmax(a, c);
        b = pmax(b, d);
        ordered = and(ordered, and(eq(c, c), eq(d, d)));
        p += 2 * stride;
      }
      if (below) {
        const c = mul(loadVec(p), signs);
        a = pmax(a, c);
        ordered = and(ordered, eq(c, c));
      }
      // pmax passes over NaN, which max would not, in seven times as many instructions.
      a = select(pmax(a, b), splat(NaN), ordered);
      storeWide(at, maximumWide(loadWide(at), widen(a, 0)));
      if (HALVES > 1) storeWide(at + WIDE, maximumWide(loadWide(at + WIDE), widen(a, 1)));
      // The last vector may have columns that the one before it has, too.
      const next = left > LANES ? min(left - LANES, LANES) : left;
      top += next << 2;
      at += next * ACCUMULATOR;
      left -= next;
    }
    for (; left; left--, top += 4, at += ACCUMULATOR) {
      store<f64>(at, maximumOf(top, rows, stride, signs, load<f64>(at)));
    }
  }
}

function tile(operation: u32, x: usize, count: u32, step: usize, rows: u32, stride: usize, columns: u32, at: usize): void {
  if (operation <= MEAN) sumTile(x, count, step, rows, stride, columns, at);
  else if (operation == PRODUCT) productTile(x, count, step, rows, stride, columns, at);
  else maximumTile(x, count, step, rows, stride, columns, at, signOf(operation));
}

/** Combines rows, `stride` bytes apart, into the accumulators of their columns, tile by tile. */
function tiles(operation: u32, x: usize, rows: u32, stride: usize, columns: u32, at: usize): void {
  for (let first: u32 = 0; first < columns; first += MAX_COLUMNS) {
    const width = min(columns - first, MAX_COLUMNS);
    const height = max((TILE_BYTES / (width << 2)) & ~(MIN_ROWS - 1), MIN_ROWS);
    let p = x;
    for (let row: u32 = 0; row < rows; row += height, p += height * stride) {
      tile(operation, p, 1, 0, min(rows - row, height), stride, width, at);
    }
    x += MAX_COLUMNS << 2;
    at += MAX_COLUMNS * ACCUMULATOR;
  }
}

/** Combines accumulators into others, as many times as they are. */
function merge(operation: u32, from: usize, count: u32, at: usize, columns: u32): void {
  for (let i: u32 = 0; i < count; i++, from += ACCUMULATOR) {
    const to = at + <usize>(i % columns) * ACCUMULATOR;
    const a = load<f64>(to);
    const b = load<f64>(from);
    store<f64>(to, operation <= MEAN ? a + b : operation == PRODUCT ? a * b : max(a, b));
  }
}

/** Combines the rows of a plane into the accumulators of its columns. */
function plane(plan: ReductionPlan, x: usize, rows: u32, stride: usize, columns: u32, at: usize): void {
  const operation = plan.operation;
  if (stride == 4) {
    runs(operation, x, 1, rows, at);
    return;
  }
  const isNarrow = columns < NARROW && columns % LANES && stride == (<usize>columns) << 2 && rows >= MIN_NARROW_ROWS;
  // Rows in turn are not contiguous factors.
  if (LANES > 1 && isNarrow && operation != PRODUCT) {
    const folded = accumulatorsOf(plan) + <usize>plan.results * ACCUMULATOR;
    const width = columns * LANES;
    reset(operation, folded, width);
    tiles(operation, x, rows / LANES, stride * LANES, width, folded);
    merge(operation, folded, width, at, columns);
    x += (rows / LANES) * LANES * stride;
    rows %= LANES;
  }
  tiles(operation, x, rows, stride, columns, at);
}

function sumRuns(x: usize, count: u32, length: u32, at: usize): void {
  for (; count; count--, at += ACCUMULATOR) {
    let a = splatWide(0);
    let b = a;
    let c = a;
    let d = a;
    let left = length;
    for (; left >= 4 * WIDE_LANES; left -= 4 * WIDE_LANES) {
      a = addWide(a, widenAt(x));
      b = addWide(b, widenAt(x + (WIDE_LANES << 2)));
      c = addWide(c, widenAt(x + (WIDE_LANES << 3)));
      d = addWide(d, widenAt(x + 12 * WIDE_LANES));
      x += WIDE_LANES << 4;
    }
    a = addWide(addWide(a, b), addWide(c, d));
    for (; left >= WIDE_LANES; left -= WIDE_LANES) {
      a = addWide(a, widenAt(x));
      x += WIDE_LANES << 2;
    }
    let sum = load<f64>(at) + laneOfWide(a, 0);
    if (WIDE_LANES > 1) {
      sum += laneOfWide(a, 1);
      if (left) {
        sum += <f64>load<f32>(x);
        x += 4;
      }
    }
    store<f64>(at, sum);
  }
}

/** Each run in four parts. */
function productRuns(x: usize, count: u32, length: u32, at: usize): void {
  const part = (<usize>length >> 2) << 2;
  for (; count; count--, at += ACCUMULATOR) {
    let a: f64 = 1;
    let b: f64 = 1;
    let c: f64 = 1;
    let d: f64 = 1;
    for (const end = x + part; x < end; x += 4) {
      a *= <f64>load<f32>(x);
      b *= <f64>load<f32>(x + part);
      c *= <f64>load<f32>(x + 2 * part);
      d *= <f64>load<f32>(x + 3 * part);
    }
    x += 3 * part;
    for (let left = length & 3; left; left--, x += 4) d *= <f64>load<f32>(x);
    store<f64>(at, load<f64>(at) * (a * b * (c * d)));
  }
}

/** The maxima of numbers times a sign. */
function maximumRuns(x: usize, count: u32, length: u32, at: usize, sign: f32): void {
  const signs = splat(sign);
  for (; count; count--, at += ACCUMULATOR) {
    const next = x + ((<usize>length) << 2);
    let all = load<f64>(at);
    if (length >= LANES) {
      // The last vectors may have numbers that others have, too.
      const last = next - VEC;
      let a = mul(loadVec(last), signs);
      let b = a;
      let ordered = eq(a, a);
      for (; x < last; x += 2 * VEC) {
        const c = mul(loadVec(x), signs);
        const d = mul(loadVec(min(x + VEC, last)), signs);
        a = pmax(a, c);
        b = pmax(b, d);
        ordered = and(ordered, and(eq(c, c), eq(d, d)));
      }
      const found: f64 = allTrue(ordered) ? <f64>pmaxOfLanes(pmax(a, b)) : NaN;
      all = max(all, found);
    } else {
      all = maximumOf(x, length, 4, signs, all);
    }
    x = next;
    store<f64>(at, all);
  }
}

/** Combines each of `count` runs, one after the other, into its accumulator. */
function runs(operation: u32, x: usize, count: u32, length: u32, at: usize): void {
  if (operation <= MEAN) sumRuns(x, count, length, at);
  else if (operation == PRODUCT) productRuns(x, count, length, at);
  else maximumRuns(x, count, length, at, signOf(operation));
}

/**
 * Combines numbers of an axis that is reduced, the next, and those behind them into accumulators.
 *
 * @param x the first of `rows` positions of the axis
 * @param first, columns positions of the next axis
 * @param at accumulators of the results of these
 */
function visit(plan: ReductionPlan, axis: u32, x: usize, rows: u32, first: u32, columns: u32, at: usize): void {
  const below = numbersBelow(plan, axis + 1);
  const bytes = (<usize>below) << 2;
  const stride = bytes * sizeOf(plan, axis + 1);
  x += bytes * first;
  if (axis + 2 == plan.axes) {
    plane(plan, x, rows, stride, columns, at);
    return;
  }
  const each = <usize>resultsBelow(plan, axis + 1) * ACCUMULATOR;
  const innerRows = sizeOf(plan, axis + 2);
  const innerColumns = sizeOf(plan, axis + 3);
  for (; rows; rows--, x += stride) {
    if (axis + 3 == plan.axes) runs(plan.operation, x, columns, below, at);
    else if (axis + 4 == plan.axes) {
      const innerStride = (<usize>innerColumns) << 2;
      if (innerRows < MIN_NARROW_ROWS && innerColumns <= MAX_COLUMNS) {
        tile(plan.operation, x, columns, bytes, innerRows, innerStride, innerColumns, at);
      } else {
        for (let k: u32 = 0; k < columns; k++) plane(plan, x + bytes * k, innerRows, innerStride, innerColumns, at + each * k);
      }
    } else {
      for (let k: u32 = 0; k < columns; k++) visit(plan, axis + 2, x + bytes * k, innerRows, 0, innerColumns, at + each * k);
    }
  }
}

function storeResults(plan: ReductionPlan, from: usize, to: usize, count: u32): void {
  let divisor: f64 = signOf(plan.operation);
  if (plan.operation == MEAN) {
    for (let axis: u32 = 0; axis < plan.axes; axis += 2) divisor *= <f64>sizeOf(plan, axis);
  }
  for (; count >= LANES; count -= LANES, from += HALVES * WIDE, to += VEC) {
    let a = loadWide(from);
    let b = loadWide(from + (HALVES - 1) * WIDE);
    if (divisor != 1) {
      a = divWide(a, splatWide(divisor));
      b = divWide(b, splatWide(divisor));
    }
    storeVec(to, withHalf(withHalf(splat(0), 0, a), HALVES - 1, b));
  }
  for (; count; count--, from += ACCUMULATOR, to += 4) store<f32>(to, <f32>(load<f64>(from) / divisor));
}

/**
 * Writes a plan, and its accumulators as they begin.
 *
 * @param at room of reduction_table_bytes(results)
 * @param results how many results have accumulators: all for reduction_accumulate, those of some positions of K1 for reduction_apply
 * @param axes how many of the sizes that follow count, 2 to 7
 */
export function reduction_prepare(
  at: usize,
  operation: u32,
  results: u32,
  axes: u32,
  reduced0: u32,
  kept1: u32,
  reduced2: u32,
  kept3: u32,
  reduced4: u32,
  kept5: u32,
  reduced6: u32,
): void {
  const plan = changetype<ReductionPlan>(at);
  plan.operation = operation;
  plan.results = results;
  plan.axes = axes;
  plan.reduced0 = reduced0;
  plan.kept1 = kept1;
  plan.reduced2 = reduced2;
  plan.kept3 = kept3;
  plan.reduced4 = reduced4;
  plan.kept5 = kept5;
  plan.reduced6 = reduced6;
  reset(operation, accumulatorsOf(plan), results);
}

/**
 * Combines numbers into the accumulators of all results.
 *
 * @param at a plan after reduction_prepare
 * @param x float32, all numbers
 * @param start, count numbers of x, whole positions of R0
 */
export function reduction_accumulate(at: usize, x: usize, start: u32, count: u32): void {
  const plan = changetype<ReductionPlan>(at);
  visit(plan, 0, x + ((<usize>start) << 2), count / numbersBelow(plan, 0), 0, plan.kept1, accumulatorsOf(plan));
}

/**
 * Adds the accumulators of another table.
 *
 * @param at, other tables of the same plan after reduction_accumulate
 */
export function reduction_merge(at: usize, other: usize): void {
  const plan = changetype<ReductionPlan>(at);
  merge(plan.operation, other + ACCUMULATORS, plan.results, accumulatorsOf(plan), plan.results);
}

/**
 * Stores all results.
 *
 * @param at a plan after reduction_accumulate
 * @param out float32, the results
 */
export function reduction_finalize(at: usize, out: usize): void {
  const plan = changetype<ReductionPlan>(at);
  storeResults(plan, accumulatorsOf(plan), out, plan.results);
}

/**
 * Stores the results of positions of K1, block by block.
 *
 * @param at a plan
 * @param x float32, all numbers
 * @param out float32, all results
 * @param start, count positions of K1, times the numbers of each
 */
export function reduction_apply(at: usize, x: usize, out: usize, start: u32, count: u32): void {
  const plan = changetype<ReductionPlan>(at);
  if (plan.axes == 2 && plan.reduced0 == 1) {
    memory.copy(out + ((<usize>start) << 2), x + ((<usize>start) << 2), (<usize>count) << 2);
    return;
  }
  const numbers = plan.reduced0 * numbersBelow(plan, 1);
  const results = resultsBelow(plan, 1);
  const positions = plan.results / results;
  const accumulators = accumulatorsOf(plan);
  const end = (start + count) / numbers;
  for (let first = start / numbers; first < end; first += positions) {
    const n = min(end - first, positions);
    reset(plan.operation, accumulators, n * results);
    visit(plan, 0, x, plan.reduced0, first, n, accumulators);
    storeResults(plan, accumulators, out + ((<usize>first * results) << 2), n * results);
  }
}
