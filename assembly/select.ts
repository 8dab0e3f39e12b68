import { LANES, loadMask, loadVec, select, storeVec, VEC } from "./simd/vec";

/**
 * Stores numbers of t where a condition holds, and of e where it does not.
 *
 * @param _at 0
 * @param condition bytes, all of them
 * @param t, e, out float32, at number `start`
 */
export function select_apply(_at: usize, condition: usize, t: usize, e: usize, out: usize, start: u32, count: u32): void {
  condition += start;
  const end = out + ((<usize>count) << 2);
  // Number by number, a choice of addresses is faster than one of numbers.
  const stop = LANES > 1 ? out + ((<usize>(count & ~(LANES - 1))) << 2) : out;
  for (; out < stop; out += VEC, t += VEC, e += VEC, condition += LANES) {
    storeVec(out, select(loadVec(t), loadVec(e), loadMask(condition)));
  }
  for (; out < end; out += 4, t += 4, e += 4, condition++) store<u32>(out, load<u32>(load<u8>(condition) ? t : e));
}
