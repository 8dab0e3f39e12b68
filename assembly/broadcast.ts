import {
  AND,
  CLIP_GRAD,
  EQUAL,
  FLOOR_DIV,
  GREATER,
  GREATER_EQUAL,
  MAXIMUM,
  MINIMUM,
  NOT_EQUAL,
  OR,
  RELU_GRAD,
  SIGMOID_GRAD,
  TANH_GRAD,
  XOR,
} from "./constants";
import {
  aligned,
  and,
  both,
  div,
  eq,
  floor,
  ge,
  gt,
  LANES,
  loadMask,
  loadSplat,
  loadVec,
  max,
  min,
  mul,
  ne,
  or,
  select,
  splat,
  storeMask,
  storeVec,
  sub,
  VEC,
  Vec,
  xor,
} from "./simd/vec";

// Functions of two numbers, of every pair of numbers of two tensors that are broadcast.

/** As src/kernels/broadcast.ts writes it: words, in this order. Its axes follow, the innermost first. */
@unmanaged
class BroadcastPlan {
  /** One of constants.ts. */
  operation: u32;
  /** float32: the range of CLIP_GRAD. That of RELU_GRAD has no lower end but 0, and gives NaN of NaN. */
  low: u32;
  high: u32;
  /** 1 to 6. Neighbours along which a and b are repeated alike are one. */
  axes: u32;
}

/** Its size, and the numbers from one to the next along it in a and b, 0 where these are repeated. */
@unmanaged
class BroadcastAxis {
  size: u32;
  a: u32;
  b: u32;
}

/** Rows of fewer numbers are gathered before they are computed. */
const MIN_ROW: u32 = 16;
/** Numbers that are gathered. */
const BLOCK: u32 = 128;

/** What comes after a plan: the position along each axis, room for numbers of a and of b, and for a vector of results. */
const MAX_AXES: usize = 8;
const A_ROOM: usize = MAX_AXES * 4;
const B_ROOM: usize = A_ROOM + BLOCK * 4;
const OUT_ROOM: usize = B_ROOM + BLOCK * 4;

/** Bytes of a plan with its axes. */
export function broadcast_table_bytes(axes: u32): usize {
  return aligned(offsetof<BroadcastPlan>() + axes * offsetof<BroadcastAxis>());
}
/** Bytes after it that broadcast_apply works in. */
export function broadcast_scratch_bytes(): usize {
  return OUT_ROOM + VEC;
}

@inline function axisOf(plan: BroadcastPlan, i: u32): BroadcastAxis {
  return changetype<BroadcastAxis>(changetype<usize>(plan) + offsetof<BroadcastPlan>() + <usize>i * offsetof<BroadcastAxis>());
}
/** log2 of the bytes of a number of a and b. */
@inline function shiftOf(operation: u32): u32 {
  return operation >= AND ? 0 : 2;
}
/** log2 of the bytes of a result. */
@inline function outShiftOf(operation: u32): u32 {
  return operation >= GREATER ? 0 : 2;
}

/** A function of two vectors of float32, which is not a mask. The gradients are of dy, a, and x or y, b. */
@inline function evaluate(operation: u32, a: Vec, b: Vec, at: usize): Vec {
  if (operation == MAXIMUM) return max(a, b);
  if (operation == MINIMUM) return min(a, b);
  if (operation == FLOOR_DIV) return floor(div(a, b));
  if (operation == TANH_GRAD) return mul(a, sub(splat(1), mul(b, b)));
  if (operation == SIGMOID_GRAD) return mul(a, mul(b, sub(splat(1), b)));
  const isLow = ge(loadSplat(at + offsetof<BroadcastPlan>("high")), b);
  if (operation == RELU_GRAD) return select(b, and(a, both(gt(b, splat(0)), isLow)), ne(b, b));
  return and(a, both(ge(b, loadSplat(at + offsetof<BroadcastPlan>("low"))), isLow));
}

