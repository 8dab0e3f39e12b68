import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import {
  Equal,
  FloorDiv,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  LogicalXor,
  Maximum,
  Minimum,
  NotEqual,
} from "../../src/kernels/broadcast.js";
import { Select } from "../../src/kernels/select.js";
import { runCopying } from "../../src/launch/copying.js";
import { useBackend } from "../helpers/backends.js";
import { runOurs } from "../helpers/kernels.js";

const FLOATS = { FloorDiv, Maximum, Minimum };
const COMPARISONS = { Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual };
const LOGICAL = { LogicalAnd, LogicalOr, LogicalXor };
const KERNELS = { ...FLOATS, ...COMPARISONS, ...LOGICAL };
type Name = keyof typeof KERNELS;
const NAMES = Object.keys(KERNELS) as Name[];

/** Of IEEE 754. Math.max and Math.min are its maximum and minimum. */
const REFERENCES: Record<Name, (a: number, b: number) => number | boolean> = {
  Equal: (a, b) => a === b,
  FloorDiv: (a, b) => Math.floor(Math.fround(a / b)),
  Greater: (a, b) => a > b,
  GreaterEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessEqual: (a, b) => a <= b,
  LogicalAnd: (a, b) => a !== 0 && b !== 0,
  LogicalOr: (a, b) => a !== 0 || b !== 0,
  LogicalXor: (a, b) => (a !== 0) !== (b !== 0),
  Maximum: Math.max,
  Minimum: Math.min,
  NotEqual: (a, b) => a !== b,
};

const SPECIALS = [0, -0, Infinity, -Infinity, Number.NaN, 2 ** -149, -(2 ** -149), 1, -1, 2.5, 3.4e38];

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** The position of the number of a repeated tensor that is at a position of the result. */
function positionIn(shape: number[], position: number, result: number[]): number {
  let [at, step] = [0, 1];
  for (let axis = result.length - 1; axis >= 0; axis--) {
    const along = position % (result[axis] as number);
    position = Math.floor(position / (result[axis] as number));
    const size = shape[axis - result.length + shape.length] ?? 1;
    if (size > 1) at += along * step;
    step *= size;
  }
  return at;
}

/** Normal numbers, with specials among them; or zeros and ones, and another number as true. */
function valuesOf(name: Name, size: number, seed: number): number[] {
  const values = Array.from(normal(generator(seed), size));
  if (name in LOGICAL) return values.map((value, i) => (value > 0 ? (i % 7 === 0 ? 2 : 1) : 0));
  return values.map((value, i) => (i % 3 === seed % 3 ? (SPECIALS[(i + seed) % SPECIALS.length] as number) : value));
}

function tensorOf(name: Name, values: number[], shape: number[]): tf.Tensor {
  return name in LOGICAL ? tf.tensor(Uint8Array.from(values), shape, "bool") : tf.tensor(Float32Array.from(values), shape);
}

function expectRight(name: Name, ofA: number[], ofB: number[], result: number[]): void {
  const a = valuesOf(name, sizeOf(ofA), 1);
  const b = valuesOf(name, sizeOf(ofB), 2);
  const found = runOurs(KERNELS[name], { a: tensorOf(name, a, ofA), b: tensorOf(name, b, ofB) });
  const expected = Array.from({ length: sizeOf(result) }, (_, i) => {
    const x = Math.fround(a[positionIn(ofA, i, result)] as number);
    const y = Math.fround(b[positionIn(ofB, i, result)] as number);
    return Math.fround(Number(REFERENCES[name](x, y)));
  });
  const dtype = name in FLOATS ? "float32" : "bool";
  expect({ ...found, values: Array.from(found.values) }, `${name} of [${ofA}] and [${ofB}]`).toEqual({
    values: expected,
    shape: result,
    dtype,
  });
}

const SHAPES: [number[], number[], number[]][] = [
  [[], [], []],
  [[1], [1], [1]],
  [[3], [], [3]],
  [[], [5], [5]],
  [[300], [300], [300]],
  [[70], [1], [70]],
  [
    [4, 1],
    [1, 5],
    [4, 5],
  ],
  [
    [3, 17],
    [3, 1],
    [3, 17],
  ],
  [[3, 18], [18], [3, 18]],
  [[19], [3, 19], [3, 19]],
  [[300, 3], [3], [300, 3]],
  [
    [300, 1],
    [300, 2],
    [300, 2],
  ],
  [
    [2, 1, 16],
    [1, 3, 1],
    [2, 3, 16],
  ],
  [
    [2, 3, 1],
    [2, 1, 20],
    [2, 3, 20],
  ],
  [
    [2, 1, 3, 1],
    [1, 4, 1, 5],
    [2, 4, 3, 5],
  ],
  [
    [2, 1, 3, 1, 2],
    [4, 1, 5, 1],
    [2, 4, 3, 5, 2],
  ],
  [
    [2, 1, 2, 1, 2, 1],
    [1, 2, 1, 3, 1, 21],
    [2, 2, 2, 3, 2, 21],
  ],
  [[0, 3], [3], [0, 3]],
  [
    [2, 0, 1],
    [1, 4],
    [2, 0, 4],
  ],
];

const CASES = NAMES.flatMap((name) => SHAPES.map((shapes) => [name, ...shapes] as const));

