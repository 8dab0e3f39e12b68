import { loadSplat, loadVec, madd, mul, storeVec, sub, VEC } from "../simd/vec";
import { betaOf, GAIN, MEAN, outputRows, packRows, plane, RowTable, TILE_ROWS, unpackRows } from "./table";

/**
 * y = Σ_k ν_k gain_k · (x − E_k) + beta.
 *
 * @param at a table made with gamma and beta
 * @param x, y float32 [rows, channels]
 * @param nu float32 [rows, components]
 * @param _start rows before them
 */
export function mixture_norm_apply(at: usize, x: usize, nu: usize, y: usize, _start: u32, rows: u32): void {
  const table = changetype<RowTable>(at);
  const rowBytes = <usize>table.rowBytes;
  const step = (<usize>table.components) << 2;
  const means = plane(table, MEAN);
  const gains = plane(table, GAIN);
  const betas = betaOf(table);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packRows(table, 0, x + begin, n);
    const to = outputRows(table, 1, y + begin);
    for (let i: u32 = 0; i < n; i += TILE_ROWS) {
      // Rows after the last repeat it.
      const o1 = n - i > 1 ? rowBytes : 0;
      const o2 = n - i > 2 ? 2 * rowBytes : o1;
      const o3 = n - i > 3 ? 3 * rowBytes : o2;
      const w1 = n - i > 1 ? step : 0;
      const w2 = n - i > 2 ? 2 * step : w1;
      const w3 = n - i > 3 ? 3 * step : w2;
      const weights = nu + (row + i) * step;
      const tile = <usize>i * rowBytes;
      for (let c: usize = 0; c < rowBytes; c += VEC) {
        const p = from + tile + c;
        const a = loadVec(p);
        const b = loadVec(p + o1);
        const d = loadVec(p + o2);
        const e = loadVec(p + o3);
        let ya = loadVec(betas + c);
        let yb = ya;
        let yd = ya;
        let ye = ya;
        let at = c;
        for (let w = weights; w < weights + step; w += 4) {
          const mean = loadVec(means + at);
          const gain = loadVec(gains + at);
          ya = madd(mul(loadSplat(w), gain), sub(a, mean), ya);
          yb = madd(mul(loadSplat(w + w1), gain), sub(b, mean), yb);
          yd = madd(mul(loadSplat(w + w2), gain), sub(d, mean), yd);
          ye = madd(mul(loadSplat(w + w3), gain), sub(e, mean), ye);
          at += rowBytes;
        }
        const q = to + tile + c;
        storeVec(q + o3, ye);
        storeVec(q + o2, yd);
        storeVec(q + o1, yb);
        storeVec(q, ya);
      }
    }
    unpackRows(table, 1, y + begin, n);
  }
}