/** @param aStep, bStep bytes from one vector to the next, 0 if it is always the same @param end of out */
@inline function each(operation: u32, at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  for (; out < end; a += aStep, b += bStep, out += LANES << outShiftOf(operation)) {
    if (operation < GREATER) storeVec(out, evaluate(operation, loadVec(a), loadVec(b), at));
    else if (operation == GREATER) storeMask(out, gt(loadVec(a), loadVec(b)));
    else if (operation == GREATER_EQUAL) storeMask(out, ge(loadVec(a), loadVec(b)));
    else if (operation == EQUAL) storeMask(out, eq(loadVec(a), loadVec(b)));
    else if (operation == NOT_EQUAL) storeMask(out, ne(loadVec(a), loadVec(b)));
    else if (operation == AND) storeMask(out, both(loadMask(a), loadMask(b)));
    else if (operation == OR) storeMask(out, or(loadMask(a), loadMask(b)));
    else storeMask(out, xor(loadMask(a), loadMask(b)));
  }
}
function maximumEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(MAXIMUM, at, a, aStep, b, bStep, out, end);
}
function minimumEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(MINIMUM, at, a, aStep, b, bStep, out, end);
}
function floorDivEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(FLOOR_DIV, at, a, aStep, b, bStep, out, end);
}
function reluGradEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(RELU_GRAD, at, a, aStep, b, bStep, out, end);
}
function tanhGradEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(TANH_GRAD, at, a, aStep, b, bStep, out, end);
}
function sigmoidGradEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(SIGMOID_GRAD, at, a, aStep, b, bStep, out, end);
}
function clipGradEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(CLIP_GRAD, at, a, aStep, b, bStep, out, end);
}
function greaterEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(GREATER, at, a, aStep, b, bStep, out, end);
}
function greaterEqualEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(GREATER_EQUAL, at, a, aStep, b, bStep, out, end);
}
function equalEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(EQUAL, at, a, aStep, b, bStep, out, end);
}
function notEqualEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(NOT_EQUAL, at, a, aStep, b, bStep, out, end);
}
function andEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(AND, at, a, aStep, b, bStep, out, end);
}
function orEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(OR, at, a, aStep, b, bStep, out, end);
}
function xorEach(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, end: usize): void {
  each(XOR, at, a, aStep, b, bStep, out, end);
}

/** @param count whole vectors */
function vectors(at: usize, a: usize, aStep: usize, b: usize, bStep: usize, out: usize, count: u32): void {
  const operation = load<u32>(at);
  const end = out + ((<usize>count) << outShiftOf(operation));
  if (operation == MAXIMUM) maximumEach(at, a, aStep, b, bStep, out, end);
  else if (operation == MINIMUM) minimumEach(at, a, aStep, b, bStep, out, end);
  else if (operation == FLOOR_DIV) floorDivEach(at, a, aStep, b, bStep, out, end);
  else if (operation == RELU_GRAD) reluGradEach(at, a, aStep, b, bStep, out, end);
  else if (operation == TANH_GRAD) tanhGradEach(at, a, aStep, b, bStep, out, end);
  else if (operation == SIGMOID_GRAD) sigmoidGradEach(at, a, aStep, b, bStep, out, end);
  else if (operation == CLIP_GRAD) clipGradEach(at, a, aStep, b, bStep, out, end);
  else if (operation == GREATER) greaterEach(at, a, aStep, b, bStep, out, end);
  else if (operation == GREATER_EQUAL) greaterEqualEach(at, a, aStep, b, bStep, out, end);
  else if (operation == EQUAL) equalEach(at, a, aStep, b, bStep, out, end);
  else if (operation == NOT_EQUAL) notEqualEach(at, a, aStep, b, bStep, out, end);
  else if (operation == AND) andEach(at, a, aStep, b, bStep, out, end);
  else if (operation == OR) orEach(at, a, aStep, b, bStep, out, end);
  else xorEach(at, a, aStep, b, bStep, out, end);
}

/** A vector of the number at p. */
@inline function repeat(room: usize, p: usize, shift: u32): usize {
  if (shift) storeVec(room, loadSplat(p));
  else store<u32>(room, <u32>load<u8>(p) * 0x01010101);
  return room;
}

/**
 * Stores results of a row.
 *
 * @param at a plan
 * @param aStep, bStep 0 where all numbers are the first one
 */
