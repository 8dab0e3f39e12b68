import { norm_apply, norm_moments_finalize } from "./apply";
import { norm_grad_accumulate, norm_grad_apply, norm_grad_finalize, norm_grad_prepare } from "./grad";
import { norm_moments_accumulate } from "./moments";
import { rowsApply, rowsGradApply } from "./rows";
import { NormTable, norm_moments_reset } from "./table";

// Whole slices, one after the other. Where a slice has one number of each channel, its groups are rows, and rows.ts is faster.

/**
 * y, mean, variance and residual of whole slices: `count` numbers, from number `start` of the tensor on.
 *
 * @param at a table as norm_prepare made it
 * @param x, y float32 [count], not overlapping
 * @param mean, variance, residual float32 [slices, groups], of the whole tensor
 */
export function norm_slices_apply(
  at: usize,
  x: usize,
  y: usize,
  mean: usize,
  variance: usize,
  residual: usize,
  start: u32,
  count: u32,
): void {
  const table = changetype<NormTable>(at);
  const size = table.size;
  let done = (<usize>((start / size) * table.groups)) << 2;
  if (size == table.channels) {
    rowsApply(table, x, y, mean + done, variance + done, residual + done, (count / size) * table.groups);
    return;
  }
  for (let i: u32 = 0; i < count; i += size) {
    const offset = (<usize>i) << 2;
    norm_moments_reset(at);
    norm_moments_accumulate(at, x + offset, 0, size);
    norm_moments_finalize(at, mean + done, variance + done, residual + done);
    norm_apply(at, x + offset, y + offset, 0, size);
    done += (<usize>table.groups) << 2;
  }
}

/**
 * dx of whole slices: `count` numbers, from number `start` of the tensor on. Adds to the gradients of gamma and beta.
 *
 * @param at a table after norm_grad_params_reset
 * @param x, dy, dx float32 [count], dx not overlapping the others
 * @param mean, variance, residual float32 [slices, groups], of the whole tensor
 */
export function norm_grad_slices_apply(
  at: usize,
  x: usize,
  dy: usize,
  dx: usize,
  mean: usize,
  variance: usize,
  residual: usize,
  start: u32,
  count: u32,
): void {
  const table = changetype<NormTable>(at);
  const size = table.size;
  let done = (<usize>((start / size) * table.groups)) << 2;
  if (size == table.channels) {
    rowsGradApply(table, x, dy, dx, mean + done, variance + done, residual + done, (count / size) * table.groups);
    return;
  }
  for (let i: u32 = 0; i < count; i += size) {
    const offset = (<usize>i) << 2;
    norm_grad_prepare(at, mean + done);
    norm_grad_accumulate(at, x + offset, dy + offset, 0, size);
    norm_grad_finalize(at, variance + done, residual + done, 0);
    norm_grad_apply(at, x + offset, dy + offset, dx + offset, 0, size);
    done += (<usize>table.groups) << 2;
  }
}
