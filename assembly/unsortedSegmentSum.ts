import { add, loadVec, storeVec, VEC } from "./simd/vec";

/**
 * out[s] is the sum of the rows of x whose id is s. Rows with other ids are left out.
 *
 * @param x float32 [rows, width]
 * @param ids int32 [rows]
 * @param out float32 [segments, width]
 */
export function unsorted_segment_sum_apply(x: usize, ids: usize, out: usize, rows: u32, width: u32, segments: u32): void {
  const bytes = (<usize>width) << 2;
  memory.fill(out, 0, segments * bytes);
  for (let i: u32 = 0; i < rows; i++, x += bytes) {
    const id = load<u32>(ids + ((<usize>i) << 2));
    if (id >= segments) continue;
    const to = out + id * bytes;
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) storeVec(to + q, add(loadVec(to + q), loadVec(x + q)));
    for (; q < bytes; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(x + q));
  }
}
