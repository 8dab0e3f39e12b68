import { add, addAt, HALVES, loadSplat, loadVec, loadWide, madd, mul, splat, sub, VEC, Vec, WIDE, widen } from "../simd/vec";
import { ACCUMULATORS, MEAN, massOf, plane, RowTable } from "./table";

// Sums over rows: in float32 within a block, in float64 over the blocks.

/** The number of rows before the first whose responsibilities are NaN. */
function finiteRows(nu: usize, step: usize, rows: u32): u32 {
  for (let i: u32 = 0; i < rows; i++) {
    if (isNaN(load<f32>(nu + i * step))) return i;
  }
  return rows;
}

/**
 * Adds the rows of a block to the masses, Σν_k, and to the accumulators: with d = x − E_k, these are Σν_k u and Σν_k u d, where
 * u is dy, or d without dy. Rows whose responsibilities are NaN are left out.
 *
 * @param x, dy float32 [rows, P], from packRows; dy may be 0: none
 * @param nu float32 [rows, components]
 */
export function accumulate(table: RowTable, x: usize, dy: usize, nu: usize, rows: u32): void {
  const step = (<usize>table.components) << 2;
  for (let i: u32 = 0; i < rows; ) {
    const n = finiteRows(nu + i * step, step, rows - i);
    const from = <usize>i * table.rowBytes;
    if (n) {
      if (dy) addRows(table, x + from, dy + from, nu + i * step, n, true);
      else addRows(table, x + from, 0, nu + i * step, n, false);
    }
    i += n + 1;
  }
}

@inline function addRows(table: RowTable, x: usize, dy: usize, nu: usize, rows: u32, hasDy: bool): void {
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
        const t = mul(loadSplat(weight), hasDy ? loadVec(dy + at) : d);
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

/** Adds the masses and accumulators of another table. */
export function mixture_norm_merge(at: usize, other: usize): void {
  const table = changetype<RowTable>(at);
  const from = changetype<RowTable>(other);
  for (let k: u32 = 0; k < table.components; k++) {
    const mass = massOf(table, k);
    store<f64>(mass, load<f64>(mass) + load<f64>(massOf(from, k)));
  }
  const sums = plane(table, ACCUMULATORS);
  const others = plane(from, ACCUMULATORS);
  const bytes = plane(table, ACCUMULATORS + 4) - sums;
  for (let q: usize = 0; q < bytes; q += WIDE) addAt(sums + q, loadWide(others + q));
}
