import { KMEANS_ROWS, MAX_SQUARE } from "../constants";
import { loadVec, madd, splat, sub, sumOfLanes, VEC, Vec } from "../simd/vec";
import { accumulate } from "./accumulate";
import { mixture_norm_m_step_finalize } from "./em";
import { mixture_norm_prepare, packRows, RowTable } from "./table";

/** Σ (a − b)² over n numbers. */
function distance(a: usize, b: usize, n: u32): f32 {
  const end = a + ((<usize>n) << 2);
  let sums: Vec = splat(0);
  for (; a + VEC <= end; a += VEC, b += VEC) {
    const d = sub(loadVec(a), loadVec(b));
    sums = madd(d, d, sums);
  }
  let sum = sumOfLanes(sums);
  for (; a < end; a += 4, b += 4) {
    const d = load<f32>(a) - load<f32>(b);
    sum += d * d;
  }
  return sum;
}

/**
 * Bytes of the scratch: the sample that mixture_norm_kmeans_accumulate takes of `rows`, then what mixture_norm_kmeans_finalize
 * needs.
 */
export function mixture_norm_kmeans_scratch_bytes(rows: u32, channels: u32, components: u32): usize {
  return (<usize>min(rows, KMEANS_ROWS) * (channels + components + 1)) << 2;
}

/**
 * Copies rows to the sample: all or, of more, KMEANS_ROWS that are evenly spread.
 *
 * @param sample mixture_norm_kmeans_scratch_bytes
 * @param x float32 [count, channels], from row `start` of `rows` rows on
 */
export function mixture_norm_kmeans_accumulate(sample: usize, x: usize, start: u32, count: u32, rows: u32, channels: u32): void {
  const taken = min(rows, KMEANS_ROWS);
  const bytes = (<usize>channels) << 2;
  for (let i: u32 = 0; i < taken; i++) {
    const row = <u32>((<u64>i * rows) / taken) - start;
    if (row < count) memory.copy(sample + i * bytes, x + row * bytes, bytes);
  }
}

/**
 * The mixture that EM starts from. k-means++ (Arthur, Vassilvitskii, 2007) draws seeds, and each row belongs to its nearest
 * seed. Of these clusters come the priors, the means, and one variance for all components, about their means. If there are
 * fewer distinct rows than components, the other components have prior 0 and mean 0. Without rows, all priors are equal.
 *
 * @param at mixture_norm_table_bytes, which need not be prepared
 * @param x the scratch, after mixture_norm_kmeans_accumulate
 * @param draws float32 [components], in [0, 1): each draws a seed, by the cumulative squared distances of the rows
 * @param prior float32 [components]
 * @param mean, variance float32 [components, channels]
 * @param all the number of rows that the sample was taken of
 */
export function mixture_norm_kmeans_finalize(
  at: usize,
  x: usize,
  draws: usize,
  prior: usize,
  mean: usize,
  variance: usize,
  all: u32,
  channels: u32,
  components: u32,
): void {
  const rows = min(all, KMEANS_ROWS);
  const rowBytes = (<usize>channels) << 2;
  const step = (<usize>components) << 2;
  const nearest = x + rows * rowBytes; // float32 [rows]: the squared distance from the nearest seed; 1 before the first seed
  const nu = nearest + ((<usize>rows) << 2); // float32 [rows, components]: 1 for the nearest seed; NaN where a row is left out
  memory.fill(mean, 0, components * rowBytes);
  memory.fill(variance, 0, components * rowBytes);
  memory.fill(nu, 0, rows * step);
  for (let i: usize = 0; i < rows; i++) {
    const good = distance(x + i * rowBytes, mean, channels) < <f32>MAX_SQUARE;
    store<f32>(nearest + (i << 2), good ? 1 : 0);
    if (!good) store<f32>(nu + i * step, NaN);
  }
  for (let k: usize = 0; k < components; k++) {
    store<f32>(prior + (k << 2), <f32>(1 / <f64>components));
    let total: f64 = 0;
    for (let i: usize = 0; i < rows; i++) total += load<f32>(nearest + (i << 2));
    if (total == 0) continue;
    const seed = mean + k * rowBytes;
    const draw = load<f32>(draws + (k << 2)) * total;
    let cumulative: f64 = 0;
    for (let i: usize = 0; i < rows; i++) {
      cumulative += load<f32>(nearest + (i << 2));
      if (cumulative <= draw) continue;
      memory.copy(seed, x + i * rowBytes, rowBytes);
      break;
    }
    for (let i: usize = 0; i < rows; i++) {
      const own = nu + i * step;
      if (isNaN(load<f32>(own))) continue;
      const d = distance(x + i * rowBytes, seed, channels);
      if (k && d >= load<f32>(nearest + (i << 2))) continue;
      store<f32>(nearest + (i << 2), d);
      memory.fill(own, 0, step);
      store<f32>(own + (k << 2), 1);
    }
  }

  mixture_norm_prepare(at, prior, mean, variance, 0, 0, channels, components, 0);
  const table = changetype<RowTable>(at);
  for (let row: u32 = 0; row < rows; row += table.blockRows) {
    const n = min(table.blockRows, rows - row);
    accumulate(table, packRows(table, 0, x + row * rowBytes, n), 0, nu + row * step, n);
  }
  mixture_norm_m_step_finalize(at, prior, variance, prior, mean, variance);
  for (let c: usize = 0; c < rowBytes; c += 4) {
    let pooled: f64 = 0;
    for (let k: usize = 0; k < components; k++) pooled += load<f32>(prior + (k << 2)) * load<f32>(variance + k * rowBytes + c);
    for (let k: usize = 0; k < components; k++) store<f32>(variance + k * rowBytes + c, <f32>pooled);
  }
}
