import * as tf from "@tensorflow/tfjs-core";
import { generator, normal } from "../../../learning/random.js";
import {
  averagePool,
  contract,
  convolution,
  depthwiseConvolution,
  maxPool,
  outSizes,
  product,
  type Role,
  rowsAt,
  type Term,
  type Windows,
} from "../../../src/reference/products.js";
import { differentiate, type Numbers } from "../../contracts/tensors.js";
import { expectCloseToLargest } from "../../helpers/closeness.js";
import type { Case, Context } from "./case.js";

// Operations of TensorFlow.js. On 'wasm' the library adds or replaces their kernels, or those of their gradients.

/** An operation that sums products. */
interface Op {
  name: string;
  /** The shapes of the tensors in the terms. */
  shapes: Record<"y" | "x", number[]> & { w?: number[] };
  /** The tensor that the operation computes. Tensors that it neither takes nor computes are constant. */
  makes: Role;
  takes: Role[];
  run(tensors: Record<Role, tf.Tensor>): tf.Tensor;
  /** The terms, and the weights if they are not a tensor. */
  terms(x: Float32Array): { terms: Term[]; w?: ArrayLike<number> };
}

async function checkOp({ shapes, makes, takes, run, terms: termsOf }: Op, { tolerance }: Context): Promise<void> {
  const next = generator(9);
  const draw = ([] as Role[]).concat(takes, makes).map((role) => {
    const shape = shapes[role] as number[];
    return [role, [normal(next, product(shape)), shape]] as [Role, Numbers];
  });
  const drawn = Object.fromEntries(draw) as Record<Role, Numbers>;
  const { terms, w } = termsOf(drawn.x?.[0] as Float32Array);
  const values = { w, ...Object.fromEntries(draw.map(([role, [numbers]]) => [role, numbers])) } as Record<
    Role,
    ArrayLike<number>
  >;
  const inputs = Object.fromEntries(takes.map((role) => [role, drawn[role]])) as Record<Role, Numbers>;
  const actual = await differentiate(run, inputs, values[makes]);
  const sizeOf = (role: Role) => product(shapes[role] as number[]);
  expectCloseToLargest(actual.y, contract(terms, makes, values, sizeOf(makes)), tolerance.gradient, "y");
  for (const role of takes) {
    expectCloseToLargest(actual.gradients[role], contract(terms, role, values, sizeOf(role)), tolerance.gradient, role);
  }
}

interface Given {
  sizes: number[];
  window: number[];
  strides?: number;
  pad?: "same" | "valid";
  from?: number;
  to?: number;
}

const SAME_2 = { pad: "same", strides: 2 } as const;
const RANKS: { [rank: number]: string } = { 2: "2d", 3: "3d" };

function windowsOf({ sizes, window, strides = 1, pad = "valid", from = 3, to = 4 }: Given) {
  const windows = { batch: 2, sizes, window, strides, pad } satisfies Windows;
  const name = `[2,${sizes},${from}], window [${window}], strides ${strides}, ${pad}`;
  return {
    windows,
    name,
    rank: RANKS[sizes.length],
    from,
    to,
    x: [2, ...sizes, from],
    y: (channels: number) => [2, ...outSizes(windows), channels],
  };
}

// biome-ignore lint/suspicious/noExplicitAny: operations on tensors of rank 4 and on those of rank 5
type Loose = any;

function convolutionOp(given: Given): Op {
  const { windows, name, rank, from, to, x, y } = windowsOf(given);
  const conv: Loose = rank === "2d" ? tf.conv2d : tf.conv3d;
  return {
    name: `conv${rank} ${name}`,
    shapes: { x, w: [...windows.window, from, to], y: y(to) },
    makes: "y",
    takes: ["x", "w"],
    run: ({ x, w }) => conv(x, w, windows.strides, windows.pad),
    terms: () => ({ terms: convolution(windows, from, to) }),
  };
}

