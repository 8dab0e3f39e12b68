import { loadSplat, loadVec, madd, mul, nmadd, splat, storeVec, sub, VEC } from "../simd/vec";
import { accumulate } from "./accumulate";
import {
  accumulated,
  DY_MEAN,
  DY_SLOPE,
  GAIN,
  MEAN,
  massOf,
  outputRows,
  packRows,
  plane,
  precision,
  RowTable,
  rootOf,
  unpackRows,
} from "./table";

/**
 * Adds Σ ν_k dy and Σ ν_k dy (x − E_k) over rows to the accumulators, and Σ ν_k to the masses.
 *
 * @param at a table made with gamma
 * @param x, dy float32 [rows, channels]
 * @param nu float32 [rows, components]
 * @param _start rows before them
 */
export function mixture_norm_grad_accumulate(at: usize, x: usize, dy: usize, nu: usize, _start: u32, rows: u32): void {
  const table = changetype<RowTable>(at);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packRows(table, 0, x + begin, n);
    accumulate(table, from, packRows(table, 1, dy + begin, n), nu + <usize>((row * table.components) << 2), n);
  }
}

/**
 * The gradients of gamma and beta, out of the accumulators. Stores the constants of mixture_norm_grad_apply.
 *
 * With r_k = 1/√v_k, M_k = Σν_k, S_k = Σ ν_k dy and T_k = Σ ν_k dy (x − E_k), where ν is constant, each component is a batch
 * normalization whose rows have the weights ν_k/M_k. So
 *
 *     dx = Σ_k ν_k gain_k [dy − S_k/M_k − (x − E_k) T_k r_k²/M_k],  dgamma = Σ_k T_k r_k/√λ_k,  dbeta = Σ_k S_k.
 *
 * @param at a table after mixture_norm_grad_accumulate
 * @param dgamma, dbeta float32 [channels]
 * @param batch whether E_k and Var_k are those of the rows; else they are constants, and the last two terms of dx are 0
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
      store<f32>(plane(table, DY_MEAN) + to, <f32>(first / mass));
      store<f32>(plane(table, DY_SLOPE) + to, <f32>((second * v) / mass));
    }
    store<f32>(dgamma + channel, <f32>ofGamma);
    store<f32>(dbeta + channel, <f32>ofBeta);
  }
}

/**
 * dx of rows.
 *
 * @param at a table after mixture_norm_grad_finalize
 * @param x, dy, dx float32 [rows, channels]
 * @param nu float32 [rows, components]
 * @param _start rows before them
 */
export function mixture_norm_grad_apply(at: usize, x: usize, dy: usize, nu: usize, dx: usize, _start: u32, rows: u32): void {
  const table = changetype<RowTable>(at);
  const rowBytes = <usize>table.rowBytes;
  const step = (<usize>table.components) << 2;
  const means = plane(table, MEAN);
  const gains = plane(table, GAIN);
  const dyMeans = plane(table, DY_MEAN);
  const dySlopes = plane(table, DY_SLOPE);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const begin = <usize>((row * table.channels) << 2);
    const from = packRows(table, 0, x + begin, n);
    const upstream = packRows(table, 1, dy + begin, n);
    const to = outputRows(table, 2, dx + begin);
    // Two rows at once: with four, there are too few registers.
    for (let i: u32 = 0; i < n; i += 2) {
      // A row after the last repeats it.
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
          const dyMean = loadVec(dyMeans + at);
          const dySlope = loadVec(dySlopes + at);
          a = madd(mul(loadSplat(w), gain), nmadd(sub(xa, mean), dySlope, sub(ga, dyMean)), a);
          b = madd(mul(loadSplat(w + w1), gain), nmadd(sub(xb, mean), dySlope, sub(gb, dyMean)), b);
          at += rowBytes;
        }
        storeVec(to + tile + c + o1, b);
        storeVec(to + tile + c, a);
      }
    }
    unpackRows(table, 2, dx + begin, n);
  }
}
