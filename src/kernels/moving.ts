import { type DataType, slice_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import type { BinaryExports, Pointer } from "../binary/interface.js";
import { sizeOf } from "../launch/plan.js";
import { type CopyAxis, copy, copyRows, stepsOf } from "./copy.js";
import { float32Bits } from "./float32Bits.js";

// Kernels of TensorFlow.js that move elements from one tensor to another, whatever their bits mean. They compute nothing, so that they
// need no plan: what costs most of a small one is to make its output.

/** The memory of the 'wasm' backend, with the binary over it. */
export interface TensorHeap {
  readonly binary: BinaryExports;
  /** The address of a tensor's elements. */
  at(tensor: TensorInfo): number;
  /** Tensors, their elements undefined. @throws Error where the heap has no room for them */
  make(shapes: readonly number[][], dtype: DataType): TensorInfo[];
  /** A tensor of the same elements, in the same memory. */
  share(tensor: TensorInfo, shape: number[]): TensorInfo;
  /** Gives a tensor back that is no output. */
  release(tensor: TensorInfo): void;
}

/** A kernel under the name of one of TensorFlow.js's, for 'wasm'. */
export interface MovingKernel<I, A> {
  name: string;
  /** @returns the kernel's outputs, or undefined for what TensorFlow.js's kernel is to do: other dtypes, and what does not fit */
  move(heap: TensorHeap, inputs: I, attrs: A): TensorInfo | TensorInfo[] | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of kernels holds kernels of different inputs and attributes
export type AnyMovingKernel = MovingKernel<any, any>;

type Unary = { x: TensorInfo };
type List<T> = readonly T[];

/** Bytes of an element in the heap, 0 where a tensor's are elsewhere. */
const bytesOf = ({ dtype }: TensorInfo) => (dtype === "float32" || dtype === "int32" ? 4 : dtype === "bool" ? 1 : 0);

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** An axis, counted from 0. undefined where there is no such axis. */
function axisOf(axis: number, rank: number): number | undefined {
  const counted = axis < 0 ? axis + rank : axis;
  return isCount(counted) && counted < rank ? counted : undefined;
}

/**
 * A new tensor of elements of x.
 *
 * @param axes along which it is written, from the outermost on: their sizes, and the elements of x from one position to the next
 * @param first the element of x that it begins with
 */
function read(heap: TensorHeap, x: TensorInfo, shape: number[], axes: List<[size: number, from: number]>, first = 0): TensorInfo {
  const [out] = heap.make([shape], x.dtype) as [TensorInfo];
  const bytes = bytesOf(x);
  const copied = new Array<CopyAxis>(axes.length);
  let to = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    const [size, from] = axes[i] as [number, number];
    copied[i] = { size, from, to };
    to *= size;
  }
  copy(heap.binary, heap.at(x) + first * bytes, heap.at(out), bytes, copied);
  return out;
}

export const Identity: MovingKernel<Unary, unknown> = {
  name: "Identity",
  move: (heap, { x }) => (bytesOf(x) ? heap.share(x, x.shape) : undefined),
};

export const Cast: MovingKernel<Unary, { dtype: DataType }> = {
  name: "Cast",
  move: (heap, { x }, { dtype }) => (bytesOf(x) && x.dtype === dtype ? heap.share(x, x.shape) : undefined),
};

/** A number for each axis, or for the first. */
type Along = number | List<number> | null | undefined;
const along = (given: Along, axis: number, missing: number) => {
  return (typeof given === "number" ? (axis === 0 ? given : undefined) : given?.[axis]) ?? missing;
};
const lengthOf = (given: Along) => (typeof given === "number" ? 1 : (given?.length ?? 0));

/** Output: `size` elements of x from `begin` on, along each axis. */
export const Slice: MovingKernel<Unary, { begin: Along; size: Along }> = {
  name: "Slice",
  move(heap, { x }, { begin, size }) {
    const { shape } = x;
    const rank = shape.length;
    if (!bytesOf(x) || lengthOf(begin) > rank || lengthOf(size) > rank) return undefined;
    const from = stepsOf(shape);
    const sizes = new Array<number>(rank);
    let first = 0;
    for (let axis = 0; axis < rank; axis++) {
      const whole = shape[axis] as number;
      const start = along(begin, axis, 0);
      const given = along(size, axis, -1);
      const count = given === -1 ? whole - start : given;
      if (!isCount(start) || !isCount(count) || start + count > whole) return undefined;
      sizes[axis] = count;
      first += start * (from[axis] as number);
    }
    return read(
      heap,
      x,
      sizes,
      sizes.map((size, axis) => [size, from[axis] as number]),
      first,
    );
  },
};

interface StridedAttrs {
  begin: number[];
  end: number[];
  strides: number[];
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
}

/** Output: every so many-th element of x along each axis, forwards or backwards. */
export const StridedSlice: MovingKernel<Unary, StridedAttrs> = {
  name: "StridedSlice",
  move(heap, { x }, attrs) {
    if (!bytesOf(x)) return undefined;
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
    const slice = slice_util.sliceInfo(
      x.shape,
      begin,
      end,
      strides,
      beginMask,
      endMask,
      ellipsisMask,
      newAxisMask,
      shrinkAxisMask,
    );
    if (slice.isIdentity) return heap.share(x, slice.finalShape);
    if (![slice.begin, slice.end, slice.strides].every((list) => list.every(Number.isInteger))) return undefined;
    const from = stepsOf(x.shape);
    let first = 0;
    const axes = x.shape.map((_, axis): [number, number] => {
      const [start, stop, stride] = [slice.begin[axis], slice.end[axis], slice.strides[axis]] as [number, number, number];
      const step = from[axis] as number;
      first += start * step;
      return [Math.max(Math.ceil((stop - start) / stride), 0), stride * step];
    });
    return read(heap, x, slice.finalShape, axes, first);
  },
};

/** Output: x, its axes in another order. */
export const Transpose: MovingKernel<Unary, { perm: List<number> }> = {
  name: "Transpose",
  move(heap, { x }, { perm }) {
    const { shape } = x;
    if (!bytesOf(x) || perm.length !== shape.length || !shape.every((_, axis) => perm.includes(axis))) return undefined;
    const transposed = perm.map((axis) => shape[axis] as number);
    const long = perm.filter((axis) => shape[axis] !== 1);
    if (long.every((axis, i) => i === 0 || axis > (long[i - 1] as number))) return heap.share(x, transposed);
    const from = stepsOf(shape);
    return read(
      heap,
      x,
      transposed,
      perm.map((axis) => [shape[axis] as number, from[axis] as number]),
    );
  },
};

/** Output: x, repeated `reps` times along each axis. */
export const Tile: MovingKernel<Unary, { reps: List<number> }> = {
  name: "Tile",
  move(heap, { x }, { reps }) {
    const { shape } = x;
    if (!bytesOf(x) || reps.length !== shape.length || !reps.every(isCount)) return undefined;
    const tiled = shape.map((size, axis) => size * (reps[axis] as number));
    const from = stepsOf(shape);
    const axes: [number, number][] = [];
    shape.forEach((size, axis) => {
      axes.push([reps[axis] as number, 0], [size, from[axis] as number]);
    });
    return read(heap, x, tiled, axes);
  },
};

/** Output: x, backwards along some axes: all of them where dims is null or undefined. */
export const Reverse: MovingKernel<Unary, { dims?: number | List<number> | null }> = {
  name: "Reverse",
  move(heap, { x }, { dims }) {
    if (!bytesOf(x)) return undefined;
    const steps = stepsOf(x.shape);
    const axes = x.shape.map((size, axis): [number, number] => [size, steps[axis] as number]);
    let first = 0;
    for (const dim of typeof dims === "number" ? [dims] : (dims ?? x.shape.keys())) {
      const axis = axes[axisOf(dim, axes.length) ?? axes.length];
      // An axis that is there twice goes to TensorFlow.js's.
      if (!axis || axis[1] < 0) return undefined;
      first += (axis[0] - 1) * axis[1];
      axis[1] = -axis[1];
    }
    return read(heap, x, [...x.shape], axes, first);
  },
};

/** The bits of a number as an element. undefined where it is not one of the dtype. */
function bitsOf(value: number, dtype: DataType): number | undefined {
  if (dtype === "float32" && typeof value === "number") return float32Bits(value);
  return value === (dtype === "bool" ? value & 1 : value | 0) ? value : undefined;
}

/** Output: x amid elements that are all the same. */
export const PadV2: MovingKernel<Unary, { paddings: List<List<number>>; constantValue: number }> = {
  name: "PadV2",
  move(heap, { x }, { paddings, constantValue }) {
    const { shape, dtype } = x;
    // TensorFlow.js's kernel writes anywhere then.
    if (paddings.length !== shape.length) {
      throw argumentError("pad", "paddings", `have a pair of numbers for each of ${shape.length} axes`, `${paddings.length}`);
    }
    const bytes = bytesOf(x);
    const bits = bitsOf(constantValue, dtype);
    if (!bytes || bits === undefined || !paddings.every((pair) => pair.length === 2 && pair.every(isCount))) return undefined;
    const padded = shape.map((size, axis) => size + (paddings[axis]?.[0] as number) + (paddings[axis]?.[1] as number));
    const from = stepsOf(shape);
    const to = stepsOf(padded);
    let first = 0;
    const axes = shape.map((size, axis) => {
      first += (paddings[axis]?.[0] as number) * (to[axis] as number);
      return { size, from: from[axis] as number, to: to[axis] as number };
    });
    const [out] = heap.make([padded], dtype) as [TensorInfo];
    const at = heap.at(out);
    heap.binary.fill_apply(at as Pointer, bytes, bits, sizeOf(padded));
    copy(heap.binary, heap.at(x), at + first * bytes, bytes, axes);
    return out;
  },
};

/** Whether tensors are in the heap and of one dtype, and of one shape but for an axis. */
function fitTogether(tensors: List<TensorInfo>, except?: number): boolean {
  const [first] = tensors;
  if (!first || !bytesOf(first)) return false;
  const { shape, dtype } = first;
  for (const other of tensors) {
    if (other.dtype !== dtype || other.shape.length !== shape.length) return false;
    for (let axis = 0; axis < shape.length; axis++) {
      if (axis !== except && other.shape[axis] !== shape[axis]) return false;
    }
  }
  return true;
}

/** A tensor of others: an element's position along `axis` of `shape`, and behind it, is that in one of them after the others. */
function joined(heap: TensorHeap, tensors: List<TensorInfo>, shape: number[], axis: number): TensorInfo {
  const { binary } = heap;
  const [{ dtype }] = tensors as [TensorInfo];
  const [out] = heap.make([shape], dtype) as [TensorInfo];
  const bytes = bytesOf(out);
  const rows = sizeOf(shape, 0, axis);
  const width = sizeOf(shape, axis);
  let to = heap.at(out);
  if (rows * width === 0) return out;
  for (const tensor of tensors) {
    const columns = sizeOf(tensor.shape) / rows;
    if (columns > 0) copyRows(binary, heap.at(tensor), to, bytes, columns, rows, columns, width);
    to += columns * bytes;
  }
  return out;
}

/** The opposite. */
function split(heap: TensorHeap, x: TensorInfo, shapes: number[][], axis: number): TensorInfo[] {
  const { binary } = heap;
  const outputs = heap.make(shapes, x.dtype);
  const bytes = bytesOf(x);
  const rows = sizeOf(x.shape, 0, axis);
  const width = sizeOf(x.shape, axis);
  let from = heap.at(x);
  if (rows * width === 0) return outputs;
  for (const output of outputs) {
    const columns = sizeOf(output.shape) / rows;
    if (columns > 0) copyRows(binary, from, heap.at(output), bytes, columns, rows, width, columns);
    from += columns * bytes;
  }
  return outputs;
}

/** Output: the inputs, one after the other along an axis. */
export const Concat: MovingKernel<List<TensorInfo>, { axis: number }> = {
  name: "Concat",
  move(heap, inputs, attrs) {
    const shape = [...(inputs[0]?.shape ?? [])];
    const axis = axisOf(attrs.axis, shape.length);
    if (axis === undefined || !fitTogether(inputs, axis)) return undefined;
    let size = 0;
    for (const input of inputs) size += input.shape[axis] as number;
    shape[axis] = size;
    return joined(heap, inputs, shape, axis);
  },
};

/** Output: the inputs along a new axis. */
export const Pack: MovingKernel<List<TensorInfo>, { axis: number }> = {
  name: "Pack",
  move(heap, inputs, attrs) {
    const shape = [...(inputs[0]?.shape ?? [])];
    const axis = axisOf(attrs.axis, shape.length + 1);
    if (axis === undefined || !fitTogether(inputs)) return undefined;
    shape.splice(axis, 0, inputs.length);
    return inputs.length === 1 ? heap.share(inputs[0] as TensorInfo, shape) : joined(heap, inputs, shape, axis);
  },
};

/** Outputs: parts of x along an axis, so many, or of these sizes. */
export const SplitV: MovingKernel<Unary, { numOrSizeSplits: number | List<number>; axis: number }> = {
  name: "SplitV",
  move(heap, { x }, { numOrSizeSplits, axis: given }) {
    const { shape } = x;
    const axis = axisOf(given, shape.length);
    if (axis === undefined || !bytesOf(x)) return undefined;
    const whole = shape[axis] as number;
    let sizes: List<number>;
    if (typeof numOrSizeSplits === "number") {
      if (!isCount(numOrSizeSplits)) return undefined;
      sizes = new Array<number>(numOrSizeSplits).fill(whole / numOrSizeSplits);
    } else {
      // One size may be left open, by −1.
      const open = whole - numOrSizeSplits.reduce((sum, size) => sum + size, 1);
      const at = numOrSizeSplits.indexOf(-1);
      sizes = numOrSizeSplits.map((size, i) => (i === at ? open : size));
    }
    let sum = 0;
    for (const size of sizes) {
      if (!isCount(size)) return undefined;
      sum += size;
    }
    if (sum !== whole) return undefined;
    const shapes = sizes.map((size) => {
      const part = [...shape];
      part[axis] = size;
      return part;
    });
    return split(heap, x, shapes, axis);
  },
};

/** Outputs: the parts of a tensor along an axis, without it. */
export const Unpack: MovingKernel<{ value: TensorInfo }, { axis: number }> = {
  name: "Unpack",
  move(heap, { value }, attrs) {
    const { shape } = value;
    const axis = axisOf(attrs.axis, shape.length);
    if (axis === undefined || !bytesOf(value)) return undefined;
    const part = [...shape];
    const [count] = part.splice(axis, 1);
    return split(heap, value, new Array<number[]>(count as number).fill(part), axis);
  },
};

/** Output: the parts of x along an axis that indices name, each of them of its own position along the first batchDims axes. */
export const GatherV2: MovingKernel<{ x: TensorInfo; indices: TensorInfo }, { axis: number; batchDims: number }> = {
  name: "GatherV2",
  move(heap, { x, indices }, { axis: given, batchDims }) {
    const { shape, dtype } = x;
    const axis = axisOf(given, shape.length);
    const bytes = bytesOf(x);
    if (axis === undefined || !bytes || indices.dtype !== "int32" || sizeOf(shape) === 0) return undefined;
    if (!isCount(batchDims) || batchDims > Math.min(axis, indices.shape.length)) return undefined;
    for (let i = 0; i < batchDims; i++) if (shape[i] !== indices.shape[i]) return undefined;
    const { binary } = heap;
    const size = shape[axis] as number;
    const at = heap.at(indices) as Pointer;
    // As TensorFlow.js's kernel says it.
    const wrong = binary.gather_check(at, sizeOf(indices.shape), size);
    if (wrong !== 0) throw new Error(`GatherV2: the index value ${wrong} is not in [0, ${size - 1}]`);
    const gathered = [...shape.slice(0, axis), ...indices.shape.slice(batchDims), ...shape.slice(axis + 1)];
    const [out] = heap.make([gathered], dtype) as [TensorInfo];
    binary.gather_apply(
      heap.at(x) as Pointer,
      at,
      heap.at(out) as Pointer,
      sizeOf(shape, 0, batchDims),
      sizeOf(shape, batchDims, axis),
      size,
      sizeOf(indices.shape, batchDims),
      sizeOf(shape, axis + 1) * bytes,
    );
    return out;
  },
};

type Blocks = { blockShape: List<number> };

/** Whether blocks are for axes of x from the second on, with a pair of counts for each. */
function areBlocks({ shape }: TensorInfo, blocks: List<number>, pairs: List<List<number>>): boolean {
  return (
    blocks.length > 0 &&
    blocks.length < shape.length &&
    pairs.length === blocks.length &&
    blocks.every((block) => isCount(block) && block > 0) &&
    pairs.every((pair) => pair.length === 2 && pair.every(isCount))
  );
}

/** Output: x, padded, with the positions within blocks along its first axis. */
export const SpaceToBatchND: MovingKernel<Unary, Blocks & { paddings: List<List<number>> }> = {
  name: "SpaceToBatchND",
  move(heap, { x }, { blockShape, paddings }) {
    if (!bytesOf(x) || !areBlocks(x, blockShape, paddings)) return undefined;
    const all = x.shape.map((_, axis) => paddings[axis - 1] ?? [0, 0]);
    const shape = x.shape.map((size, axis) => size + (all[axis]?.[0] as number) + (all[axis]?.[1] as number));
    if (blockShape.some((block, i) => (shape[i + 1] as number) % block !== 0)) return undefined;
    const isPadded = all.some(([before, after]) => before || after);
    const padded = isPadded ? (PadV2.move(heap, { x }, { paddings: all, constantValue: 0 }) as TensorInfo) : x;
    const from = stepsOf(shape);
    const within = blockShape.map((block, i): [number, number] => [block, from[i + 1] as number]);
    const outside = shape.map((size, axis): [number, number] => {
      const block = blockShape[axis - 1] ?? 1;
      return [size / block, block * (from[axis] as number)];
    });
    const sizes = outside.map(([size]) => size);
    sizes[0] = blockShape.reduce((product, block) => product * block, sizes[0] as number);
    try {
      return read(heap, padded, sizes, [...within, ...outside]);
    } finally {
      if (isPadded) heap.release(padded);
    }
  },
};

/** The opposite: of the output, parts before and after are left out. */
export const BatchToSpaceND: MovingKernel<Unary, Blocks & { crops: List<List<number>> }> = {
  name: "BatchToSpaceND",
  move(heap, { x }, { blockShape, crops }) {
    if (!bytesOf(x) || !areBlocks(x, blockShape, crops)) return undefined;
    const [batch = 0, ...inner] = x.shape;
    const count = blockShape.reduce((product, block) => product * block, 1);
    const all = x.shape.map((_, axis) => crops[axis - 1] ?? [0, 0]);
    const shape = [batch / count, ...inner.map((size, i) => size * (blockShape[i] ?? 1))];
    const size = shape.map((size, axis) => size - (all[axis]?.[0] as number) - (all[axis]?.[1] as number));
    if (!size.every(isCount)) return undefined;
    const from = stepsOf([...blockShape, shape[0] as number, ...inner]);
    const axes: [number, number][] = [[shape[0] as number, from[blockShape.length] as number]];
    inner.forEach((size, i) => {
      axes.push([size, from[blockShape.length + 1 + i] as number]);
      if (i < blockShape.length) axes.push([blockShape[i] as number, from[i] as number]);
    });
    const out = read(heap, x, shape, axes);
    if (all.every(([before, after]) => !before && !after)) return out;
    try {
      return Slice.move(heap, { x: out }, { begin: all.map(([before]) => before as number), size });
    } finally {
      heap.release(out);
    }
  },
};

/** Output: x with blocks of its channels as pixels. */
export const DepthToSpace: MovingKernel<Unary, { blockSize: number; dataFormat: string }> = {
  name: "DepthToSpace",
  move(heap, { x }, { blockSize, dataFormat }) {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const depth = channels / blockSize ** 2;
    if (!bytesOf(x) || x.shape.length !== 4 || dataFormat !== "NHWC" || !isCount(blockSize) || !isCount(depth)) return undefined;
    const axes: [number, number][] = [
      [batch * height, width * channels],
      [blockSize, blockSize * depth],
      [width, channels],
      [blockSize, depth],
      [depth, 1],
    ];
    return read(heap, x, [batch, height * blockSize, width * blockSize, depth], axes);
  },
};
