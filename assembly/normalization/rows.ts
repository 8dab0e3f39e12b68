import { add, LANES, loadVec, madd, mul, splat, storeVec, sub, sumOfLanes, VEC, Vec } from "../simd/vec";
import { storeMoments } from "./moments";
import { arrayOf, BETA, elementOf, GAMMA, NormTable, SUMS_DY, SUMS_DYX } from "./table";

// Groups that are rows: contiguous numbers, each with a gamma and beta of its own. Groups are rows where a slice has one number
// of each channel: in layer normalization over the last axes, and in group normalization without space. After the first pass
// over a row, it is in the first-level cache.

/** Vectors in a float32 sum, at most. */
const MAX_SUM_VECTORS: u32 = 128;
/** Slices after which the float32 sums of gamma's and beta's gradients are added to those in float64. */
const FLUSH_SLICES: u32 = 64;
/** A shift below does not count beside the rounding of float32. Only means of more than 16 deviations have larger ones. */
const MIN_SHIFT: f64 = 1e-6;

/** Mean and variance of a row of n numbers, into table.mean and table.variance. */
function momentsOfRow(table: NormTable, x: usize, n: u32): void {
  const vectors = n / LANES;
  let total: f64 = 0;
  for (let i: u32 = 0; i < vectors; i += MAX_SUM_VECTORS) {
    let sum: Vec = splat(0);
    let sum2: Vec = splat(0);
    let p = x + i * VEC;
    const end = x + min(i + MAX_SUM_VECTORS, vectors) * VEC;
    for (; p + VEC < end; p += 2 * VEC) {
      sum = add(sum, loadVec(p));
      sum2 = add(sum2, loadVec(p + VEC));
    }
    if (p < end) sum = add(sum, loadVec(p));
    total += <f64>sumOfLanes(add(sum, sum2));
  }
  for (let i = vectors * LANES; i < n; i++) total += <f64>load<f32>(x + ((<usize>i) << 2));
  const share = 1 / <f64>n;

  // Deviations from the mean as a float32. They do not sum to 0: the residual corrects the mean and the squares.
  const center = <f32>(total * share);
  const c = splat(center);
  let residual: f64 = 0;
  let squares: f64 = 0;
  for (let i: u32 = 0; i < vectors; i += MAX_SUM_VECTORS) {
    let sum: Vec = splat(0);
    let square: Vec = splat(0);
    let square2: Vec = splat(0);
    let p = x + i * VEC;
    const end = x + min(i + MAX_SUM_VECTORS, vectors) * VEC;
    for (; p + VEC < end; p += 2 * VEC) {
      const d = sub(loadVec(p), c);
      const d2 = sub(loadVec(p + VEC), c);
      sum = add(sum, add(d, d2));
      square = madd(d, d, square);
      square2 = madd(d2, d2, square2);
    }
    if (p < end) {
      const d = sub(loadVec(p), c);
      sum = add(sum, d);
      square = madd(d, d, square);
    }
    residual += <f64>sumOfLanes(sum);
    squares += <f64>sumOfLanes(add(square, square2));
  }
  for (let i = vectors * LANES; i < n; i++) {
    const d = <f64>load<f32>(x + ((<usize>i) << 2)) - <f64>center;
    residual += d;
    squares += d * d;
  }
  const correction = residual * share;
  table.mean = <f64>center + correction;
  table.variance = squares * share - correction * correction;
  if (table.rms) {
    table.variance += table.mean * table.mean;
    table.mean = 0;
  }
}

/**
 * y, mean, variance and residual of rows. The first row is the first group of a slice.
 *
 * @param x, y float32 [rows, channels / groups], not overlapping
 * @param mean, variance, residual float32 [rows]
 */
export function rowsApply(table: NormTable, x: usize, y: usize, mean: usize, variance: usize, residual: usize, rows: u32): void {
  const n = table.channels / table.groups;
  for (let row: u32 = 0; row < rows; row++) {
    momentsOfRow(table, x, n);
    storeMoments(table, mean + ((<usize>row) << 2), variance + ((<usize>row) << 2), residual + ((<usize>row) << 2));
    const r = 1 / Math.sqrt(table.variance + table.epsilon);
    const center = <f32>table.mean;
    const scale = <f32>r;
    const offset = <f32>((<f64>center - table.mean) * r);
    const first = (row % table.groups) * n;
    const gamma = elementOf(table, GAMMA, first);
    const beta = elementOf(table, BETA, first);
    const c = splat(center);
    const s = splat(scale);
    const o = splat(offset);
    let i: usize = 0;
    for (; i + VEC <= (<usize>n) << 2; i += VEC) {
      storeVec(y + i, madd(madd(sub(loadVec(x + i), c), s, o), loadVec(gamma + i), loadVec(beta + i)));
    }
    for (; i < (<usize>n) << 2; i += 4) {
      store<f32>(y + i, ((load<f32>(x + i) - center) * scale + offset) * load<f32>(gamma + i) + load<f32>(beta + i));
    }
    x += (<usize>n) << 2;
    y += (<usize>n) << 2;
  }
}

