// Convolutions, pools, sums of rows and matrix products (docs/math.md, section 6) in float64. All of them are sums of products x·w.
// Tests compare with it.

/** y[term.y] += x[term.x] · w[term.w] */
export type Term = Record<Role, number>;
export type Role = "y" | "x" | "w";

/**
 * The sum of a product's terms into one of its roles: y itself, or for dy in the role of y the gradient with respect to x or w.
 *
 * @param length of the result
 */
export function contract(
  terms: Term[],
  into: Role,
  values: Partial<Record<Role, ArrayLike<number>>>,
  length: number,
): Float64Array {
  const [a, b] = (["y", "x", "w"] as const).filter((role) => role !== into) as [Role, Role];
  const [left, right] = [values[a], values[b]] as [ArrayLike<number>, ArrayLike<number>];
  const sums = new Float64Array(length);
  for (const term of terms) {
    sums[term[into]] = (sums[term[into]] as number) + (left[term[a]] as number) * (right[term[b]] as number);
  }
  return sums;
}

/** Windows over space of any rank, as TensorFlow.js places them. */
export interface Windows {
  batch: number;
  sizes: number[];
  window: number[];
  /** One for all axes, or one for each. */
  strides: number | number[];
  pad: "same" | "valid" | number;
  /** Of the output's sizes, where pad is a number. Default "floor". */
  dimRoundingMode?: "floor" | "round" | "ceil";
  /** From each number of a window to the next. Default 1. */
  dilations?: number | number[];
}

/** A size of each axis, where it may be the same for all. */
const along = (sizes: number | number[], axis: number) => (typeof sizes === "number" ? sizes : (sizes[axis] as number));

export const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);

/** Every place in a space, in row-major order. */
export function places(sizes: number[]): number[][] {
  return sizes.reduce<number[][]>(
    (all, size) => all.flatMap((place) => Array.from({ length: size }, (_, i) => [...place, i])),
    [[]],
  );
}

/** The sizes of a window with what its dilation leaves out. */
const extents = ({ window, dilations = 1 }: Windows) => window.map((size, i) => (size - 1) * along(dilations, i) + 1);

export function outSizes(windows: Windows): number[] {
  const { sizes, strides, pad, dimRoundingMode = "floor" } = windows;
  const extent = extents(windows);
  return sizes.map((size, i) => {
    const stride = along(strides, i);
    if (pad === "same") return Math.ceil(size / stride);
    const room = size + 2 * (pad === "valid" ? 0 : pad) - (extent[i] as number);
    return room < 0 ? 0 : Math[dimRoundingMode](room / stride + 1);
  });
}

/** The positions before the first that the first window takes in. In volumes, padding "same" may be negative. */
function padBefore(windows: Windows, out: number[]): number[] {
  const { sizes, strides, pad } = windows;
  const extent = extents(windows);
  return sizes.map((size, i) => {
    if (typeof pad === "number") return pad;
    const missing = ((out[i] as number) - 1) * along(strides, i) + (extent[i] as number) - size;
    if (pad === "valid") return 0;
    return Math.floor((sizes.length === 3 ? missing : Math.max(0, missing)) / 2);
  });
}

/** Which input each tap of each window sees: numbers of places, those of output and input counted over the whole batch. */
export function taps(windows: Windows): { output: number; input: number; tap: number }[] {
  const { batch, sizes, window, strides, dilations = 1 } = windows;
  const out = outSizes(windows);
  const before = padBefore(windows, out);
  const found = places(out).flatMap((place, output) =>
    places(window).flatMap((offsets, tap) => {
      const at = place.map(
        (p, i) => p * along(strides, i) + (offsets[i] as number) * along(dilations, i) - (before[i] as number),
      );
      const isInside = at.every((position, i) => position >= 0 && position < (sizes[i] as number));
      const input = at.reduce((sum, position, i) => sum * (sizes[i] as number) + position, 0);
      return isInside ? [{ output, input, tap }] : [];
    }),
  );
  return Array.from({ length: batch }, (_, b) =>
    found.map(({ output, input, tap }) => ({ output: output + b * product(out), input: input + b * product(sizes), tap })),
  ).flat();
}

const pairs = (a: number, b: number) => places([a, b]) as [number, number][];

/** x [batch, ...sizes, from], w [...window, from, to] */
export function convolution(windows: Windows, from: number, to: number): Term[] {
  return taps(windows).flatMap(({ output, input, tap }) =>
    pairs(from, to).map(([i, o]) => ({ y: output * to + o, x: input * from + i, w: (tap * from + i) * to + o })),
  );
}

