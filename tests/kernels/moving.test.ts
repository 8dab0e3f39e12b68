import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import {
  type AnyMovingKernel,
  BatchToSpaceND,
  Concat,
  DepthToSpace,
  GatherV2,
  Pack,
  PadV2,
  Reverse,
  Slice,
  SpaceToBatchND,
  SplitV,
  StridedSlice,
  type TensorHeap,
  Tile,
  Transpose,
  Unpack,
} from "../../src/kernels/moving.js";
import { heapOf } from "../../src/registry/moving.js";
import { useBackend } from "../helpers/backends.js";
import { heldBy } from "../helpers/heap.js";

type Dtype = "float32" | "int32" | "bool";
const DTYPES: Dtype[] = ["float32", "int32", "bool"];

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The position of each axis, of an element of a tensor. */
function positionOf(shape: readonly number[], at: number): number[] {
  const position: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position.unshift(at % (shape[axis] as number));
    at = Math.floor(at / (shape[axis] as number));
  }
  return position;
}
const atOf = (shape: readonly number[], position: readonly number[]) => {
  return position.reduce((at, index, axis) => at * (shape[axis] as number) + index, 0);
};

interface Values {
  shape: number[];
  bits: ArrayLike<number>;
}

/** Random bits in every element: of float32 some are NaN with a payload, some −0, infinite or denormal. */
function values(shape: number[], dtype: Dtype, seed = 1): Values {
  const next = generator(seed);
  const SPECIAL = [0x80000000, 0x7f800000, 0xff800000, 0x7f812345, 0xffc54321, 1, 0x807fffff];
  const bit = () => (next() < 0.3 ? (SPECIAL[Math.floor(next() * SPECIAL.length)] as number) : Math.floor(next() * 2 ** 32));
  return { shape, bits: Uint32Array.from({ length: sizeOf(shape) }, dtype === "bool" ? () => Number(next() < 0.5) : bit) };
}

const bufferOf = ({ bits }: Values, dtype: Dtype) => {
  if (dtype === "bool") return Uint8Array.from(bits);
  const words = Uint32Array.from(bits);
  return dtype === "int32" ? new Int32Array(words.buffer) : new Float32Array(words.buffer);
};
const tensorOf = (made: Values, dtype: Dtype) => tf.tensor(bufferOf(made, dtype), made.shape, dtype);

function read(info: TensorInfo): Values & { dtype: DataType } {
  const data = tf.backend().readSync(info.dataId) as Float32Array | Int32Array | Uint8Array;
  const bits = info.dtype === "bool" ? (data as Uint8Array) : new Uint32Array(data.buffer, data.byteOffset, data.length);
  return { shape: info.shape, bits, dtype: info.dtype };
}

type Inputs = TensorInfo[] | { [name: string]: TensorInfo };

/** The library's kernel, never TensorFlow.js's. */
function run(kernel: AnyMovingKernel, inputs: Inputs, attrs: object): (Values & { dtype: DataType })[] {
  const outputs = [kernel.move(heapOf(tf.backend()) as TensorHeap, inputs, attrs) as TensorInfo | TensorInfo[]].flat();
  const found = outputs.map(read);
  for (const { dataId } of outputs) tf.backend().disposeData(dataId);
  return found;
}

/** An output whose element at each position is one of x, or a constant. */
function taken(x: Values, shape: number[], source: (position: number[]) => number[] | undefined, constant = 0): Values {
  const bits = Array.from({ length: sizeOf(shape) }, (_, at) => {
    const from = source(positionOf(shape, at));
    return from ? (x.bits[atOf(x.shape, from)] as number) : constant;
  });
  return { shape, bits };
}

function expectSame(actual: Values & { dtype: DataType }, expected: Values, dtype: Dtype): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(dtype);
  expect(Array.from(actual.bits)).toEqual(Array.from(expected.bits));
}

/** Of all ranks to 7, around the sizes of vectors, tiles and blocks, with 1 and without. */
const SHAPES: number[][] = [
  [],
  [1],
  [5],
  [300],
  [1, 1],
  [3, 21],
  [21, 3],
  [4, 4],
  [17, 16],
  [33, 35],
  [2, 70],
  [70, 2],
  [64, 5],
  [1, 37],
  [5, 6, 7],
  [2, 19, 20],
  [3, 1, 11],
  [9, 2, 33],
  [2, 3, 4, 5],
  [3, 8, 2, 16],
  [2, 5, 5, 9],
  [2, 3, 2, 3, 4],
  [4, 2, 3, 2, 1, 5],
  [2, 3, 2, 2, 3, 2],
  [2, 2, 3, 2, 1, 2, 3],
];
const ALL = [...SHAPES, [0], [0, 3], [3, 0], [2, 0, 4]].map((shape) => [shape] as const);

