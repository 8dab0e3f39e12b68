import { KAPPA2, MIN_PRIOR, MIN_VARIANCE } from "../constants";
import { LANES, VEC } from "../simd/vec";

// The table of mixture normalization (docs/math.md, section 5): a mixture of K diagonal Gaussians over rows of C numbers.
//
// The loops take blocks of rows, which stay in the first-level cache. The numbers of the components are in planes [K, P], where
// P is C rounded up to whole vectors. Where C is not P, a block is copied to buffers with rows of P numbers. The numbers that
// fill up a row are zeros, or arbitrary in a row of outputs: no result depends on them.

/** Bytes of a block, more or less. */
const BLOCK_BYTES: u32 = 16384;
/** Rows of a block, at most: float32 sums over a block stay short. */
const MAX_BLOCK_ROWS: u32 = 64;
/** Rows of a tile, which a loop takes at once. A block has a multiple of them. */
export const TILE_ROWS: u32 = 4;
/** Bytes of a float64 for each row of a tile. */
export const TILE_BYTES: usize = TILE_ROWS << 3;

@unmanaged
export class RowTable {
  channels: u32;
  components: u32;
  /** Bytes of a row of P float32. */
  rowBytes: u32;
  blockRows: u32;
  /** Bytes from the table to its planes, to TILE_BYTES for each component and once more, and to the buffers of three blocks. */
  planes: u32;
  tile: u32;
  buffers: u32;
}

// After the head, each component has COMPONENT bytes. Offsets in bytes.
const COMPONENTS: usize = (offsetof<RowTable>() + 15) & ~15;
const COMPONENT: usize = 32;
const LOG: usize = 0; // log2 λ_k − ½ Σ log2 v, a float64
const MASS: usize = 8; // Σ ν_k, a float64
const ROOT: usize = 16; // 1/√λ_k, a float64

// The planes, float32 [K, P] each.
export const MEAN: u32 = 0; // E_k
export const INVERSE: u32 = 1; // κ/√v_k, so that its square is in bits
export const GAIN: u32 = 2; // gamma/√(λ_k v_k)
export const DY_MEAN: u32 = 3; // S_k/M_k in grad.ts
export const DY_SLOPE: u32 = 4; // T_k r_k²/M_k in grad.ts
/** Two accumulators, float64 [K, P]: two planes each. */
export const ACCUMULATORS: u32 = 5;
const PLANES: u32 = 9;

@inline export function plane(table: RowTable, i: u32): usize {
  return changetype<usize>(table) + table.planes + <usize>(i * table.components) * table.rowBytes;
}
/** beta, float32 [P], after the planes. */
@inline export function betaOf(table: RowTable): usize {
  return plane(table, PLANES);
}
@inline export function logOf(table: RowTable, k: u32): usize {
  return changetype<usize>(table) + COMPONENTS + k * COMPONENT + LOG;
}
@inline export function massOf(table: RowTable, k: u32): usize {
  return changetype<usize>(table) + COMPONENTS + k * COMPONENT + MASS;
}
@inline export function rootOf(table: RowTable, k: u32): usize {
  return changetype<usize>(table) + COMPONENTS + k * COMPONENT + ROOT;
}

/** The value of an accumulator, for a component and a channel. */
@inline export function accumulated(table: RowTable, accumulator: u32, k: u32, c: u32): f64 {
  return load<f64>(plane(table, ACCUMULATORS + 2 * accumulator) + 2 * <usize>k * table.rowBytes + ((<usize>c) << 3));
}

/** 1/v_k */
@inline export function precision(table: RowTable, k: u32, c: u32): f64 {
  const inverse = <f64>load<f32>(plane(table, INVERSE) + <usize>k * table.rowBytes + ((<usize>c) << 2));
  return (inverse * inverse) / KAPPA2;
}

/** The address of n rows of P numbers: of these rows themselves, or of a copy in buffer 0, 1 or 2. */
export function packRows(table: RowTable, buffer: u32, rows: usize, n: u32): usize {
  if (table.channels % LANES == 0) return rows;
  const at = bufferOf(table, buffer);
  const bytes = (<usize>table.channels) << 2;
  for (let i: usize = 0; i < n; i++) memory.copy(at + i * table.rowBytes, rows + i * bytes, bytes);
  return at;
}

