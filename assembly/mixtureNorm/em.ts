import { MIN_RESPONSIBILITY_LOG2 } from "../constants";
import { exp2Fine } from "../simd/exp2";
import {
  addWide,
  allTrueWide,
  andWide,
  divWide,
  gtWide,
  loadVec,
  loadWide,
  madd,
  mul,
  pmaxWide,
  splat,
  splatWide,
  storeSumsOfLanes,
  storeWide,
  sub,
  subWide,
  VEC,
  Vec,
  WIDE,
  Wide,
} from "../simd/vec";
import { accumulate } from "./accumulate";
import { accumulated, INVERSE, logOf, MEAN, massOf, packRows, plane, RowTable, TILE_BYTES, TILE_ROWS } from "./table";

/** Bytes of a row in a float32 sum, at most. */
const MAX_SUM_BYTES: usize = 16 * VEC;

/**
 * Responsibilities of a tile: with t_k = log2 λ_k − ½ Σ log2 v_k − ½ log2 e · Σ (x − E_k)²/v_k over the channels,
 * ν_k = 2^t_k / Σ 2^t_j. NaN in rows that are not finite.
 *
 * @param x float32 [rows, P], 1 to TILE_ROWS rows from packRows
 * @param nu float32 [rows, components]
 */
function tileResponsibilities(table: RowTable, x: usize, nu: usize, rows: u32): void {
  const rowBytes = <usize>table.rowBytes;
  const components = table.components;
  const tile = changetype<usize>(table) + table.tile;
  // Rows after the last repeat it.
  const x1 = rows > 1 ? x + rowBytes : x;
  const x2 = rows > 2 ? x1 + rowBytes : x1;
  const x3 = rows > 3 ? x2 + rowBytes : x2;
  const sums = tile + components * TILE_BYTES;
  let squares: Wide = splatWide(0);
  for (let k: u32 = 0; k < components; k++) {
    const means = plane(table, MEAN) + k * rowBytes;
    const inverses = plane(table, INVERSE) + k * rowBytes;
    const to = tile + k * TILE_BYTES;
    for (let i: usize = 0; i < TILE_BYTES; i += WIDE) storeWide(to + i, splatWide(load<f64>(logOf(table, k))));
    for (let begin: usize = 0; begin < rowBytes; begin += MAX_SUM_BYTES) {
      const end = min(begin + MAX_SUM_BYTES, rowBytes);
      let a: Vec = splat(0);
      let b: Vec = splat(0);
      let c: Vec = splat(0);
      let d: Vec = splat(0);
      for (let at = begin; at < end; at += VEC) {
        const mean = loadVec(means + at);
        const inverse = loadVec(inverses + at);
        const za = mul(sub(loadVec(x + at), mean), inverse);
        a = madd(za, za, a);
        const zb = mul(sub(loadVec(x1 + at), mean), inverse);
        b = madd(zb, zb, b);
        const zc = mul(sub(loadVec(x2 + at), mean), inverse);
        c = madd(zc, zc, c);
        const zd = mul(sub(loadVec(x3 + at), mean), inverse);
        d = madd(zd, zd, d);
      }
      storeSumsOfLanes(sums, a, b, c, d);
      for (let i: usize = 0; i < TILE_BYTES; i += WIDE) {
        const sum = loadWide(sums + i);
        squares = addWide(squares, sum);
        storeWide(to + i, subWide(loadWide(to + i), sum));
      }
    }
  }
  if (!allTrueWide(gtWide(splatWide(3e38), squares))) {
    for (let i: u32 = 0; i < TILE_ROWS; i++)
      logDensitiesOutOfRange(table, x + min(i, rows - 1) * rowBytes, tile + ((<usize>i) << 3));
  }

  for (let first = tile; first < tile + TILE_BYTES; first += WIDE) {
    let largest = splatWide(-Infinity);
    for (let k: u32 = 0; k < components; k++) largest = pmaxWide(largest, loadWide(first + k * TILE_BYTES));
    let sum = splatWide(0);
    for (let k: u32 = 0; k < components; k++) {
      const t = subWide(loadWide(first + k * TILE_BYTES), largest);
      const e = andWide(exp2Fine(t), gtWide(t, splatWide(MIN_RESPONSIBILITY_LOG2)));
      storeWide(first + k * TILE_BYTES, e);
      sum = addWide(sum, e);
    }
    for (let k: u32 = 0; k < components; k++) storeWide(first + k * TILE_BYTES, divWide(loadWide(first + k * TILE_BYTES), sum));
  }
  for (let k: u32 = 0; k < components; k++) {
    const p = tile + k * TILE_BYTES;
    for (let i: usize = 0; i < rows; i++) store<f32>(nu + ((i * components + k) << 2), <f32>load<f64>(p + (i << 3)));
  }
}