/** All orders of some axes. */
function orders(axes: number[]): number[][] {
  if (axes.length < 2) return [axes];
  return axes.flatMap((first) => orders(axes.filter((axis) => axis !== first)).map((rest) => [first, ...rest]));
}

describe.each(DTYPES)("kernels that move %s elements on 'wasm' move their bits", (dtype) => {
  beforeEach(() => useBackend("wasm"));

  it.each(ALL)("Transpose of [%s], any order of axes", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    let tried = orders(shape.map((_, axis) => axis));
    // Some of many.
    if (tried.length > 120) tried = tried.filter((_, i) => i % 37 === 0 || i === tried.length - 1);
    for (const perm of tried) {
      const [output] = run(Transpose, { x: tensor }, { perm });
      const expected = taken(
        x,
        perm.map((axis) => shape[axis] as number),
        (position) => shape.map((_, axis) => position[perm.indexOf(axis)] as number),
      );
      expectSame(output as never, expected, dtype);
    }
  });

  it.each([
    [100, 130],
    [64, 1024],
    [1030, 9],
  ])("Transpose of large planes, [%i, %i]", (rows, columns) => {
    const x = values([rows, columns], dtype);
    const [output] = run(Transpose, { x: tensorOf(x, dtype) }, { perm: [1, 0] });
    expectSame(
      output as never,
      taken(x, [columns, rows], ([i, j]) => [j as number, i as number]),
      dtype,
    );
  });

  it.each(ALL)("Slice of [%s], from the start, the end and amid it", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    const next = generator(3);
    for (let i = 0; i < 12; i++) {
      const begin = shape.map((size) => (i < 3 ? 0 : Math.floor(next() * (size + 1))));
      const size = shape.map((size, axis) => Math.floor(next() * (size - (begin[axis] as number) + 1)));
      const [output] = run(Slice, { x: tensor }, { begin, size });
      const expected = taken(x, size, (position) => position.map((index, axis) => index + (begin[axis] as number)));
      expectSame(output as never, expected, dtype);
      if (shape.length === 0) continue;
      const [rest] = run(Slice, { x: tensor }, { begin: begin[0], size: -1 });
      const left = shape.map((size, axis) => (axis === 0 ? size - (begin[0] as number) : size));
      const all = taken(x, left, ([first, ...others]) => [(first as number) + (begin[0] as number), ...others]);
      expectSame(rest as never, all, dtype);
    }
  });

  it.each(ALL)("Reverse of [%s], along any axes", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    for (let mask = 0; mask < 2 ** shape.length; mask++) {
      const isReversed = (axis: number) => (mask >> axis) % 2 === 1;
      const dims = shape.flatMap((_, axis) => (isReversed(axis) ? [axis % 2 === 0 ? axis : axis - shape.length] : []));
      const all = dims.length === shape.length;
      const [output] = run(Reverse, { x: tensor }, { dims: all ? undefined : dims });
      const expected = taken(x, shape, (position) => {
        return position.map((index, axis) => (isReversed(axis) ? (shape[axis] as number) - 1 - index : index));
      });
      expectSame(output as never, expected, dtype);
    }
  });

  it.each(ALL)("Tile of [%s], any number of times", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    const next = generator(5);
    for (let i = 0; i < 8; i++) {
      // Of seven axes, repeated up to 3 times, there would be too many elements.
      const reps = shape.map(() => Math.floor(next() * (shape.length > 4 ? 3 : 4)));
      const [output] = run(Tile, { x: tensor }, { reps });
      const size = shape.map((size, axis) => size * (reps[axis] as number));
      expectSame(
        output as never,
        taken(x, size, (position) => position.map((at, axis) => at % (shape[axis] as number))),
        dtype,
      );
    }
  });

  it.each(ALL)("PadV2 of [%s], before and after each axis", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    const next = generator(7);
    for (const constantValue of dtype === "bool" ? [0, 1] : dtype === "int32" ? [0, 2 ** 30 + 1, -3] : [0, -0, 0.1, NaN]) {
      const paddings = shape.map(() => [Math.floor(next() * 3), Math.floor(next() * 3)] as [number, number]);
      const size = shape.map((size, axis) => size + (paddings[axis]?.[0] as number) + (paddings[axis]?.[1] as number));
      const [output] = run(PadV2, { x: tensor }, { paddings, constantValue });
      const inside = (position: number[]) => {
        const from = position.map((index, axis) => index - (paddings[axis]?.[0] as number));
        return from.every((index, axis) => index >= 0 && index < (shape[axis] as number)) ? from : undefined;
      };
      const constant = new Uint32Array(new Float32Array([constantValue]).buffer)[0] as number;
      expectSame(output as never, taken(x, size, inside, dtype === "float32" ? constant : constantValue >>> 0), dtype);
    }
  });

  it.each(
    SHAPES.filter(({ length }) => length > 0).map((shape) => [shape]),
  )("Concat and SplitV of [%s], and Pack and Unpack, along any axis", (shape) => {
    for (let axis = 0; axis < shape.length; axis++) {
      const sizes = [shape[axis] as number, 0, 1, 9, 4];
      const parts = sizes.map((size, i) => {
        return values(
          shape.map((whole, at) => (at === axis ? size : whole)),
          dtype,
          i,
        );
      });
      const whole = shape.map((size, at) => (at === axis ? sizes.reduce((a, b) => a + b) : size));
      const tensors = parts.map((part) => tensorOf(part, dtype));
      const negative = axis - shape.length;
      const [joined] = run(Concat, tensors, { axis: negative });
      // The part that an element of the whole is of, by its position along the axis.
      const bits = Array.from({ length: sizeOf(whole) }, (_, at) => {
        const position = positionOf(whole, at);
        let i = 0;
        while ((position[axis] as number) >= (sizes[i] as number)) (position[axis] as number) -= sizes[i++] as number;
        const part = parts[i] as Values;
        return part.bits[atOf(part.shape, position)] as number;
      });
      expectSame(joined as never, { shape: whole, bits }, dtype);

      const split = run(SplitV, { x: tensorOf({ shape: whole, bits }, dtype) }, { numOrSizeSplits: sizes, axis: negative });
      expect(split.length).toBe(parts.length);
      split.forEach((part, i) => {
        expectSame(part, parts[i] as Values, dtype);
      });
    }
    for (let axis = 0; axis <= shape.length; axis++) {
      const parts = [1, 2, 3].map((seed) => values(shape, dtype, seed));
      const size = [...shape.slice(0, axis), 3, ...shape.slice(axis)];
      const bits = Array.from({ length: sizeOf(size) }, (_, at) => {
        const position = positionOf(size, at);
        const [i] = position.splice(axis, 1);
        return parts[i as number]?.bits[atOf(shape, position)] as number;
      });
      const tensors = parts.map((part) => tensorOf(part, dtype));
      expectSame(run(Pack, tensors, { axis })[0] as never, { shape: size, bits }, dtype);
      const unpacked = run(Unpack, { value: tensorOf({ shape: size, bits }, dtype) }, { axis: axis - size.length });
      expect(unpacked.length).toBe(3);
      unpacked.forEach((part, i) => {
        expectSame(part, parts[i] as Values, dtype);
      });
    }
  });

  it("SplitV into equal parts, and with one size left open", () => {
    const x = values([4, 6], dtype);
    const tensor = tensorOf(x, dtype);
    for (const numOrSizeSplits of [3, [2, -1, 2]]) {
      run(SplitV, { x: tensor }, { numOrSizeSplits, axis: 1 }).forEach((part, i) => {
        expectSame(
          part,
          taken(x, [4, 2], ([row, column]) => [row as number, (column as number) + 2 * i]),
          dtype,
        );
      });
    }
  });

  it.each(ALL)("StridedSlice of [%s], forwards and backwards", (shape) => {
    const x = values(shape, dtype);
    const tensor = tensorOf(x, dtype);
    const next = generator(11);
    const masks = { ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
    for (let i = 0; i < 12; i++) {
      const strides = shape.map(() => [1, 2, 3, -1, -2][Math.floor(next() * 5)] as number);
      // Some begin and end anywhere, others with the axis.
      const begin = shape.map((size) => Math.floor(next() * (size + 1)));
      const end = shape.map((size) => Math.floor(next() * (size + 1)));
      const all = 2 ** shape.length - 1;
      const [beginMask, endMask] = i % 2 ? [all, all] : [0, 0];
      const [output] = run(StridedSlice, { x: tensor }, { begin, end, strides, beginMask, endMask, ...masks });
      const first = shape.map((size, axis) => {
        if (beginMask) return (strides[axis] as number) > 0 ? 0 : size - 1;
        return Math.min(begin[axis] as number, (strides[axis] as number) > 0 ? size : size - 1);
      });
      const size = shape.map((whole, axis) => {
        const stride = strides[axis] as number;
        const last = endMask ? (stride > 0 ? whole : -1) : (end[axis] as number);
        return Math.max(Math.ceil((last - (first[axis] as number)) / stride), 0);
      });
      const expected = taken(x, size, (at) => at.map((k, axis) => (first[axis] as number) + k * (strides[axis] as number)));
      expectSame(output as never, expected, dtype);
    }
    // x[0, newAxis, ..., ::2], without the axis of the first.
    if (shape.length < 2 || shape[0] === 0) return;
    const attrs = { begin: [0, 0, 0, 0], end: [1, 0, 0, 0], strides: [1, 1, 1, 2], beginMask: 8, endMask: 8 };
    const [output] = run(StridedSlice, { x: tensor }, { ...attrs, ellipsisMask: 4, newAxisMask: 2, shrinkAxisMask: 1 });
    const inner = shape.slice(1);
    const size = [1, ...inner.slice(0, -1), Math.ceil((inner.at(-1) as number) / 2)];
    const expected = taken(x, size, ([, ...at]) => [0, ...at.slice(0, -1), 2 * (at.at(-1) as number)]);
    expectSame(output as never, expected, dtype);
  });

  it.each<[number[], number[], number[][]]>([
    [[2, 6], [3], [[0, 0]]],
    [
      [2, 4, 6, 3],
      [2, 3],
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [
      [2, 3, 4, 3],
      [2, 3],
      [
        [1, 0],
        [0, 2],
      ],
    ],
    [
      [1, 2, 1, 4, 2],
      [2, 1, 2],
      [
        [1, 1],
        [2, 0],
        [0, 0],
      ],
    ],
  ])("SpaceToBatchND of [%s] in blocks of [%s], padded by %j, and BatchToSpaceND, which is the opposite", (shape, blockShape, paddings) => {
    const x = values(shape, dtype);
    const padding = (axis: number) => paddings[axis - 1] as [number, number] | undefined;
    const count = sizeOf(blockShape);
    const size = shape.map((size, axis) => {
      const [before, after] = padding(axis) ?? [0, 0];
      return axis === 0 ? size * count : (size + before + after) / (blockShape[axis - 1] ?? 1);
    });
    const batch = shape[0] as number;
    const expected = taken(x, size, ([first, ...others]) => {
      const within = positionOf(blockShape, Math.floor((first as number) / batch));
      const from = others.map((at, i) => at * (blockShape[i] ?? 1) + (within[i] ?? 0) - (padding(i + 1)?.[0] ?? 0));
      if (!from.every((at, i) => at >= 0 && at < (shape[i + 1] as number))) return undefined;
      return [(first as number) % batch, ...from];
    });
    const tensor = tensorOf(x, dtype);
    let output = expected as Values & { dtype: DataType };
    const held = heldBy(() => {
      output = run(SpaceToBatchND, { x: tensor }, { blockShape, paddings })[0] as never;
    });
    expect(held).toBe(0);
    expectSame(output, expected, dtype);
    const [back] = run(BatchToSpaceND, { x: tensorOf(expected, dtype) }, { blockShape, crops: paddings });
    expectSame(back as never, x, dtype);
  });

  it.each([
    [[2, 3, 2, 8], 2],
    [[1, 2, 3, 27], 3],
    [[2, 2, 2, 5], 1],
  ])("DepthToSpace of [%s] in blocks of %i", (shape, blockSize) => {
    const x = values(shape, dtype);
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const depth = channels / blockSize ** 2;
    const [output] = run(DepthToSpace, { x: tensorOf(x, dtype) }, { blockSize, dataFormat: "NHWC" });
    const expected = taken(x, [batch, height * blockSize, width * blockSize, depth], (position) => {
      const [n, row, column, channel] = position as [number, number, number, number];
      const block = (row % blockSize) * blockSize + (column % blockSize);
      return [n, Math.floor(row / blockSize), Math.floor(column / blockSize), block * depth + channel];
    });
    expectSame(output as never, expected, dtype);
  });

  it.each<[number[], number[], number, number]>([
    [[7], [5], 0, 0],
    [[300], [1000], 0, 0],
    [[20, 3], [2, 7], 0, 0],
    [[20, 16], [9], 0, 0],
    [[6, 300], [4], 0, 0],
    [[9, 33], [40], 1, 0],
    [[2, 5, 7], [3, 2], 1, 0],
    [[2, 5, 7], [], 1, 0],
    [[2, 5, 7], [4], -1, 0],
    [[3, 5, 2], [3, 4], 1, 1],
    [[3, 2, 5, 2], [3, 4], 2, 1],
    [[3, 2, 5, 4], [3, 2, 3, 2], 2, 2],
    [[3, 2, 5], [3, 2], 2, 2],
    [[4, 3], [0], 0, 0],
  ])("GatherV2 of [%s] by indices of shape [%s] along axis %i, batchDims %i", (shape, of, axis, batchDims) => {
    const x = values(shape, dtype);
    const counted = (axis + shape.length) % shape.length;
    const next = generator(9);
    const indices = Int32Array.from({ length: sizeOf(of) }, () => Math.floor(next() * (shape[counted] as number)));
    const inputs = { x: tensorOf(x, dtype), indices: tf.tensor(indices, of, "int32") };
    const [output] = run(GatherV2, inputs, { axis, batchDims });
    const size = [...shape.slice(0, counted), ...of.slice(batchDims), ...shape.slice(counted + 1)];
    const expected = taken(x, size, (position) => {
      const batch = position.slice(0, batchDims);
      const end = counted + of.length - batchDims;
      const index = indices[atOf(of, [...batch, ...position.slice(counted, end)])] as number;
      return [...position.slice(0, counted), index, ...position.slice(end)];
    });
    expectSame(output as never, expected, dtype);
  });
});

