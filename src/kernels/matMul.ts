import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, showShape } from "../arguments.js";
import { type BinaryExports, MatMulPlanWords } from "../binary/interface.js";
import { type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";
import { float32Bits } from "./float32Bits.js";

type Inputs = { a: TensorInfo; b: TensorInfo };
type FusedInputs = Inputs & { bias?: TensorInfo; preluActivationWeights?: TensorInfo };
type Attrs = { transposeA: boolean; transposeB: boolean };
type FusedAttrs = Attrs & { activation?: string; leakyreluAlpha?: number };

/** The sizes of a product: batch and [rows, columns], of sums of `shared` numbers. */
interface MatMulView {
  batch: readonly number[];
  rows: number;
  columns: number;
  shared: number;
}

const OPERANDS = ["a", "b", "bias", "slopes"] as const;
/** An axis of the product, and the bytes from one number to the next along it: 0 where an operand is repeated. */
type Axis = { size: number } & Record<(typeof OPERANDS)[number], number>;

/** A product with few axes, and those of the batch from the innermost on. */
interface Layout {
  /** Whether the operands are exchanged: the product is transposed then. */
  swapped: boolean;
  rows: Axis;
  columns: Axis;
  shared: Axis;
  batch: Axis[];
}

/** The binary's numbers for activations. */
export const ACTIVATIONS: { [name: string]: number } = { linear: 0, relu: 1, relu6: 2, prelu: 3, leakyrelu: 3 };
/** Rows of a product that chunks start at multiples of. */
const CHUNK_ROWS = 16;
/** Multiplications that are worth waking a thread for. */
const MIN_CHUNK_WORK = 2 ** 20;
/** Keeps all positions unsigned 32-bit integers. */
const MAX_NUMBERS = 2 ** 30;

const NO_NUMBERS: readonly number[] = [];

/** @throws Error where the operands do not fit each other */
function checkProduct(op: string, { a, b }: Inputs, { transposeA, transposeB }: Attrs): MatMulView {
  checkFloat32(op, "a", a);
  checkFloat32(op, "b", b);
  const [rankOfA, rankOfB] = [a.shape.length, b.shape.length];
  if (rankOfA < 2) throw argumentError(op, "a", "have a rank of at least 2", `shape ${showShape(a.shape)}`);
  if (rankOfB < 2) throw argumentError(op, "b", "have a rank of at least 2", `shape ${showShape(b.shape)}`);
  const rows = a.shape[rankOfA - (transposeA ? 1 : 2)] as number;
  const shared = a.shape[rankOfA - (transposeA ? 2 : 1)] as number;
  const columns = b.shape[rankOfB - (transposeB ? 2 : 1)] as number;
  if (b.shape[rankOfB - (transposeB ? 1 : 2)] !== shared) {
    const wanted = `have ${shared} ${transposeB ? "columns" : "rows"}, the inner shape of a, ${showShape(a.shape)}`;
    throw argumentError(op, "b", wanted, `shape ${showShape(b.shape)}`);
  }
  const batch = rankOfA + rankOfB === 4 ? NO_NUMBERS : batchOf(op, a.shape, b.shape);
  if (sizeOf(batch) * rows * columns > MAX_NUMBERS) {
    throw argumentError(op, "a", "give a product of at most 2^30 numbers", `shape ${showShape(a.shape)}`);
  }
  return { batch, rows, columns, shared };
}

function batchOf(op: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length) - 2;
  return (a.length > b.length ? a : b).slice(0, -2).map((_, axis) => {
    const ofA = a[axis - rank + a.length - 2] ?? 1;
    const ofB = b[axis - rank + b.length - 2] ?? 1;
    if (ofA !== ofB && ofA !== 1 && ofB !== 1) {
      throw argumentError(op, "b", `have a batch that can be broadcast with that of a, ${showShape(a)}`, `shape ${showShape(b)}`);
    }
    return ofA === 1 ? ofB : ofA;
  });
}

