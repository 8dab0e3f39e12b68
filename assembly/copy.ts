import { LANES, loadVec, splatBits, storeTransposed, storeTransposedBytes, storeVec, VEC } from "./simd/vec";

// Copies of elements of 4 bytes or 1, which are bits here: an element that is NaN keeps them.

/** Bytes from which on the engine's own copy takes less time. */
const LONG: usize = 16 * VEC;
/** Columns of a transposed plane that are written at once: their lines stay in the cache, also where they fall into the same sets. */
const STRIP: u32 = 64;

@inline function moveVec(from: usize, to: usize): void {
  storeVec(to, loadVec(from));
}

/** Copies a run of at least VEC bytes. The last vector may have bytes that the one before it has, too. */
@inline function moveVecs(from: usize, to: usize, bytes: usize): void {
  const last = bytes - VEC;
  for (let q: usize = 0; q < last; q += VEC) moveVec(from + q, to + q);
  moveVec(from + last, to + last);
}

/** Copies a run of any length. */
@inline function moveRun(from: usize, to: usize, bytes: usize): void {
  if (bytes >= LONG) memory.copy(to, from, bytes);
  else if (bytes >= VEC) moveVecs(from, to, bytes);
  else if (bytes >= 8) {
    store<u64>(to, load<u64>(from));
    store<u64>(to + bytes - 8, load<u64>(from + bytes - 8));
  } else if (bytes >= 4) {
    store<u32>(to, load<u32>(from));
    store<u32>(to + bytes - 4, load<u32>(from + bytes - 4));
  } else {
    for (; bytes; bytes--) store<u8>(to++, load<u8>(from++));
  }
}

/** Copies `rows` runs. */
function moveRuns(from: usize, to: usize, bytes: usize, rows: u32, rowFrom: usize, rowTo: usize): void {
  if (bytes == 4) moveElements(from, to, 4, rows, rowFrom, rowTo, 1, 0, 0);
  else if (bytes == 8) {
    for (; rows; rows--, from += rowFrom, to += rowTo) store<u64>(to, load<u64>(from));
  } else if (bytes == VEC) {
    for (; rows; rows--, from += rowFrom, to += rowTo) moveVec(from, to);
  } else if (bytes > VEC && bytes < LONG) {
    for (; rows; rows--, from += rowFrom, to += rowTo) moveVecs(from, to, bytes);
  } else {
    for (; rows; rows--, from += rowFrom, to += rowTo) moveRun(from, to, bytes);
  }
}

/** Writes `rows` runs, in each of which all elements are the same. */
function repeatElements(from: usize, to: usize, element: u32, columns: u32, rows: u32, rowFrom: usize, rowTo: usize): void {
  for (; rows; rows--, from += rowFrom, to += rowTo) {
    if (element == 1) memory.fill(to, load<u8>(from), columns);
    else fill(to, load<u32>(from), columns);
  }
}

/** Writes the same 4 bytes `count` times. */
function fill(to: usize, bits: u32, count: u32): void {
  const end = to + ((<usize>count) << 2);
  const all = splatBits(bits);
  for (; to + VEC <= end; to += VEC) storeVec(to, all);
  for (; to < end; to += 4) store<u32>(to, bits);
}

@inline function moveElement(from: usize, to: usize, element: u32): void {
  if (element == 1) store<u8>(to, load<u8>(from));
  else store<u32>(to, load<u32>(from));
}

/** Copies single elements, `count` of them. */
@inline function moveEach(from: usize, to: usize, element: u32, count: u32, fromStep: usize, toStep: usize): void {
  for (; count >= 4; count -= 4) {
    const p = from + 2 * fromStep;
    const q = to + 2 * toStep;
    moveElement(from, to, element);
    moveElement(from + fromStep, to + toStep, element);
    moveElement(p, q, element);
    moveElement(p + fromStep, q + toStep, element);
    from = p + 2 * fromStep;
    to = q + 2 * toStep;
  }
  for (; count; count--, from += fromStep, to += toStep) moveElement(from, to, element);
}

/** Copies single elements: `rows` times `columns`, all of them apart. */
function moveElements(
  from: usize,
  to: usize,
  element: u32,
  columns: u32,
  columnFrom: usize,
  columnTo: usize,
  rows: u32,
  rowFrom: usize,
  rowTo: usize,
): void {
  for (; rows; rows--, from += rowFrom, to += rowTo) {
    if (element == 1) moveEach(from, to, 1, columns, columnFrom, columnTo);
    else moveEach(from, to, 4, columns, columnFrom, columnTo);
  }
}