describe("kernels that move elements on 'wasm', as TensorFlow.js calls them", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  const x = () => tensorOf(values([6, 8], "float32"), "float32");

  /** What a call comes to by the library's kernels, and by the backend's. */
  function both(call: () => tf.Tensor | tf.Tensor[]): [unknown, unknown] {
    const outcome = () => {
      try {
        return [call()].flat().map((tensor) => ({ shape: tensor.shape, dtype: tensor.dtype, values: tensor.dataSync() }));
      } catch (error) {
        return (error as Error).message;
      }
    };
    const ours = outcome();
    setKernelReplacement(false);
    const theirs = outcome();
    setKernelReplacement(true);
    return [ours, theirs];
  }

  it.each<[string, () => tf.Tensor | tf.Tensor[]]>([
    ["strings", () => tf.transpose(tf.tensor(["a", "b", "c", "d"], [2, 2]))],
    ["strings, sliced", () => tf.slice(tf.tensor(["a", "b", "c", "d"], [2, 2]), [0, 1], [2, 1])],
    ["strings, concatenated", () => tf.concat([tf.tensor(["a"]), tf.tensor(["b", "c"])])],
    ["strings, in a list", () => tf.unstack(tf.tensor(["a", "b"]))],
    ["several dtypes", () => tf.concat([tf.tensor([1.5]), tf.tensor([2], [1], "int32"), tf.tensor([1], [1], "bool")])],
    ["a list of one", () => tf.unstack(x().slice([0, 0], [1, 8]))],
    ["a list of one part", () => tf.split(x(), 1)],
    ["a stack of one", () => tf.stack([x()])],
    ["an index out of range", () => tf.gather(x(), tf.tensor1d([0, 6], "int32"))],
    ["an index below 0", () => tf.gather(x(), tf.tensor1d([-1, 0], "int32"), 1)],
    [
      "an index out of range of a batch",
      () => tf.gather(x(), tf.tensor2d([[0], [1], [2], [3], [4], [8]], [6, 1], "int32"), 1, 1),
    ],
    ["a stride of 0", () => tf.stridedSlice(x(), [0, 0], [6, 8], [0, 1])],
    ["a slice that is all of it", () => tf.stridedSlice(x(), [0, 0], [6, 8])],
    ["an index that is not there", () => tf.stridedSlice(x(), [7, 0], [8, 8], [1, 1], 0, 0, 0, 0, 1)],
    ["channels first", () => tf.depthToSpace(tf.reshape(x(), [1, 4, 3, 4]) as tf.Tensor4D, 2, "NCHW")],
    ["blocks that do not fit", () => tf.spaceToBatchND(x(), [3], [[0, 0]])],
    ["a batch that does not fit", () => tf.batchToSpaceND(x(), [4], [[0, 0]])],
    ["no elements", () => tf.slice(x(), [2, 2], [0, 3])],
    ["a begin below 0", () => tf.slice(x(), [-1, 0], [1, 1])],
    ["a size below -1", () => tf.slice(x(), [0, 0], [1, -2])],
    ["sizes that do not add up", () => tf.split(x(), [3, 4], 1)],
    ["a number that does not divide", () => tf.split(x(), 3, 1)],
    ["an axis that is not there", () => tf.reverse(x(), [2])],
    ["an axis that is not there, concatenated", () => tf.concat([x(), x()], 2)],
    ["shapes that do not fit", () => tf.concat([x(), tf.ones([6, 7])], 0)],
    ["shapes that differ", () => tf.stack([x(), tf.ones([6, 7])])],
    ["a perm of other axes", () => tf.transpose(x(), [0, 2])],
    ["repetitions of other axes", () => tf.tile(x(), [2])],
  ])("of %s do what the backend's do", (_, call) => {
    const [ours, theirs] = both(call);
    expect(ours).toEqual(theirs);
  });

  it("are right where the backend's are wrong: bools reversed, int32 padded and sliced by strides, an axis less and a stride", () => {
    expect(tf.reverse(tf.tensor1d([1, 0, 0], "bool")).dataSync()).toEqual(new Uint8Array([0, 0, 1]));
    const large = 2 ** 24 + 1;
    expect(tf.pad(tf.tensor1d([3], "int32"), [[1, 1]], large).dataSync()).toEqual(new Int32Array([large, 3, large]));
    const rows = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [2, 4], "int32");
    const columns = tf.stridedSlice(rows, [0, 0], [2, 4], [1, 2]);
    expect(columns.dtype).toBe("int32");
    expect(columns.dataSync()).toEqual(new Int32Array([1, 3, 5, 7]));
    expect(tf.stridedSlice(rows, [1, 0], [2, 4], [1, 2], 0, 0, 0, 0, 1).dataSync()).toEqual(new Int32Array([5, 7]));
  });

  it("refuse paddings for other axes, of which the backend's kernel writes outside of its output", () => {
    expect(() => tf.pad(x(), [[1, 1]])).toThrow("pad: argument 'paddings' must have a pair of numbers for each of 2 axes, got 1");
  });

  it("leave no memory behind where an index is out of range", () => {
    const [table, wrong] = [x(), tf.tensor1d([0, 6], "int32")];
    const held = heldBy(() => {
      expect(() => tf.gather(table, wrong)).toThrow("the index value 6 is not in [0, 5]");
    });
    expect(held).toBe(0);
  });

  it("have first and second derivatives", () => {
    const x = tf.tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    // Each element is there 4 times, and cubed.
    const f = (x: tf.Tensor) => {
      const [left, right] = tf.split(tf.tile(x, [1, 2]), 2, 1) as [tf.Tensor, tf.Tensor];
      const stacked = tf.stack([tf.reverse(left, 0), tf.gather(right, tf.tensor1d([1, 0], "int32"))]);
      const rows = tf.unstack(
        tf.transpose(
          tf.pad(tf.concat([stacked, stacked], 2), [
            [0, 0],
            [1, 0],
            [0, 2],
          ]),
          [2, 0, 1],
        ),
      );
      return tf.addN(rows.map((row) => tf.sum(tf.pow(tf.slice(row, [0, 1]), 3))));
    };
    const dx = tf.grad(f)(x);
    expect(dx.dataSync()).toEqual(tf.mul(tf.square(x), 12).dataSync());
    const second = tf.grad((x: tf.Tensor) => tf.sum(tf.grad(f)(x)))(x);
    expect(second.dataSync()).toEqual(tf.mul(x, 24).dataSync());
  });
});
