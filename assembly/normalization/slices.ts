import {
  norm_apply,
  norm_grad_accumulate,
  norm_grad_apply,
  norm_grad_finalize,
  norm_grad_prepare,
  norm_moments_finalize,
} from "./channels";
import { norm_moments_accumulate } from "./moments";
import { rowsBackward, rowsForward } from "./rows";
import { NormTable, norm_moments_reset } from "./table";

// Slice by slice. Where a slice has one number for each channel, a group is a run of numbers one after the other, and rows.ts has it.

/**
 * y, mean and variance of whole slices, which are `count` numbers, from the `start`-th of their tensor on.
 *
 * @param at a table as norm_prepare made it
 * @param x, y float32 [count], not overlapping
 * @param mean, variance float32 [slices, groups], of the tensor
 */
export function norm_slices_apply(at: usize, x: usize, y: usize, mean: usize, variance: usize, start: u32, count: u32): void {
  const table = changetype<NormTable>(at);
  const size = table.size;
  let done = (<usize>((start / size) * table.groups)) << 2;
  if (size == table.channels) {
    rowsForward(table, x, y, mean + done, variance + done, (count / size) * table.groups);
    return;
  }
  for (let i: u32 = 0; i < count; i += size) {
    const offset = (<usize>i) << 2;
    norm_moments_reset(at);
    norm_moments_accumulate(at, x + offset, 0, size);
    norm_moments_finalize(at, mean + done, variance + done);
    norm_apply(at, x + offset, y + offset, 0, size);
    done += (<usize>table.groups) << 2;
  }
}

/**
 * dx of whole slices, which are `count` numbers, from the `start`-th of their tensor on; adds to the gradients of gamma and beta.
 *
 * @param x, dy, dx float32 [count], dx not overlapping the others
 * @param mean, variance float32 [slices, groups], of the tensor
 */
export function norm_grad_slices_apply(
  at: usize,
  x: usize,
  dy: usize,
  dx: usize,
  mean: usize,
  variance: usize,
  start: u32,
  count: u32,
): void {
  const table = changetype<NormTable>(at);
  const size = table.size;
  let done = (<usize>((start / size) * table.groups)) << 2;
  if (size == table.channels) {
    rowsBackward(table, x, dy, dx, mean + done, variance + done, (count / size) * table.groups);
    return;
  }
  for (let i: u32 = 0; i < count; i += size) {
    const offset = (<usize>i) << 2;
    norm_grad_prepare(at, mean + done);
    norm_grad_accumulate(at, x + offset, dy + offset, 0, size);
    norm_grad_finalize(at, variance + done);
    norm_grad_apply(at, x + offset, dy + offset, dx + offset, 0, size);
    done += (<usize>table.groups) << 2;
  }
}