/** x [batch, ...sizes, channels], w [...window, channels, multiplier] */
export function depthwiseConvolution(windows: Windows, channels: number, multiplier: number): Term[] {
  return taps(windows).flatMap(({ output, input, tap }) =>
    pairs(channels, multiplier).map(([c, m]) => ({
      y: (output * channels + c) * multiplier + m,
      x: input * channels + c,
      w: (tap * channels + c) * multiplier + m,
    })),
  );
}

/** Every number in every window of a pool. Its weight is w[number of the output]. */
function pooled(windows: Windows, channels: number): Term[] {
  return taps(windows).flatMap(({ output, input }) =>
    Array.from({ length: channels }, (_, c) => {
      const y = output * channels + c;
      return { y, x: input * channels + c, w: y };
    }),
  );
}

/** Terms and weights of the mean of each window. */
export function averagePool(windows: Windows, channels: number): { terms: Term[]; w: Float64Array } {
  const terms = pooled(windows, channels);
  const counts = new Float64Array(windows.batch * product(outSizes(windows)) * channels);
  for (const { y } of terms) counts[y] = (counts[y] as number) + 1;
  return { terms, w: counts.map((count) => 1 / count) };
}

/** Terms and weights of the largest number of each window: of equal ones the first, in volumes the last. */
export function maxPool(windows: Windows, channels: number, x: ArrayLike<number>): { terms: Term[]; w: Float64Array } {
  const isVolume = windows.sizes.length === 3;
  const largest: Term[] = [];
  for (const term of pooled(windows, channels)) {
    const value = x[term.x] as number;
    const before = x[largest[term.y]?.x as number] ?? Number.NEGATIVE_INFINITY;
    if (value > before || (isVolume && value === before)) largest[term.y] = term;
  }
  return { terms: largest.filter(Boolean), w: new Float64Array(largest.length).fill(1) };
}

/** y [ids.length, width] is rows of x, w [1] is one; with x and y the other way round, x is sums of rows of y. */
export function rowsAt(ids: ArrayLike<number>, width: number): Term[] {
  return pairs(ids.length, width).map(([i, column]) => ({ y: i * width + column, x: (ids[i] as number) * width + column, w: 0 }));
}

/** Matrices, as tf.matMul takes them. */
export interface Matrices {
  values: ArrayLike<number>;
  shape: number[];
  transposed?: boolean;
}

/** The index of a place in a shape that is broadcast, aligned at the last axis. */
export function broadcastIndex(place: number[], shape: number[]): number {
  const first = place.length - shape.length;
  return shape.reduce((at, size, axis) => at * size + (size === 1 ? 0 : (place[first + axis] as number)), 0);
}

/** Products of matrices whose batches are broadcast, and for each number the sum of the magnitudes of its terms. */
export function matrixProducts(a: Matrices, b: Matrices): { shape: number[]; values: Float64Array; magnitudes: Float64Array } {
  const [batchOfA, batchOfB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rank = Math.max(batchOfA.length, batchOfB.length);
  const batch = Array.from({ length: rank }, (_, axis) => {
    const [ofA, ofB] = [batchOfA, batchOfB].map((sizes) => sizes[axis - rank + sizes.length] ?? 1) as [number, number];
    return ofA === 1 ? ofB : ofA;
  });
  const [heightOfA, widthOfA] = a.shape.slice(-2) as [number, number];
  const [heightOfB, widthOfB] = b.shape.slice(-2) as [number, number];
  const [rows, shared] = a.transposed ? [widthOfA, heightOfA] : [heightOfA, widthOfA];
  const columns = b.transposed ? heightOfB : widthOfB;
  const shape = [...batch, rows, columns];
  const values = new Float64Array(product(shape));
  const magnitudes = new Float64Array(values.length);
  places(batch).forEach((place, matrix) => {
    const fromA = broadcastIndex(place, batchOfA) * rows * shared;
    const fromB = broadcastIndex(place, batchOfB) * shared * columns;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        let magnitude = 0;
        for (let k = 0; k < shared; k++) {
          const left = a.values[fromA + (a.transposed ? k * rows + i : i * shared + k)] as number;
          const right = b.values[fromB + (b.transposed ? j * shared + k : k * columns + j)] as number;
          sum += left * right;
          magnitude += Math.abs(left * right);
        }
        const at = (matrix * rows + i) * columns + j;
        values[at] = sum;
        magnitudes[at] = magnitude;
      }
    }
  });
  return { shape, values, magnitudes };
}
