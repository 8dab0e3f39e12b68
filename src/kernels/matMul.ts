import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, showShape } from "../arguments.js";
import { type BinaryExports, MatMulPlanWords } from "../binary/interface.js";
import { type Addresses, type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import { MAX_CALLS } from "../launch/workerPool.js";
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
/** Rows, columns, or shared numbers, that chunks start at multiples of. */
const ALIGNMENT = 16;
/** Multiplications that are worth waking a thread for. */
const MIN_CHUNK_WORK = 2 ** 20;
/** Rows for which a chunk packs what others pack, too, of b; and columns, of a. For fewer, packing takes a part of its time. */
const MIN_PACKED_FOR = 128;
/** The same, where a product cannot be cut otherwise. */
const MIN_ROWS = 32;
/** Rows for which the binary packs nothing of b. */
const MAX_UNPACKED_ROWS = 4;
/** Shared numbers for which a chunk has accumulators of its own, and the most of these. */
const MIN_SHARED = 1024;
const MAX_ACCUMULATORS = 2 ** 16;
/** Keeps all positions unsigned 32-bit integers. */
const MAX_NUMBERS = 2 ** 30;

const NO_NUMBERS: readonly number[] = [];

const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16;

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

/** What the binary is told of an activation: its number for it, and a slope, as the bits of a float32. */
export const finishingOf = ({ activation = "linear", leakyreluAlpha = 0 }: { activation?: string; leakyreluAlpha?: number }) => ({
  activation: ACTIVATIONS[activation] as number,
  slope: activation === "leakyrelu" ? float32Bits(leakyreluAlpha) : 0,
});

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

/** Along which axis a product is cut, and into chunks of how much of it, at least. */
interface Cut {
  axis: "rows" | "columns" | "shared";
  minChunk: number;
}

/** The way of cutting that gives the most chunks in which little is packed that others pack, too. */
function cutOf({ rows, columns, shared, batch }: Layout, allRows: number): Cut {
  const work = allRows * columns.size * shared.size;
  if (work < 2 * MIN_CHUNK_WORK) return { axis: "rows", minChunk: Math.max(allRows, 1) };
  const cut = (axis: Cut["axis"], size: number, least: number) => {
    const minChunk = Math.max(least, Math.ceil((MIN_CHUNK_WORK * size) / work));
    return { axis, minChunk, most: Math.min(size / minChunk, MAX_CALLS) };
  };
  const packsB = rows.size > MAX_UNPACKED_ROWS || columns.b !== 4;
  const byRows = cut("rows", allRows, packsB ? Math.min(rows.size, MIN_PACKED_FOR) : 1);
  if (columns.size === 1 || byRows.most === MAX_CALLS) return byRows;
  const cuts = [byRows, cut("columns", columns.size, shared.a === 4 ? ALIGNMENT : MIN_PACKED_FOR)];
  const areStreams = rows.a === 4 && shared.a === 4 * rows.size && columns.b === 4 && shared.b === 4 * columns.size;
  if (areStreams && batch.length === 0 && rows.size * columns.size <= MAX_ACCUMULATORS) {
    cuts.push(cut("shared", shared.size, MIN_SHARED));
  }
  const best = cuts.reduce((best, cut) => (cut.most > best.most ? cut : best));
  return best.most < 2 ? cut("rows", allRows, Math.min(rows.size, MIN_ROWS)) : best;
}

/** Rows of a batch that chunks start at multiples of: small matrices are not cut in the middle. */
const rowsTogether = (rows: number) => (rows <= MIN_PACKED_FOR ? Math.ceil(ALIGNMENT / Math.max(rows, 1)) * rows : ALIGNMENT);

function planOf(
  binary: BinaryExports,
  inputs: FusedInputs,
  attrs: FusedAttrs,
  view: MatMulView,
): KernelPlan<"a" | "b" | "bias" | "slopes" | "c"> {
  const layout = simplified(layoutOf(inputs, attrs, view));
  const { swapped, rows, columns, shared, batch } = layout;
  const allRows = batch.reduce((size, axis) => size * axis.size, rows.size);
  const { axis, minChunk } = cutOf(layout, allRows);
  const accumulatorBytes = axis === "shared" ? 4 * rows.size * columns.size : 0;
  const tableBytes = binary.mat_mul_table_bytes(batch.length) + aligned(accumulatorBytes);
  const { activation = "linear", leakyreluAlpha = 0 } = attrs;
  const words: Record<(typeof MatMulPlanWords)[number], number> = {
    rows: rows.size,
    columns: columns.size,
    shared: shared.size,
    allRows,
    cRow: 4 * columns.size,
    scratch: tableBytes,
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
  const [a, b] = swapped ? [inputs.b, inputs.a] : [inputs.a, inputs.b];
  const perProduct = { bias: inputs.bias, slopes: inputs.preluActivationWeights };
  const plan = {
    ...NOT_STREAMED,
    outputs: { c: [...view.batch, view.rows, view.columns] },
    chunkAlignment: ALIGNMENT,
    minChunk,
    tableBytes,
    scratchBytes: binary.mat_mul_scratch_bytes(rows.size, columns.size, shared.size, shared.a),
    constants,
  };
  if (axis === "shared") {
    return {
      ...plan,
      inputs: perProduct,
      streamedInputs: { a, b },
      count: shared.size,
      prepare: ({ table }) => binary.mat_mul_reset(table),
      passes: [
        parallelPass(binary, "mat_mul_accumulate", ["a", "b"], {
          merge: "mat_mul_merge",
          finalize: ({ table, bias, slopes, c }: Addresses<"bias" | "slopes" | "c">) =>
            binary.mat_mul_finalize(table, bias, slopes, c),
        }),
      ],
    };
  }
  const tensors = ["a", "b", "bias", "slopes", "c"] as const;
  const isByRows = axis === "rows";
  return {
    ...plan,
    inputs: { a, b, ...perProduct },
    count: isByRows && columns.size > 0 ? allRows : columns.size,
    chunkAlignment: isByRows && batch.length > 0 ? rowsTogether(rows.size) : ALIGNMENT,
    passes: [parallelPass(binary, isByRows ? "mat_mul_apply" : "mat_mul_columns_apply", tensors)],
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
