import { add, addAt, HALVES, loadSplat, loadVec, madd, mul, splat, sub, VEC, Vec, WIDE, widen } from "../simd/vec";
import { ACCUMULATORS, MEAN, massOf, plane, RowTable } from "./table";

// Sums over rows: in float32 over a block, in float64 over blocks.

/** How many rows from `nu` on count: up to the first whose responsibilities are NaN. */
function goodRows(nu: usize, step: usize, rows: u32): u32 {
  for (let i: u32 = 0; i < rows; i++) {
    if (isNaN(load<f32>(nu + i * step))) return i;
  }
  return rows;
}

/**
 * Adds a block's rows to the table's accumulators: ν_k to the masses; and with d = x − E_k, ν_k u and ν_k u d, where u = d, or dy
 * where it is given. Rows of NaN responsibilities are left out.
 *
 * @param x, dy rows as `packed` has them; dy may be 0
 * @param nu float32 [rows, components]
 */
export function accumulate(table: RowTable, x: usize, dy: usize, nu: usize, rows: u32): void {
  const step = (<usize>table.components) << 2;
  for (let i: u32 = 0; i < rows; ) {
    const good = goodRows(nu + i * step, step, rows - i);
    const from = <usize>i * table.rowBytes;
    if (good) {
      if (dy) sums(table, x + from, dy + from, nu + i * step, good, true);
      else sums(table, x + from, 0, nu + i * step, good, false);
    }
    i += good + 1;
  }
}

@inline function sums(table: RowTable, x: usize, dy: usize, nu: usize, rows: u32, backward: bool): void {
  const step = (<usize>table.components) << 2;
  const rowBytes = <usize>table.rowBytes;
  for (let k: u32 = 0; k < table.components; k++) {
    let mass: f64 = 0;
    for (let i: usize = 0; i < rows; i++) mass += load<f32>(nu + i * step);
    store<f64>(massOf(table, k), load<f64>(massOf(table, k)) + mass);

    const means = plane(table, MEAN) + k * rowBytes;
    const firsts = plane(table, ACCUMULATORS) + 2 * k * rowBytes;
    const seconds = plane(table, ACCUMULATORS + 2) + 2 * k * rowBytes;
    for (let c: usize = 0; c < rowBytes; c += VEC) {
      const mean = loadVec(means + c);
      let first: Vec = splat(0);
      let second: Vec = splat(0);
      let weight = nu;
      let at = c;
      for (let i = rows; i != 0; i--) {
        const d = sub(loadVec(x + at), mean);
        const t = mul(loadSplat(weight), backward ? loadVec(dy + at) : d);
        first = add(first, t);
        second = madd(t, d, second);
        weight += step;
        at += rowBytes;
      }
      for (let half: u32 = 0; half < HALVES; half++) {
        const to = 2 * c + half * WIDE;
        addAt(firsts + to, widen(first, half));
        addAt(seconds + to, widen(second, half));
      }
    }
    nu += 4;
  }
}