/** Rows whose elements are those of columns: rows and columns are LANES at least. The last tiles may have what others have, too. */
@inline function transposeOf(
  element: u32,
  from: usize,
  to: usize,
  columns: u32,
  columnFrom: usize,
  rows: u32,
  rowTo: usize,
): void {
  for (let left: u32 = 0; left < columns; left += STRIP) {
    const right = min(left + STRIP, columns);
    for (let i: u32 = 0; i < rows; i += LANES) {
      const row = min(i, rows - LANES);
      const p = from + row * element;
      const q = to + row * rowTo;
      for (let j = left; j < right; j += LANES) {
        const column = min(j, columns - LANES);
        if (element == 1) storeTransposedBytes(q + column, rowTo, p + column * columnFrom, columnFrom);
        else storeTransposed(q + ((<usize>column) << 2), rowTo, p + column * columnFrom, columnFrom);
      }
    }
  }
}
function transpose(from: usize, to: usize, columns: u32, columnFrom: usize, rows: u32, rowTo: usize): void {
  transposeOf(4, from, to, columns, columnFrom, rows, rowTo);
}
function transposeBytes(from: usize, to: usize, columns: u32, columnFrom: usize, rows: u32, rowTo: usize): void {
  transposeOf(1, from, to, columns, columnFrom, rows, rowTo);
}

/**
 * Copies the elements of a tensor, or of a part of it, to another: blocks of planes of rows of columns. Steps are in bytes, modulo
 * 2^32. In a row, elements that are written are contiguous.
 *
 * @param from the first element that is read
 * @param to the first that is written, no part of what is read
 * @param element bytes of one, 4 or 1
 */
export function copy_apply(
  from: usize,
  to: usize,
  element: u32,
  columns: u32,
  columnFrom: u32,
  rows: u32,
  rowFrom: u32,
  rowTo: u32,
  planes: u32,
  planeFrom: u32,
  planeTo: u32,
  blocks: u32,
  blockFrom: u32,
  blockTo: u32,
): void {
  for (; blocks; blocks--, from += blockFrom, to += blockTo) {
    let p = from;
    let q = to;
    for (let left = planes; left; left--, p += planeFrom, q += planeTo) {
      if (columnFrom == element) moveRuns(p, q, columns * element, rows, rowFrom, rowTo);
      else if (columnFrom == 0) repeatElements(p, q, element, columns, rows, rowFrom, rowTo);
      else if (rowFrom == element && rows >= LANES && columns >= LANES) {
        if (element == 1) transposeBytes(p, q, columns, columnFrom, rows, rowTo);
        else transpose(p, q, columns, columnFrom, rows, rowTo);
      } else if (columns < rows) moveElements(p, q, element, rows, rowFrom, rowTo, columns, columnFrom, element);
      else moveElements(p, q, element, columns, columnFrom, element, rows, rowFrom, rowTo);
    }
  }
}

/** Writes the same element `count` times. @param element bytes of one, 4 or 1 @param bits the element */
export function fill_apply(to: usize, element: u32, bits: u32, count: u32): void {
  if (element == 1) memory.fill(to, <u8>bits, count);
  else if (bits == 0) memory.fill(to, 0, (<usize>count) << 2);
  else fill(to, bits, count);
}

/** @returns 0 where each of `count` int32 is an index from 0 on and below `size`; else the first that is not */
export function gather_check(indices: usize, count: u32, size: u32): i32 {
  const end = indices + ((<usize>count) << 2);
  for (; indices < end; indices += 4) if (load<u32>(indices) >= size) return load<i32>(indices);
  return 0;
}

/**
 * out[b, o, i] = x[b, o, indices[b, i]], runs of bytes.
 *
 * @param x [batch, outer, size] runs
 * @param indices int32 [batch, count], from 0 on and below `size`
 * @param out [batch, outer, count] runs
 */
export function gather_apply(
  x: usize,
  indices: usize,
  out: usize,
  batch: u32,
  outer: u32,
  size: u32,
  count: u32,
  bytes: u32,
): void {
  const row = (<usize>count) << 2;
  const step = <usize>size * bytes;
  for (; batch; batch--, indices += row) {
    const last = indices + row;
    for (let left = outer; left; left--, x += step) {
      if (bytes == 4) {
        for (let p = indices; p < last; p += 4, out += 4) store<u32>(out, load<u32>(x + ((<usize>load<u32>(p)) << 2)));
      } else {
        for (let p = indices; p < last; p += 4, out += bytes) moveRun(x + <usize>load<u32>(p) * bytes, out, bytes);
      }
    }
  }
}
