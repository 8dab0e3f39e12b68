import { KAPPA2, MIN_PRIOR, MIN_VARIANCE } from "../constants";
import { LANES, VEC } from "../simd/vec";

// What the loops of mixture normalization (spec.md, section 3) know of a mixture of K diagonal Gaussians over rows of C numbers.
//
// Rows are walked in blocks that stay in the nearest cache. Numbers of a component stand in planes [K, P] with P = C rounded
// up to whole vectors; where C is not P, a block of rows is copied to rows of P, too, filled up with zeros, on which nothing depends.

/** Bytes of a block of rows, more or less, and its rows: at most so many, so that float32 sums over a block stay short. */
const BLOCK_BYTES: u32 = 16384;
const MAX_BLOCK_ROWS: u32 = 64;
/** Rows that are worked on at once; a block has a multiple of them. */
export const TILE: u32 = 4;
/** Of each component, in a tile: a float64 for every row. */
export const TILE_BYTES: usize = TILE << 3;

@unmanaged
export class RowTable {
  channels: u32;
  components: u32;
  /** Bytes of a row of P float32. */
  rowBytes: u32;
  blockRows: u32;
  /** Bytes from the table to its planes, to room for a tile (log densities, and sums), and to room for blocks of rows. */
  planes: u32;
  tile: u32;
  packed: u32;
}

// Of each component, in bytes after the head.
const COMPONENTS: usize = (offsetof<RowTable>() + 15) & ~15;
const COMPONENT: usize = 32;
const LOG: usize = 0; // log2 λ_k − ½ Σ log2 v, a float64
const MASS: usize = 8; // Σ ν_k, a float64
const ROOT: usize = 16; // 1/√λ_k, a float64

// Planes of float32.
export const MEAN: u32 = 0; // E_k
export const INVERSE: u32 = 1; // κ/√v_k, so that its square is in bits
export const GAIN: u32 = 2; // gamma/√(λ_k v_k)
export const FIRST: u32 = 3; // what the backward pass takes away from dy, and
export const SECOND: u32 = 4; // what it takes away times (x − E_k)
/** Two accumulators, each two planes: float64. */
export const ACCUMULATORS: u32 = 5;
const PLANES: u32 = 9;

@inline export function plane(table: RowTable, i: u32): usize {
  return changetype<usize>(table) + table.planes + <usize>(i * table.components) * table.rowBytes;
}
/** The row of float32 after the planes. */
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

/** An accumulator's float64 for a component and a channel. */
@inline export function accumulated(table: RowTable, sum: u32, k: u32, c: u32): f64 {
  return load<f64>(plane(table, ACCUMULATORS + 2 * sum) + 2 * <usize>k * table.rowBytes + ((<usize>c) << 3));
}

/** 1/v_k */
@inline export function precision(table: RowTable, k: u32, c: u32): f64 {
  const inverse = <f64>load<f32>(plane(table, INVERSE) + <usize>k * table.rowBytes + ((<usize>c) << 2));
  return (inverse * inverse) / KAPPA2;
}

/** A block of n rows as rows of P numbers: where they are, or their copy in room 0, 1 or 2. */
export function packed(table: RowTable, room: u32, rows: usize, n: u32): usize {
  if (table.channels % LANES == 0) return rows;
  const at = roomOf(table, room);
  const bytes = (<usize>table.channels) << 2;
  for (let i: usize = 0; i < n; i++) memory.copy(at + i * table.rowBytes, rows + i * bytes, bytes);
  return at;
}

/** Where n rows of P numbers are to be written that shall be at `rows`; unpack, then, brings them there. */
@inline export function outOf(table: RowTable, room: u32, rows: usize): usize {
  return table.channels % LANES == 0 ? rows : roomOf(table, room);
}
export function unpack(table: RowTable, room: u32, rows: usize, n: u32): void {
  if (table.channels % LANES == 0) return;
  const at = roomOf(table, room);
  const bytes = (<usize>table.channels) << 2;
  for (let i: usize = 0; i < n; i++) memory.copy(rows + i * bytes, at + i * table.rowBytes, bytes);
}

@inline function roomOf(table: RowTable, room: u32): usize {
  return changetype<usize>(table) + table.packed + <usize>(room * table.blockRows) * table.rowBytes;
}

function layout(table: RowTable | null, channels: u32, components: u32): usize {
  const rowBytes = ((channels + LANES - 1) / LANES) * <u32>VEC;
  const blockRows = max(min(BLOCK_BYTES / rowBytes, MAX_BLOCK_ROWS) & ~(TILE - 1), TILE);
  const tile = COMPONENTS + components * COMPONENT;
  const planes = tile + (components + 1) * TILE_BYTES;
  const rooms = planes + (<usize>PLANES * components + 1) * rowBytes;
  if (table) {
    table.channels = channels;
    table.components = components;
    table.rowBytes = rowBytes;
    table.blockRows = blockRows;
    table.tile = <u32>tile;
    table.planes = <u32>planes;
    table.packed = <u32>rooms;
  }
  return rooms + (channels % LANES ? <usize>3 * blockRows * rowBytes : 0);
}

export function mixture_norm_table_bytes(channels: u32, components: u32): usize {
  return layout(null, channels, components);
}

/**
 * Fills a table, its accumulators with zeros.
 *
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
    // Σ log2 v as log2 Π v, the product's exponent kept apart: one logarithm, and no error that grows with C.
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
 * log2 a of normal positive a, absolute error below 1e-11: the series of simd/exp2.ts's log2, with a = m·2^e, m in [1, 2), about √2,
 * so |s| < 0.1716, up to s¹³/13.
 */
function log2(a: f64): f64 {
  const m = mantissaOf(a) * Math.SQRT1_2;
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let p: f64 = 0;
  for (let n = 13; n > 0; n -= 2) p = p * q + 1 / <f64>n;
  return 2 * Math.LOG2E * s * p + <f64>exponentOf(a) + 0.5;
}