/** The address to store rows of P numbers at. Then unpackRows copies them to `rows`. */
@inline export function outputRows(table: RowTable, buffer: u32, rows: usize): usize {
  return table.channels % LANES == 0 ? rows : bufferOf(table, buffer);
}
/** Copies n rows from a buffer to `rows`, if outputRows was in a buffer. */
export function unpackRows(table: RowTable, buffer: u32, rows: usize, n: u32): void {
  if (table.channels % LANES == 0) return;
  const at = bufferOf(table, buffer);
  const bytes = (<usize>table.channels) << 2;
  for (let i: usize = 0; i < n; i++) memory.copy(rows + i * bytes, at + i * table.rowBytes, bytes);
}

@inline function bufferOf(table: RowTable, buffer: u32): usize {
  return changetype<usize>(table) + table.buffers + <usize>(buffer * table.blockRows) * table.rowBytes;
}

function layout(table: RowTable | null, channels: u32, components: u32): usize {
  const rowBytes = ((channels + LANES - 1) / LANES) * <u32>VEC;
  const blockRows = max(min(BLOCK_BYTES / rowBytes, MAX_BLOCK_ROWS) & ~(TILE_ROWS - 1), TILE_ROWS);
  const tile = COMPONENTS + components * COMPONENT;
  const planes = tile + (components + 1) * TILE_BYTES;
  const buffers = planes + (<usize>PLANES * components + 1) * rowBytes;
  if (table) {
    table.channels = channels;
    table.components = components;
    table.rowBytes = rowBytes;
    table.blockRows = blockRows;
    table.tile = <u32>tile;
    table.planes = <u32>planes;
    table.buffers = <u32>buffers;
  }
  return buffers + (channels % LANES ? <usize>3 * blockRows * rowBytes : 0);
}

/** Bytes of a table. */
export function mixture_norm_table_bytes(channels: u32, components: u32): usize {
  return layout(null, channels, components);
}

/**
 * Writes the head and the constants of a table, and sets its accumulators to zero.
 *
 * @param at mixture_norm_table_bytes
 * @param prior float32 [components]
 * @param mean, variance float32 [components, channels]
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 */
export function mixture_norm_prepare(
  at: usize,
  prior: usize,
  mean: usize,
  variance: usize,
  gamma: usize,
  beta: usize,
  channels: u32,
  components: u32,
  epsilon: f64,
): void {
  memory.fill(at, 0, layout(null, channels, components));
  const table = changetype<RowTable>(at);
  layout(table, channels, components);
  const bytes = (<usize>channels) << 2;
  if (beta) memory.copy(betaOf(table), beta, bytes);
  for (let k: u32 = 0; k < components; k++) {
    const row = <usize>k * table.rowBytes;
    const share = max(<f64>load<f32>(prior + ((<usize>k) << 2)), MIN_PRIOR);
    const root = 1 / Math.sqrt(share);
    memory.copy(plane(table, MEAN) + row, mean + k * bytes, bytes);
    // Σ log2 v as log2 Π v, with the exponent of the product apart: one logarithm, and no error that grows with C.
    let product: f64 = 1;
    let exponent: i64 = 0;
    for (let c: usize = 0; c < bytes; c += 4) {
      const v = max(<f64>load<f32>(variance + k * bytes + c) + epsilon, MIN_VARIANCE);
      product *= v;
      exponent += exponentOf(product);
      product = mantissaOf(product);
      const deviation = Math.sqrt(v);
      store<f32>(plane(table, INVERSE) + row + c, <f32>(Math.sqrt(KAPPA2) / deviation));
      store<f32>(plane(table, GAIN) + row + c, <f32>(((gamma ? <f64>load<f32>(gamma + c) : 1) * root) / deviation));
    }
    store<f64>(logOf(table, k), log2(share) - 0.5 * (<f64>exponent + log2(product)));
    store<f64>(rootOf(table, k), root);
  }
}

@inline function exponentOf(a: f64): i64 {
  return <i64>(reinterpret<u64>(a) >> 52) - 1023;
}
@inline function mantissaOf(a: f64): f64 {
  return reinterpret<f64>((reinterpret<u64>(a) & 0x000fffffffffffff) | 0x3ff0000000000000);
}

/**
 * log2 a for normal positive a, absolute error below 1e-11. It is the series of log2 in simd/exp2.ts, about √2: with a = m·2^e
 * and m in [1, 2), |s| < 0.1716; it ends with s¹³/13.
 */
function log2(a: f64): f64 {
  const m = mantissaOf(a) * Math.SQRT1_2;
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let p: f64 = 0;
  for (let n = 13; n > 0; n -= 2) p = p * q + 1 / <f64>n;
  return 2 * Math.LOG2E * s * p + <f64>exponentOf(a) + 0.5;
}
