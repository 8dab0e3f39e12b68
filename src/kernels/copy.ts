import type { BinaryExports, Pointer } from "../binary/interface.js";

// Copies of a tensor's elements, or of some of them, to other places: whatever kernels do that move numbers.

/** An axis that is copied along: its size, and the elements from one position to the next where they are read, and written. */
export interface CopyAxis {
  size: number;
  from: number;
  to: number;
}

const ONE: CopyAxis = { size: 1, from: 0, to: 0 };
/** Axes that one call of the binary goes along. */
const MAX_AXES = 4;

/** The elements from one position to the next along each axis of a shape. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    steps[axis] = step;
    step *= shape[axis] as number;
  }
  return steps;
}

/**
 * The same copy along as few axes as possible, from the one on along which what is written is contiguous.
 *
 * @param axes the last is the innermost of what is written
 */
function simplified(axes: readonly CopyAxis[]): CopyAxis[] {
  const simple: CopyAxis[] = [];
  let last: CopyAxis | undefined;
  for (let i = axes.length - 1; i >= 0; i--) {
    const { size, from, to } = axes[i] as CopyAxis;
    if (size === 1) continue;
    if (last && from === last.from * last.size && to === last.to * last.size) last.size *= size;
    else {
      last = { size, from, to };
      simple.push(last);
    }
  }
  if (simple[0]?.to !== 1) simple.unshift({ size: 1, from: 1, to: 1 });
  if (simple.length > 2) {
    // Next comes the axis along which what is read is contiguous.
    const at = simple[0]?.from === 1 ? -1 : simple.findIndex(({ from }) => from === 1);
    if (at > 1) simple.splice(1, 0, ...simple.splice(at, 1));
    // The binary goes along the longest of the others.
    if (simple.length > MAX_AXES) simple.push(...simple.splice(2).sort((a, b) => b.size - a.size));
  }
  return simple;
}

function copyAlong(binary: BinaryExports, from: number, to: number, bytes: number, axes: readonly CopyAxis[]): void {
  if (axes.length > MAX_AXES) {
    const outer = axes.at(-1) as CopyAxis;
    const inner = axes.slice(0, -1);
    for (let i = 0; i < outer.size; i++) {
      copyAlong(binary, from + i * outer.from * bytes, to + i * outer.to * bytes, bytes, inner);
    }
    return;
  }
  const [columns, rows = ONE, planes = ONE, blocks = ONE] = axes as [CopyAxis, ...CopyAxis[]];
  binary.copy_apply(
    from as Pointer,
    to as Pointer,
    bytes,
    columns.size,
    columns.from * bytes,
    rows.size,
    rows.from * bytes,
    rows.to * bytes,
    planes.size,
    planes.from * bytes,
    planes.to * bytes,
    blocks.size,
    blocks.from * bytes,
    blocks.to * bytes,
  );
}

/**
 * Copies elements.
 *
 * @param from, to the addresses of the first that is read, and written
 * @param bytes of an element, 4 or 1
 * @param axes the last is the innermost of what is written. Nothing is copied if one has the size 0
 */
export function copy(binary: BinaryExports, from: number, to: number, bytes: number, axes: readonly CopyAxis[]): void {
  if (axes.every(({ size }) => size > 0)) copyAlong(binary, from, to, bytes, simplified(axes));
}

/** Copies `rows` runs of contiguous elements. @param rowFrom, rowTo elements from one run to the next */
export function copyRows(
  binary: BinaryExports,
  from: number,
  to: number,
  bytes: number,
  columns: number,
  rows: number,
  rowFrom: number,
  rowTo: number,
): void {
  if (columns === rowFrom && columns === rowTo) {
    columns *= rows;
    rows = 1;
  }
  const [f, t] = [rowFrom * bytes, rowTo * bytes];
  binary.copy_apply(from as Pointer, to as Pointer, bytes, columns, bytes, rows, f, t, 1, 0, 0, 1, 0, 0);
}