/** t_k of a row whose squares are out of range, in float64. Where x is not finite they are NaN, and so are all ν_k. */
function logDensitiesOutOfRange(table: RowTable, x: usize, to: usize): void {
  for (let k: u32 = 0; k < table.components; k++) {
    const row = <usize>k * table.rowBytes;
    let t = load<f64>(logOf(table, k));
    for (let at: usize = 0; at < table.rowBytes; at += 4) {
      const z = (<f64>load<f32>(x + at) - load<f32>(plane(table, MEAN) + row + at)) * load<f32>(plane(table, INVERSE) + row + at);
      t -= z * z;
    }
    store<f64>(to + k * TILE_BYTES, t - t == 0 ? t : NaN);
  }
}

/**
 * Responsibilities of rows.
 *
 * @param at a table as mixture_norm_prepare made it
 * @param x float32 [rows, channels]
 * @param nu float32 [rows, components]
 * @param _start rows before them
 */
export function mixture_norm_e_step_apply(at: usize, x: usize, nu: usize, _start: u32, rows: u32): void {
  responsibilities(changetype<RowTable>(at), x, nu, rows, false);
}

/** The same. Also adds the rows to the accumulators for mixture_norm_m_step_finalize. */
export function mixture_norm_e_step_accumulate(at: usize, x: usize, nu: usize, _start: u32, rows: u32): void {
  responsibilities(changetype<RowTable>(at), x, nu, rows, true);
}

function responsibilities(table: RowTable, x: usize, nu: usize, rows: u32, moments: bool): void {
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    const from = packRows(table, 0, x + <usize>((row * table.channels) << 2), n);
    const to = nu + <usize>((row * table.components) << 2);
    for (let i: u32 = 0; i < n; i += TILE_ROWS) {
      tileResponsibilities(
        table,
        from + <usize>i * table.rowBytes,
        to + <usize>((i * table.components) << 2),
        min(TILE_ROWS, n - i),
      );
    }
    if (moments) accumulate(table, from, 0, to, n);
  }
}

/**
 * λ, E and Var out of the accumulators: with n = Σν and d = x − E_k, where E_k is the old mean, E − E_k = Σνd/n and
 * Var = Σνd²/n − (E − E_k)². A component without mass keeps its mean and variance. Without rows, priors stay the same, too.
 *
 * @param at a table after mixture_norm_e_step_accumulate
 * @param prior, variance as for mixture_norm_prepare
 * @param newPrior float32 [components]
 * @param newMean, newVariance float32 [components, channels]
 */
export function mixture_norm_m_step_finalize(
  at: usize,
  prior: usize,
  variance: usize,
  newPrior: usize,
  newMean: usize,
  newVariance: usize,
): void {
  const table = changetype<RowTable>(at);
  let rows: f64 = 0;
  for (let k: u32 = 0; k < table.components; k++) rows += load<f64>(massOf(table, k));
  for (let k: u32 = 0; k < table.components; k++) {
    const mass = load<f64>(massOf(table, k));
    store<f32>(newPrior + ((<usize>k) << 2), rows > 0 ? <f32>(mass / rows) : load<f32>(prior + ((<usize>k) << 2)));
    for (let c: u32 = 0; c < table.channels; c++) {
      const to = (<usize>(k * table.channels + c)) << 2;
      const mean = load<f32>(plane(table, MEAN) + <usize>k * table.rowBytes + ((<usize>c) << 2));
      const shift = mass > 0 ? accumulated(table, 0, k, c) / mass : 0;
      const square = max(accumulated(table, 1, k, c) / mass - shift * shift, 0);
      store<f32>(newMean + to, <f32>(mean + shift));
      store<f32>(newVariance + to, mass > 0 ? <f32>min(square, f32.MAX_VALUE) : load<f32>(variance + to));
    }
  }
}