/**
 * dx of rows; adds to the gradients of gamma and beta. The first row is the first group of a slice.
 *
 * @param x, dy, dx float32 [rows, channels / groups], dx not overlapping the others
 * @param mean, variance, residual float32 [rows]
 */
export function rowsGradApply(
  table: NormTable,
  x: usize,
  dy: usize,
  dx: usize,
  mean: usize,
  variance: usize,
  residual: usize,
  rows: u32,
): void {
  const n = table.channels / table.groups;
  const bytes = (<usize>n) << 2;
  const share = 1 / <f64>n;
  for (let row: u32 = 0; row < rows; row++) {
    const center = load<f32>(mean + ((<usize>row) << 2));
    const r = 1 / Math.sqrt(<f64>load<f32>(variance + ((<usize>row) << 2)) + table.epsilon);
    // x̂ = (x − E) r = z + shift
    const shift = -r * <f64>load<f32>(residual + ((<usize>row) << 2));
    const first = (row % table.groups) * n;
    const gamma = elementOf(table, GAMMA, first);
    const sumsDy = elementOf(table, SUMS_DY, first);
    const sumsDyx = elementOf(table, SUMS_DYX, first);

    const c = splat(center);
    const s = splat(<f32>r);
    let m1: f64 = 0;
    let m2: f64 = 0;
    let i: usize = 0;
    while (i + VEC <= bytes) {
      const end = min(i + MAX_SUM_VECTORS * VEC, bytes - VEC + 1);
      let sum1: Vec = splat(0);
      let sum2: Vec = splat(0);
      for (; i < end; i += VEC) {
        const d = loadVec(dy + i);
        const z = mul(sub(loadVec(x + i), c), s);
        const dz = mul(d, z);
        storeVec(sumsDy + i, add(loadVec(sumsDy + i), d));
        storeVec(sumsDyx + i, add(loadVec(sumsDyx + i), dz));
        sum1 = madd(d, loadVec(gamma + i), sum1);
        sum2 = madd(dz, loadVec(gamma + i), sum2);
      }
      m1 += <f64>sumOfLanes(sum1);
      m2 += <f64>sumOfLanes(sum2);
    }
    for (; i < bytes; i += 4) {
      const d = load<f32>(dy + i);
      const dz = d * ((load<f32>(x + i) - center) * <f32>r);
      store<f32>(sumsDy + i, load<f32>(sumsDy + i) + d);
      store<f32>(sumsDyx + i, load<f32>(sumsDyx + i) + dz);
      m1 += <f64>(d * load<f32>(gamma + i));
      m2 += <f64>(dz * load<f32>(gamma + i));
    }

    if (Math.abs(shift) > MIN_SHIFT) addShift(sumsDyx, dy, <f32>shift, bytes);

    const pull = -r * (m2 + shift * m1) * share;
    const offset = <f32>(pull * shift - (table.rms ? 0 : r * m1 * share));
    const p = splat(<f32>(pull * r));
    const o = splat(offset);
    for (i = 0; i + VEC <= bytes; i += VEC) {
      storeVec(dx + i, madd(mul(loadVec(dy + i), s), loadVec(gamma + i), madd(sub(loadVec(x + i), c), p, o)));
    }
    for (; i < bytes; i += 4) {
      store<f32>(
        dx + i,
        load<f32>(dy + i) * <f32>r * load<f32>(gamma + i) + ((load<f32>(x + i) - center) * <f32>(pull * r) + offset),
      );
    }
    x += bytes;
    dy += bytes;
    dx += bytes;
    if (row % (FLUSH_SLICES * table.groups) == FLUSH_SLICES * table.groups - 1) flush(table);
  }
  flush(table);
}

/** What the sums of dy x̂ lack where x̂ is shifted. */
function addShift(sumsDyx: usize, dy: usize, shift: f32, bytes: usize): void {
  const s = splat(shift);
  let i: usize = 0;
  for (; i + VEC <= bytes; i += VEC) storeVec(sumsDyx + i, madd(loadVec(dy + i), s, loadVec(sumsDyx + i)));
  for (; i < bytes; i += 4) store<f32>(sumsDyx + i, load<f32>(sumsDyx + i) + load<f32>(dy + i) * shift);
}

/** Adds the float32 sums of gamma's and beta's gradients to those in float64, and sets them to zero. */
function flush(table: NormTable): void {
  const at = changetype<usize>(table);
  for (let c: u32 = 0; c < table.channels; c++) {
    const dgamma = at + table.dgamma + ((<usize>c) << 3);
    const dbeta = at + table.dbeta + ((<usize>c) << 3);
    store<f64>(dgamma, load<f64>(dgamma) + <f64>load<f32>(elementOf(table, SUMS_DYX, c)));
    store<f64>(dbeta, load<f64>(dbeta) + <f64>load<f32>(elementOf(table, SUMS_DY, c)));
  }
  memory.fill(arrayOf(table, SUMS_DY), 0, 2 * table.arrayBytes);
}
