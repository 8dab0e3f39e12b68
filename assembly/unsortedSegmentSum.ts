import { add, loadVec, storeVec, VEC } from "./simd/vec";

/** Sums of the rows of x, float32 [rows, width], by their ids, to [segments, width]. They are cut by columns. */
@unmanaged
class SegmentTable {
  rows: u32;
  width: u32;
  segments: u32;
}

export function unsorted_segment_sum_table_bytes(): usize {
  return offsetof<SegmentTable>();
}

export function unsorted_segment_sum_prepare(at: usize, rows: u32, width: u32, segments: u32): void {
  const table = changetype<SegmentTable>(at);
  table.rows = rows;
  table.width = width;
  table.segments = segments;
}

/** Sets as many of the sums to zero as some columns have, contiguous ones. */
export function unsorted_segment_sum_reset(at: usize, out: usize, start: u32, count: u32): void {
  const segments = <usize>changetype<SegmentTable>(at).segments;
  memory.fill(out + ((start * segments) << 2), 0, (count * segments) << 2);
}

/**
 * Adds some columns of the rows of x to the sums. Rows whose id is no segment's are left out.
 *
 * @param x float32 [rows, width]
 * @param ids int32 [rows]
 * @param out float32 [segments, width]
 */
export function unsorted_segment_sum_accumulate(at: usize, x: usize, ids: usize, out: usize, start: u32, count: u32): void {
  const table = changetype<SegmentTable>(at);
  const row = (<usize>table.width) << 2;
  const bytes = (<usize>count) << 2;
  x += (<usize>start) << 2;
  out += (<usize>start) << 2;
  for (let i: u32 = 0; i < table.rows; i++, x += row, ids += 4) {
    const id = load<u32>(ids);
    if (id >= table.segments) continue;
    const to = out + id * row;
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) storeVec(to + q, add(loadVec(to + q), loadVec(x + q)));
    for (; q < bytes; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(x + q));
  }
}