/** Checks an optional operand that is repeated along the product. */
function checkRepeated(op: string, argument: string, tensor: TensorInfo | undefined, view: MatMulView): void {
  if (!tensor) return;
  checkFloat32(op, argument, tensor);
  const product = [...view.batch, view.rows, view.columns];
  const { shape } = tensor;
  const fits = shape.every((size, axis) => size === 1 || size === product[axis - shape.length + product.length]);
  if (!fits) throw argumentError(op, argument, `have a shape that can be broadcast to ${showShape(product)}`, showShape(shape));
}

/** Checks that the binary has an activation, and the slopes that it needs. */
export function checkActivation(op: string, activation: string, slopes: TensorInfo | undefined): void {
  if (ACTIVATIONS[activation] === undefined) {
    throw argumentError(op, "activation", `be one of '${Object.keys(ACTIVATIONS).join("', '")}'`, `'${activation}'`);
  }
  if (activation === "prelu" && !slopes) {
    throw argumentError(op, "preluActivationWeights", "be there for the activation 'prelu'", "none");
  }
}

/** The bytes from one number to the next along each axis of a shape from the last on, 0 along those of size 1. */
function stepsFromLast(shape: readonly number[], step: number): number[] {
  const steps: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    steps.push(size === 1 ? 0 : step);
    step *= size;
  }
  return steps;
}

const ofRepeated = (tensor: TensorInfo | undefined) => (tensor ? stepsFromLast(tensor.shape, 4) : NO_NUMBERS);

function layoutOf(
  { a, b, bias, preluActivationWeights }: FusedInputs,
  { transposeA, transposeB }: Attrs,
  view: MatMulView,
): Layout {
  const { rows, columns, shared } = view;
  const biasSteps = ofRepeated(bias);
  const slopesSteps = ofRepeated(preluActivationWeights);
  const axis = (fromLast: number, size: number, a: number, b: number): Axis => {
    return { size, a, b, bias: biasSteps[fromLast] ?? 0, slopes: slopesSteps[fromLast] ?? 0 };
  };
  const rank = view.batch.length;
  const aSteps = rank > 0 ? stepsFromLast(a.shape.slice(0, -2), 4 * rows * shared) : NO_NUMBERS;
  const bSteps = rank > 0 ? stepsFromLast(b.shape.slice(0, -2), 4 * shared * columns) : NO_NUMBERS;
  return {
    swapped: false,
    rows: axis(1, rows, transposeA ? 4 : 4 * shared, 0),
    columns: axis(0, columns, 0, transposeB ? 4 * shared : 4),
    shared: { size: shared, a: transposeA ? 4 * rows : 4, b: transposeB ? 4 : 4 * columns, bias: 0, slopes: 0 },
    // V8 takes a quarter of a microsecond more for Array.from.
    batch: view.batch.map((_, i) => axis(2 + i, view.batch[rank - 1 - i] as number, aSteps[i] ?? 0, bSteps[i] ?? 0)),
  };
}

/** The product of the transposed matrices in the opposite order: the same numbers, where it has one row or one column. */
function swap({ swapped, rows, columns, shared, batch }: Layout): Layout {
  const swapAxis = (axis: Axis): Axis => ({ ...axis, a: axis.b, b: axis.a });
  return {
    swapped: !swapped,
    rows: swapAxis(columns),
    columns: swapAxis(rows),
    shared: swapAxis(shared),
    batch: batch.map(swapAxis),
  };
}

/** The same product of as few axes as possible. Rows of a batch of a that share a matrix of b are rows of one matrix. */
function withoutNeedlessAxes(layout: Layout): Layout {
  if (layout.batch.length === 0) return layout;
  const axes: Axis[] = [];
  for (const axis of [layout.rows, ...layout.batch]) {
    const inner = axes.at(-1);
    if (axis.size === 1) continue;
    if (inner && OPERANDS.every((operand) => axis[operand] === inner[operand] * inner.size)) {
      axes[axes.length - 1] = { ...inner, size: inner.size * axis.size };
    } else {
      axes.push(axis);
    }
  }
  const [first] = axes;
  if (first && first.b === 0) return { ...layout, rows: first, batch: axes.slice(1) };
  return { ...layout, rows: { size: 1, a: 0, b: 0, bias: 0, slopes: 0 }, batch: axes };
}

