import { MixtureTable } from "../mixture/table";
import { Vec } from "../simd/vec";
import { walk } from "../simd/walk";
import { accumulate } from "./accumulate";
import { apply } from "./apply";
import { accumulateGrad, applyGrad } from "./grad";

// The passes over the tensors. They share one class of visits, because each class makes a copy of `walk`.

const ACCUMULATE: u32 = 0;
const APPLY: u32 = 1;
const GRAD_ACCUMULATE: u32 = 2;
const GRAD_APPLY: u32 = 3;

@unmanaged
class Visit {
  visit(at: usize, laneBlock: usize, a: usize, b: usize, out: usize, stride: usize, rows: u32, weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    if (table.pass == ACCUMULATE) accumulate(table, laneBlock, a, stride, rows, weight);
    else if (table.pass == APPLY) apply(table, laneBlock, a, out, stride, rows);
    else if (table.pass == GRAD_ACCUMULATE) accumulateGrad(table, laneBlock, a, b, stride, rows, weight);
    else applyGrad(table, laneBlock, a, b, out, stride, rows, weight);
  }
}

function pass(at: usize, which: u32, a: usize, b: usize, out: usize, outBytes: usize, start: u32, count: u32): void {
  const table = changetype<MixtureTable>(at);
  table.pass = which;
  walk<Visit>(table, a, b, out, outBytes, start, count);
}

/**
 * Adds `count` activations, from number `start` of their tensor on, to the accumulators: Στ, Στd and Στd² of each component.
 *
 * @param at a table after batch_moments_norm_prepare
 * @param x float32 [count]
 */
export function batch_moments_norm_accumulate(at: usize, x: usize, start: u32, count: u32): void {
  pass(at, ACCUMULATE, x, 0, 0, 0, start, count);
}

/**
 * y (docs/math.md, section 2.7) of `count` activations, from number `start` of their tensor on.
 *
 * @param at a table after batch_moments_norm_finalize
 * @param x, y float32 [count], not overlapping
 */
export function batch_moments_norm_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  pass(at, APPLY, x, 0, y, 4, start, count);
}

/**
 * Adds `count` activations, from number `start` of their tensor on, to the accumulators of the first pass.
 *
 * @param at a table after batch_moments_norm_grad_prepare
 * @param x, dy float32 [count]
 */
export function batch_moments_norm_grad_accumulate(at: usize, x: usize, dy: usize, start: u32, count: u32): void {
  pass(at, GRAD_ACCUMULATE, x, dy, 0, 0, start, count);
}

/**
 * dx of `count` activations, from number `start` of their tensor on. Adds to the accumulators of the second pass.
 *
 * @param at a table after batch_moments_norm_grad_sums_finalize
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function batch_moments_norm_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  pass(at, GRAD_APPLY, x, dy, dx, 4, start, count);
}