describe("functions of two numbers on 'wasm', by the library's kernels", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it.each(CASES)("%s of [%s] and [%s], broadcast to [%s], is exactly what IEEE 754 has", (name, a, b, result) => {
    expectRight(name, a, b, result);
  });

  it.each(NAMES)("%s of zeros, infinities, NaN and denormals in all pairs is exactly what IEEE 754 has", (name) => {
    for (let i = 0; i < 2 * SPECIALS.length; i++) {
      const a = SPECIALS.map((_, at) => SPECIALS[(at + i) % SPECIALS.length] as number);
      const [x, y] = [a, SPECIALS].map((values) => (name in LOGICAL ? values.map((value) => (value > 0 ? 1 : 0)) : values));
      const found = runOurs(KERNELS[name], {
        a: tensorOf(name, x as number[], [a.length]),
        b: tensorOf(name, y as number[], [a.length]),
      });
      const expected = (x as number[]).map((value, at) =>
        Math.fround(Number(REFERENCES[name](Math.fround(value), Math.fround(y?.[at] as number)))),
      );
      expect(Array.from(found.values)).toEqual(expected);
    }
  });

  it.each(NAMES)("%s of tensors of every size up to 70 writes each result, and nothing else", (name) => {
    for (let size = 0; size < 70; size++) expectRight(name, [size], [size], [size]);
  });

  it("are the same by TensorFlow.js's own functions as by its kernels, gradients included", () => {
    const [x, y] = [normal(generator(6), 600), normal(generator(7), 600)];
    const shape: [number, number] = [20, 30];
    const compute = () =>
      [tf.maximum, tf.minimum].flatMap((run) => {
        const [a, b] = [tf.tensor2d(x, shape), tf.tensor2d(y, shape)];
        return [run(a, b), ...tf.grads((a, b) => run(a, b))([a, b]), tf.grad((a) => tf.clipByValue(a, -0.5, 0.5))(a)];
      });
    const ours = compute().map((tensor) => tensor.dataSync());
    setKernelReplacement(false);
    expect(compute().map((tensor) => tensor.dataSync())).toEqual(ours);
  });

  it("of integers are TensorFlow.js's, and errors are its own", () => {
    const [a, b] = [tf.tensor1d([1, 5, 3], "int32"), tf.tensor1d([2, 2, 3], "int32")];
    expect(tf.greater(a, b).dataSync()).toEqual(Uint8Array.of(0, 1, 0));
    expect([tf.maximum(a, b).dtype, tf.maximum(a, b).dataSync()]).toEqual(["int32", Int32Array.of(2, 5, 3)]);
    expect(() => tf.engine().runKernel("Greater", { a: tf.ones([2]), b: tf.ones([3]) })).toThrow(/broadcast/);
  });

  it("over copies of the tensors are the same numbers", async () => {
    const [x, y] = [valuesOf("Greater", 600, 1), valuesOf("Greater", 30, 2)];
    const onWasm = runOurs(Greater, { a: tf.tensor2d(x, [20, 30]), b: tf.tensor1d(y) }).values;
    await useBackend("cpu");
    const inputs = { a: tf.tensor2d(x, [20, 30]), b: tf.tensor1d(y) };
    const [output] = runCopying(tf.backend(), (binary) => Greater.plan(binary, inputs, {}, Greater.check(inputs, {})));
    expect(
      tf
        .engine()
        .makeTensorFromTensorInfo(output as tf.TensorInfo)
        .dataSync(),
    ).toEqual(onWasm);
    expect(output?.dtype).toBe("bool");
    const bools = { a: tf.tensor1d([1, 0, 1, 0, 1], "bool"), b: tf.tensor1d([1, 1, 0, 0, 1], "bool") };
    const [and] = runCopying(tf.backend(), (binary) => LogicalAnd.plan(binary, bools, {}, LogicalAnd.check(bools, {})));
    expect(
      tf
        .engine()
        .makeTensorFromTensorInfo(and as tf.TensorInfo)
        .dataSync(),
    ).toEqual(Uint8Array.of(1, 0, 0, 0, 1));
  });
});

describe("Select on 'wasm', by the library's kernel", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it("takes numbers of every kind, bit by bit, from tensors of every size", () => {
    for (let size = 0; size < 40; size++) {
      const bits = (seed: number) =>
        Float32Array.from({ length: size }, (_, i) => SPECIALS[(i * seed) % SPECIALS.length] as number);
      const [t, e] = [bits(3), bits(5)];
      const condition = Uint8Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 0 : (i % 2) + 1));
      const found = runOurs(Select, { condition: tf.tensor1d(condition, "bool"), t: tf.tensor1d(t), e: tf.tensor1d(e) });
      expect(found.values).toEqual(t.map((value, i) => (condition[i] ? value : (e[i] as number))));
    }
  });

  it("is the same by tf.where as TensorFlow.js's kernel, with broadcasts, and so are its gradients", () => {
    const [x, y] = [normal(generator(8), 1200), normal(generator(9), 1200)];
    const compute = () => {
      const [a, b] = [tf.tensor2d(x, [40, 30]), tf.tensor2d(y, [40, 30])];
      const isLarger = tf.greater(a, b);
      const column = tf.greater(tf.slice(a, 0, [40, 1]), 0);
      const rows = tf.engine().runKernel("Select", { condition: tf.reshape(column, [40]), t: a, e: b }) as tf.Tensor;
      return [
        tf.where(column, a, b),
        tf.where(isLarger, a, tf.scalar(0) as tf.Tensor),
        tf.where(tf.less(a, b), tf.cast(a, "int32"), tf.cast(b, "int32")),
        rows,
        ...tf.grads((t, e) => tf.where(isLarger, t, e))([a, b]),
      ].map((tensor) => [tensor.dtype, tensor.shape, tensor.dataSync()]);
    };
    const ours = compute();
    setKernelReplacement(false);
    expect(compute()).toEqual(ours);
  });
});