/** A layout in which the loops of the binary find the numbers of a product with one row or one column contiguous. */
function simplified(layout: Layout): Layout {
  let simple = withoutNeedlessAxes(layout);
  if (simple.columns.size === 1 && (simple.shared.a !== 4 || simple.batch.length > 0)) simple = withoutNeedlessAxes(swap(simple));
  const isRow = simple.rows.size === 1;
  return isRow && simple.shared.b === 4 && simple.columns.b !== 4 ? swap(simple) : simple;
}

/** The bits of a float32. */
function planOf(
  binary: BinaryExports,
  inputs: FusedInputs,
  attrs: FusedAttrs,
  view: MatMulView,
): KernelPlan<"a" | "b" | "bias" | "slopes" | "c"> {
  const { swapped, rows, columns, shared, batch } = simplified(layoutOf(inputs, attrs, view));
  const { a, b, bias, preluActivationWeights } = inputs;
  const { activation = "linear", leakyreluAlpha = 0 } = attrs;
  const words: Record<(typeof MatMulPlanWords)[number], number> = {
    rows: rows.size,
    columns: columns.size,
    shared: shared.size,
    aRow: rows.a,
    aShared: shared.a,
    bShared: shared.b,
    bColumn: columns.b,
    biasRow: rows.bias,
    biasColumn: columns.bias,
    slopesRow: rows.slopes,
    slopesColumn: columns.slopes,
    activation: ACTIVATIONS[activation] as number,
    slope: activation === "leakyrelu" ? float32Bits(leakyreluAlpha) : 0,
    batchAxes: batch.length,
  };
  const constants = new Uint32Array(MatMulPlanWords.length + 5 * batch.length);
  let at = 0;
  for (const name of MatMulPlanWords) constants[at++] = words[name];
  for (const { size, a, b, bias, slopes } of batch) {
    constants.set([size, a, b, bias, slopes], at);
    at += 5;
  }
  const shape = [...view.batch, view.rows, view.columns];
  return {
    ...NOT_STREAMED,
    inputs: { a: swapped ? b : a, b: swapped ? a : b, bias, slopes: preluActivationWeights },
    streamedOutputs: { c: shape },
    count: sizeOf(shape),
    chunkAlignment: CHUNK_ROWS * Math.max(columns.size, 1),
    minChunk: Math.ceil(MIN_CHUNK_WORK / Math.max(shared.size, 1)),
    tableBytes: binary.mat_mul_table_bytes(batch.length),
    scratchBytes: binary.mat_mul_scratch_bytes(rows.size, columns.size, shared.size, shared.a),
    constants,
    passes: [parallelPass(binary, "mat_mul_apply", ["a", "b", "bias", "slopes", "c"])],
  };
}

/** What TensorFlow.js's kernel does with numbers that are not float32: it says that it does not support them. */
const isNotFloat32 = ({ a, b }: Inputs) => a.dtype !== "float32" || b.dtype !== "float32";

/** Output: a·b, with the batch of both, broadcast. */
export const BatchMatMul: NamesakeKernel<Inputs, Attrs, MatMulView> = {
  name: "BatchMatMul",
  op: "matMul",
  indices: ["a", "b"],
  check(inputs, attrs) {
    return checkProduct(this.op, inputs, attrs);
  },
  plan: planOf,
  theirsTakes: isNotFloat32,
};

/**
 * Output: activation(a·b + bias). The bias, and the slopes of prelu, are broadcast to it. Other activations than those of the binary
 * are kernels of their own: src/registry/activations.ts.
 */
export const FusedMatMul: NamesakeKernel<FusedInputs, FusedAttrs, MatMulView> = {
  name: "_FusedMatMul",
  op: "fused.matMul",
  indices: ["a", "b", "bias", "preluActivationWeights"],
  check(inputs, attrs) {
    const { activation = "linear" } = attrs;
    checkActivation(this.op, activation, inputs.preluActivationWeights);
    const view = checkProduct(this.op, inputs, attrs);
    checkRepeated(this.op, "bias", inputs.bias, view);
    checkRepeated(this.op, "preluActivationWeights", inputs.preluActivationWeights, view);
    return view;
  },
  plan: planOf,
  theirsTakes: isNotFloat32,
};
