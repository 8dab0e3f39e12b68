import { loadSplat, loadVec, madd, mul, nmadd, splat, storeVec, sub, VEC } from "../simd/vec";
import { accumulate } from "./accumulate";
import {
  accumulated,
  betaOf,
  FIRST,
  GAIN,
  MEAN,
  massOf,
  outOf,
  packed,
  plane,
  precision,
  RowTable,
  rootOf,
  SECOND,
  TILE,
  unpack,
} from "./table";

/**
 * y = Σ_k ν_k gain_k · (x − E_k) + beta.
 *
 * @param at a table
 * @param x, y float32 [rows, channels]
 * @param nu float32 [rows, components]
 */
export function mixture_norm_apply(at: usize, x: usize, nu: usize, y: usize, rows: u32): void {
  const table = changetype<RowTable>(at);
  const rowBytes = <usize>table.rowBytes;
  const step = (<usize>table.components) << 2;
  const means = plane(table, MEAN);
  const gains = plane(table, GAIN);
  const betas = betaOf(table);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packed(table, 0, x + begin, n);
    const to = outOf(table, 1, y + begin);
    for (let i: u32 = 0; i < n; i += TILE) {
      // Rows that are not there repeat the last one.
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
    unpack(table, 1, y + begin, n);
  }
}

/**
 * The first pass backward: adds Σ ν_k dy and Σ ν_k dy (x − E_k) over rows to the table's accumulators.
 *
 * @param at a table made with gamma
 * @param x, dy float32 [rows, channels]
 * @param nu float32 [rows, components]
 */
export function mixture_norm_grad_accumulate(at: usize, x: usize, dy: usize, nu: usize, rows: u32): void {
  const table = changetype<RowTable>(at);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packed(table, 0, x + begin, n);
    accumulate(table, from, packed(table, 1, dy + begin, n), nu + <usize>((row * table.components) << 2), n);
  }
}

/**
 * Between the passes: the gradients of gamma and beta, and the constants of dx.
 *
 * With r_k = 1/√v_k, z_k = (x − E_k) r_k, M_k = Σν_k, S_k = Σ ν_k dy and T_k = Σ ν_k dy (x − E_k), all for ν held constant, each
 * component is a batch normalization whose rows weigh ν_k/M_k, so
 *
 *     dx = Σ_k ν_k gain_k [dy − S_k/M_k − (x − E_k) T_k r_k²/M_k],  dgamma = Σ_k T_k r_k/√λ_k,  dbeta = Σ_k S_k.
 *
 * @param dgamma, dbeta float32 [channels]
 * @param batch whether E_k and Var_k are the rows' own; else they are constants, and the last two terms of dx are not there
 */
export function mixture_norm_grad_finalize(at: usize, dgamma: usize, dbeta: usize, batch: bool): void {
  const table = changetype<RowTable>(at);
  for (let c: u32 = 0; c < table.channels; c++) {
    const channel = (<usize>c) << 2;
    let ofGamma: f64 = 0;
    let ofBeta: f64 = 0;
    for (let k: u32 = 0; k < table.components; k++) {
      const first = accumulated(table, 0, k, c);
      const second = accumulated(table, 1, k, c);
      const v = precision(table, k, c);
      ofGamma += second * Math.sqrt(v) * load<f64>(rootOf(table, k));
      ofBeta += first;
      const mass = load<f64>(massOf(table, k));
      if (!batch || mass == 0) continue;
      const to = <usize>k * table.rowBytes + channel;
      store<f32>(plane(table, FIRST) + to, <f32>(first / mass));
      store<f32>(plane(table, SECOND) + to, <f32>((second * v) / mass));
    }
    store<f32>(dgamma + channel, <f32>ofGamma);
    store<f32>(dbeta + channel, <f32>ofBeta);
  }
}

/**
 * The second pass.
 *
 * @param x, dy, dx float32 [rows, channels]
 * @param nu float32 [rows, components]
 */
export function mixture_norm_grad_apply(at: usize, x: usize, dy: usize, nu: usize, dx: usize, rows: u32): void {
  const table = changetype<RowTable>(at);
  const rowBytes = <usize>table.rowBytes;
  const step = (<usize>table.components) << 2;
  const means = plane(table, MEAN);
  const gains = plane(table, GAIN);
  const firsts = plane(table, FIRST);
  const seconds = plane(table, SECOND);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packed(table, 0, x + begin, n);
    const upstream = packed(table, 1, dy + begin, n);
    const to = outOf(table, 2, dx + begin);
    // Two at once: of four, not all that is at work has a register.
    for (let i: u32 = 0; i < n; i += 2) {
      // A row that is not there repeats the last one.
      const o1 = n - i > 1 ? rowBytes : 0;
      const w1 = n - i > 1 ? step : 0;
      const weights = nu + (row + i) * step;
      const tile = <usize>i * rowBytes;
      for (let c: usize = 0; c < rowBytes; c += VEC) {
        const xa = loadVec(from + tile + c);
        const xb = loadVec(from + tile + c + o1);
        const ga = loadVec(upstream + tile + c);
        const gb = loadVec(upstream + tile + c + o1);
        let a = splat(0);
        let b = a;
        let at = c;
        for (let w = weights; w < weights + step; w += 4) {
          const mean = loadVec(means + at);
          const gain = loadVec(gains + at);
          const first = loadVec(firsts + at);
          const second = loadVec(seconds + at);
          a = madd(mul(loadSplat(w), gain), nmadd(sub(xa, mean), second, sub(ga, first)), a);
          b = madd(mul(loadSplat(w + w1), gain), nmadd(sub(xb, mean), second, sub(gb, first)), b);
          at += rowBytes;
        }
        storeVec(to + tile + c + o1, b);
        storeVec(to + tile + c, a);
      }
    }
    unpack(table, 2, dx + begin, n);
  }
}