function row(at: usize, scratch: usize, a: usize, aStep: u32, b: usize, bStep: u32, out: usize, count: u32): void {
  const operation = load<u32>(at);
  const shift = shiftOf(operation);
  const outShift = outShiftOf(operation);
  const vector = (<usize>LANES) << shift;
  if (!aStep) a = repeat(scratch + A_ROOM, a, shift);
  if (!bStep) b = repeat(scratch + B_ROOM, b, shift);
  const aVector = aStep ? vector : 0;
  const bVector = bStep ? vector : 0;
  const whole = count & ~(LANES - 1);
  vectors(at, a, aVector, b, bVector, out, whole);
  if (count == whole) return;
  if (whole) {
    // The last vector has numbers that the one before has, too.
    const last: usize = count - LANES;
    if (aStep) a += last << shift;
    if (bStep) b += last << shift;
    vectors(at, a, 0, b, 0, out + (last << outShift), LANES);
    return;
  }
  if (aStep) memory.copy(scratch + A_ROOM, a, (<usize>count) << shift);
  if (bStep) memory.copy(scratch + B_ROOM, b, (<usize>count) << shift);
  vectors(at, scratch + A_ROOM, 0, scratch + B_ROOM, 0, scratch + OUT_ROOM, LANES);
  memory.copy(out, scratch + OUT_ROOM, (<usize>count) << outShift);
}

/** Copies `count` numbers, `step` apart. */
function gather(room: usize, p: usize, step: u32, count: u32, shift: u32): void {
  const bytes = (<usize>step) << shift;
  for (; count; count--, p += bytes, room += 1 << shift) {
    if (shift) store<u32>(room, load<u32>(p));
    else store<u8>(room, load<u8>(p));
  }
}

/**
 * Stores a function of `count` pairs of numbers.
 *
 * @param at a plan, with room after it
 * @param a, b float32, or bytes of a function of these: all numbers
 * @param out float32, or bytes of a function that makes these: all results
 * @param start of the pairs; the start of a row, or any if the plan has one axis
 */
export function broadcast_apply(at: usize, a: usize, b: usize, out: usize, start: u32, count: u32): void {
  const plan = changetype<BroadcastPlan>(at);
  const operation = plan.operation;
  const axes = plan.axes;
  const scratch = at + broadcast_table_bytes(axes);
  const shift = shiftOf(operation);
  const outShift = outShiftOf(operation);
  const inner = axisOf(plan, 0);
  const size = inner.size;
  out += (<usize>start) << outShift;
  if (axes == 1) {
    a += (<usize>start * inner.a) << shift;
    b += (<usize>start * inner.b) << shift;
    row(at, scratch, a, inner.a, b, inner.b, out, count);
    return;
  }
  let position = start / size;
  for (let i: u32 = 1; i < axes; i++) {
    const axis = axisOf(plan, i);
    const along = position % axis.size;
    position /= axis.size;
    store<u32>(scratch + ((<usize>i) << 2), along);
    a += (<usize>along * axis.a) << shift;
    b += (<usize>along * axis.b) << shift;
  }
  let gathered: u32 = 0;
  for (let left = count; left; left -= size) {
    if (size >= MIN_ROW) {
      row(at, scratch, a, inner.a, b, inner.b, out, size);
      out += (<usize>size) << outShift;
    } else {
      gather(scratch + A_ROOM + ((<usize>gathered) << shift), a, inner.a, size, shift);
      gather(scratch + B_ROOM + ((<usize>gathered) << shift), b, inner.b, size, shift);
      gathered += size;
      if (gathered + size > BLOCK || left == size) {
        row(at, scratch, scratch + A_ROOM, 1, scratch + B_ROOM, 1, out, gathered);
        out += (<usize>gathered) << outShift;
        gathered = 0;
      }
    }
    for (let i: u32 = 1; i < axes; i++) {
      const axis = axisOf(plan, i);
      const next = load<u32>(scratch + ((<usize>i) << 2)) + 1;
      a += (<usize>axis.a) << shift;
      b += (<usize>axis.b) << shift;
      store<u32>(scratch + ((<usize>i) << 2), next < axis.size ? next : 0);
      if (next < axis.size) break;
      a -= (<usize>axis.size * axis.a) << shift;
      b -= (<usize>axis.size * axis.b) << shift;
    }
  }
}
