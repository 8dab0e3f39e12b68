import { ELU, ERF, EXP, EXPM1, LEAKY_RELU, LOG, RSQRT, SELU, SIGMOID, SOFTPLUS, SQRT, TANH } from "./constants";
import {
  elu,
  erf,
  exp,
  expm1,
  log,
  MAX_CONSTANTS,
  selu,
  sigmoid,
  softplus,
  storeErf,
  storeExp,
  storeExpm1,
  storeLog,
  storeSelu,
  storeSoftplus,
  storeTanh,
  tanh,
} from "./simd/elementary";
import { div, gt, LANES, loadVec, mul, select, splat, sqrt, storeVec, VEC, Vec } from "./simd/vec";

// Functions of one number, of every number of a tensor.

/** A table: which function; room for a vector of x and one of y; constants. */
const ROOM: usize = 16;
const CONSTANTS: usize = ROOM + 2 * VEC;

export function unary_table_bytes(): usize {
  return CONSTANTS + MAX_CONSTANTS * VEC;
}

/**
 * Writes the constants of a table.
 *
 * @param at unary_table_bytes
 * @param operation one of constants.ts
 * @param parameter leakyRelu's slope
 */
export function unary_prepare(at: usize, operation: u32, parameter: f32): void {
  store<u32>(at, operation);
  const constants = at + CONSTANTS;
  storeVec(constants, splat(parameter));
  if (operation == EXP || operation == SIGMOID) storeExp(constants);
  else if (operation == EXPM1 || operation == ELU) storeExpm1(constants);
  else if (operation == LOG) storeLog(constants);
  else if (operation == TANH) storeTanh(constants);
  else if (operation == SOFTPLUS) storeSoftplus(constants);
  else if (operation == ERF) storeErf(constants);
  else if (operation == SELU) storeSelu(constants);
}

@inline function evaluate(operation: u32, x: Vec, constants: usize): Vec {
  if (operation == EXP) return exp(x, constants);
  if (operation == EXPM1) return expm1(x, constants);
  if (operation == LOG) return log(x, constants);
  if (operation == TANH) return tanh(x, constants);
  if (operation == SOFTPLUS) return softplus(x, constants);
  if (operation == ERF) return erf(x, constants);
  if (operation == SELU) return selu(x, constants);
  if (operation == SIGMOID) return sigmoid(x, constants);
  if (operation == ELU) return elu(x, constants);
  if (operation == SQRT) return sqrt(x);
  if (operation == RSQRT) return div(splat(1), sqrt(x));
  return select(mul(x, loadVec(constants)), x, gt(splat(0), x));
}

@inline function each(operation: u32, at: usize, x: usize, y: usize, count: u32): void {
  const constants = at + CONSTANTS;
  const shift = y - x;
  const end = x + ((<usize>count) << 2);
  for (; x < end; x += VEC) storeVec(x + shift, evaluate(operation, loadVec(x), constants));
}
function expEach(at: usize, x: usize, y: usize, count: u32): void {
  each(EXP, at, x, y, count);
}
function expm1Each(at: usize, x: usize, y: usize, count: u32): void {
  each(EXPM1, at, x, y, count);
}
function logEach(at: usize, x: usize, y: usize, count: u32): void {
  each(LOG, at, x, y, count);
}
function tanhEach(at: usize, x: usize, y: usize, count: u32): void {
  each(TANH, at, x, y, count);
}
function softplusEach(at: usize, x: usize, y: usize, count: u32): void {
  each(SOFTPLUS, at, x, y, count);
}
function erfEach(at: usize, x: usize, y: usize, count: u32): void {
  each(ERF, at, x, y, count);
}
function seluEach(at: usize, x: usize, y: usize, count: u32): void {
  each(SELU, at, x, y, count);
}
function sigmoidEach(at: usize, x: usize, y: usize, count: u32): void {
  each(SIGMOID, at, x, y, count);
}
function eluEach(at: usize, x: usize, y: usize, count: u32): void {
  each(ELU, at, x, y, count);
}
function sqrtEach(at: usize, x: usize, y: usize, count: u32): void {
  each(SQRT, at, x, y, count);
}
function rsqrtEach(at: usize, x: usize, y: usize, count: u32): void {
  each(RSQRT, at, x, y, count);
}
function leakyReluEach(at: usize, x: usize, y: usize, count: u32): void {
  each(LEAKY_RELU, at, x, y, count);
}

/** @param count whole vectors */
function vectors(at: usize, x: usize, y: usize, count: u32): void {
  const operation = load<u32>(at);
  if (operation == EXP) expEach(at, x, y, count);
  else if (operation == EXPM1) expm1Each(at, x, y, count);
  else if (operation == LOG) logEach(at, x, y, count);
  else if (operation == TANH) tanhEach(at, x, y, count);
  else if (operation == SOFTPLUS) softplusEach(at, x, y, count);
  else if (operation == ERF) erfEach(at, x, y, count);
  else if (operation == SELU) seluEach(at, x, y, count);
  else if (operation == SIGMOID) sigmoidEach(at, x, y, count);
  else if (operation == ELU) eluEach(at, x, y, count);
  else if (operation == SQRT) sqrtEach(at, x, y, count);
  else if (operation == RSQRT) rsqrtEach(at, x, y, count);
  else leakyReluEach(at, x, y, count);
}

/**
 * Stores a function of each of `count` numbers.
 *
 * @param at a table after unary_prepare
 * @param x, y float32, at the first of them
 */
export function unary_apply(at: usize, x: usize, y: usize, _start: u32, count: u32): void {
  const whole = count & ~(LANES - 1);
  vectors(at, x, y, whole);
  if (count == whole) return;
  if (whole) {
    // The last vector has numbers that the one before has, too.
    const last = (<usize>(count - LANES)) << 2;
    vectors(at, x + last, y + last, LANES);
  } else {
    memory.copy(at + ROOM, x, (<usize>count) << 2);
    vectors(at, at + ROOM, at + ROOM + VEC, LANES);
    memory.copy(y, at + ROOM + VEC, (<usize>count) << 2);
  }
}