/** The gradient of a convolution with respect to its input, as an operation. */
function transposedOp(given: Given): Op {
  const { name, shapes, ...op } = convolutionOp(given);
  const { windows, rank } = windowsOf(given);
  const transposed: Loose = rank === "2d" ? tf.conv2dTranspose : tf.conv3dTranspose;
  return {
    ...op,
    name: `${name.replace(/^conv../, "$&Transpose to")}`,
    shapes,
    makes: "x",
    takes: ["y", "w"],
    run: ({ y, w }) => transposed(y, w, shapes.x, windows.strides, windows.pad),
  };
}

function depthwiseOp(given: Given): Op {
  const { windows, name, from, to, x, y } = windowsOf(given);
  return {
    name: `depthwiseConv2d ${name}`,
    shapes: { x, w: [...windows.window, from, to], y: y(from * to) },
    makes: "y",
    takes: ["x", "w"],
    run: ({ x, w }) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, windows.strides, windows.pad),
    terms: () => ({ terms: depthwiseConvolution(windows, from, to) }),
  };
}

function poolOp(kind: "avg" | "max", given: Given): Op {
  const { windows, name, rank, from, x, y } = windowsOf(given);
  const pools: Loose = { max2d: tf.maxPool, max3d: tf.maxPool3d, avg2d: tf.avgPool, avg3d: tf.avgPool3d };
  return {
    name: `${kind}Pool${rank} ${name}`,
    shapes: { x, y: y(from) },
    makes: "y",
    takes: ["x"],
    run: ({ x }) => pools[`${kind}${rank}`](x, windows.window, windows.strides, windows.pad),
    terms: (x) => (kind === "avg" ? averagePool(windows, from) : maxPool(windows, from, x)),
  };
}

const IDS = [3, 0, 5, 3, 3, 1, 0];
const rows: Pick<Op, "shapes" | "terms"> = {
  shapes: { x: [6, 5], y: [IDS.length, 5] },
  terms: () => ({ terms: rowsAt(IDS, 5), w: [1] }),
};
const ids = () => tf.tensor1d(IDS, "int32");

const OPS: Op[] = [
  convolutionOp({ sizes: [6, 5], window: [3, 3] }),
  convolutionOp({ sizes: [7, 6], window: [3, 2], ...SAME_2 }),
  convolutionOp({ sizes: [5, 4], window: [1, 1], from: 5, to: 7 }),
  convolutionOp({ sizes: [12, 12], window: [3, 3], pad: "same", from: 8, to: 9 }),
  transposedOp({ sizes: [7, 6], window: [3, 3], ...SAME_2 }),
  convolutionOp({ sizes: [4, 5, 4], window: [2, 3, 2], from: 2, to: 3 }),
  convolutionOp({ sizes: [5, 4, 5], window: [3, 2, 3], from: 2, to: 3, ...SAME_2 }),
  transposedOp({ sizes: [4, 4, 5], window: [2, 3, 2], from: 2, to: 3, ...SAME_2 }),
  depthwiseOp({ sizes: [6, 5], window: [3, 3], pad: "same", to: 2 }),
  depthwiseOp({ sizes: [7, 7], window: [3, 2], to: 1, ...SAME_2 }),
  poolOp("max", { sizes: [6, 5], window: [2, 3] }),
  poolOp("max", { sizes: [7, 6], window: [3, 3], ...SAME_2 }),
  poolOp("max", { sizes: [4, 5, 4], window: [2, 1, 1], from: 2 }),
  poolOp("max", { sizes: [5, 4, 5], window: [3, 2, 2], from: 2, ...SAME_2 }),
  poolOp("avg", { sizes: [6, 5], window: [2, 3] }),
  poolOp("avg", { sizes: [7, 6], window: [3, 3], ...SAME_2 }),
  { ...rows, name: "gather", makes: "y", takes: ["x"], run: ({ x }) => tf.gather(x, ids()) },
  {
    ...rows,
    name: "unsortedSegmentSum",
    makes: "x",
    takes: ["y"],
    run: ({ y }) => tf.unsortedSegmentSum(y, ids(), 6),
  },
];

export const KERNELS: Case[] = OPS.map((op) => ({ name: `tf.${op.name}`, run: (context) => checkOp(op, context) }));
