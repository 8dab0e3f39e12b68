import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "./launch/plan.js";

// Checks of arguments. Every message names the operation and the argument, and says what was wanted and what came.

/** The inputs that describe a mixture in every channel. */
export interface MixtureInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  prior: TensorInfo;
}

/** Optional parameters of a normalization, [C]. */
export interface PerChannel {
  gamma?: TensorInfo | undefined;
  beta?: TensorInfo | undefined;
}

/** A mean and a variance that a batch's are shrunk toward (docs/math.md, section 2.5): all three, or none. */
export interface PriorInputs {
  /** [C] */
  priorMean?: TensorInfo | undefined;
  /** [C] */
  priorVariance?: TensorInfo | undefined;
  /** How many activations of a channel they count for: one number. */
  priorMass?: TensorInfo | undefined;
}

export interface MixtureAttrs {
  axis: number;
  epsilon: number;
}

export const FORMULAS = ["uan", "ucb"] as const;

export interface NormAttrs extends MixtureAttrs {
  /** Default "uan". */
  formula?: (typeof FORMULAS)[number] | undefined;
}

/** A tensor with a channel axis, as kernels see it: [outer, channels, inner], or [0, channels, 1] where it is empty. */
export interface View {
  outer: number;
  channels: number;
  inner: number;
  /** outer · channels · inner */
  size: number;
}

/** A view, and the mixture in each of its channels. */
export interface MixtureView extends View {
  components: number;
}

const MAX_RANK = 6;
/** Keeps every position in a tensor, and every address of its numbers, an unsigned 32-bit integer. */
const MAX_NUMBERS = 2 ** 30;

/** An error that names the operation and the argument, and says what was wanted and what came. */
export function argumentError(op: string, argument: string, wanted: string, got: string): Error {
  return new Error(`${op}: argument '${argument}' must ${wanted}, got ${got}`);
}

/** A shape, for messages. */
export const showShape = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** The channel axis, counted from 0. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw argumentError(op, "axis", `be an integer from ${-rank} to ${rank - 1}`, String(axis));
  }
  return normalized;
}

/** An axis, or a list of different ones, ascending and counted from 0. */
export function axesOf(op: string, axis: number | readonly number[], rank: number): number[] {
  const axes = [axis].flat().map((one) => normalizeAxis(op, one, rank));
  if (new Set(axes).size < axes.length) {
    throw argumentError(op, "axis", "be an axis or a list of different ones", `[${axis}]`);
  }
  return axes.sort((a, b) => a - b);
}

export function viewOf(op: string, x: TensorInfo, axis: number): View {
  const { shape } = x;
  if (shape.length < 1 || shape.length > MAX_RANK) {
    throw argumentError(op, "x", `have a rank from 1 to ${MAX_RANK}`, `rank ${shape.length}`);
  }
  const at = normalizeAxis(op, axis, shape.length);
  const outer = sizeOf(shape, 0, at);
  const channels = shape[at] as number;
  const inner = sizeOf(shape, at + 1);
  const size = outer * channels * inner;
  if (channels < 1) throw argumentError(op, "x", "have at least one channel", `shape ${showShape(shape)} and axis ${axis}`);
  if (size > MAX_NUMBERS) throw argumentError(op, "x", "hold at most 2^30 numbers", `shape ${showShape(shape)}`);
  return size > 0 ? { outer, channels, inner, size } : { outer: 0, channels, inner: 1, size };
}

export function checkFloat32(op: string, argument: string, tensor: { dtype: DataType }): void {
  if (tensor.dtype !== "float32") throw argumentError(op, argument, "have dtype float32", tensor.dtype);
}

export function checkShape(op: string, argument: string, tensor: TensorInfo, shape: readonly number[]): void {
  if (!sameShape(tensor.shape, shape))
    throw argumentError(op, argument, `have shape ${showShape(shape)}`, showShape(tensor.shape));
}

/** Checks for a float32 tensor of a shape. */
export function checkTensor(op: string, argument: string, tensor: TensorInfo, shape: readonly number[]): void {
  checkFloat32(op, argument, tensor);
  checkShape(op, argument, tensor, shape);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

export function checkEpsilon(op: string, epsilon: number): void {
  if (!(typeof epsilon === "number" && Number.isFinite(epsilon) && epsilon >= 0)) {
    throw argumentError(op, "epsilon", "be a finite number that is not negative", String(epsilon));
  }
}

/** Checks for a positive integer, such as a number of components. */
export function checkCount(op: string, argument: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw argumentError(op, argument, "be a positive integer", String(value));
}

/** Checks for an integer that is not negative, such as a number of steps. */
export function checkNonNegativeInteger(op: string, argument: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0)) {
    throw argumentError(op, argument, "be an integer that is not negative", String(value));
  }
}

/** Checks that the inputs of a mixture fit each other. */
export function checkMixture(op: string, inputs: MixtureInputs, { axis, epsilon }: MixtureAttrs): MixtureView {
  const { x, mean, variance, prior } = inputs;
  checkFloat32(op, "x", x);
  checkFloat32(op, "mean", mean);
  checkFloat32(op, "variance", variance);
  checkFloat32(op, "prior", prior);
  checkEpsilon(op, epsilon);
  const { outer, channels, inner, size } = viewOf(op, x, axis);
  const components = mean.shape[0] ?? 0;
  if (mean.shape.length !== 2 || components < 1 || mean.shape[1] !== channels) {
    throw argumentError(op, "mean", `have shape [K, ${channels}] with K ≥ 1`, showShape(mean.shape));
  }
  checkShape(op, "variance", variance, mean.shape);
  const { shape } = prior;
  if (shape[0] !== components || (shape[1] ?? 1) !== 1 || shape.length > 2) {
    throw argumentError(op, "prior", `have shape [${components}] or [${components}, 1]`, showShape(shape));
  }
  return { outer, channels, inner, size, components };
}

/** Checks for one of a few strings. */
export function checkChoice(op: string, argument: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw argumentError(op, argument, `be one of '${choices.join("', '")}'`, `'${value}'`);
}

/** checkMixture, and a check of the formula. */
export function checkNorm(op: string, inputs: MixtureInputs, attrs: NormAttrs): MixtureView {
  const { formula = "uan" } = attrs;
  checkChoice(op, "formula", formula, FORMULAS);
  return checkMixture(op, inputs, attrs);
}

/** Checks an optional parameter of a normalization. */
export function checkPerChannel(op: string, argument: string, tensor: TensorInfo | undefined, channels: number): void {
  if (!tensor) return;
  checkTensor(op, argument, tensor, [channels]);
}

/** Checks a normalization's optional gamma and beta. */
export function checkGammaAndBeta(op: string, { gamma, beta }: PerChannel, channels: number): void {
  checkPerChannel(op, "gamma", gamma, channels);
  checkPerChannel(op, "beta", beta, channels);
}

/** Checks that a prior's inputs are all there, or none, and fit the channels. */
export function checkPrior(op: string, { priorMean, priorVariance, priorMass }: PriorInputs, channels: number): void {
  if (!priorMean && !priorVariance && !priorMass) return;
  for (const [argument, tensor, shape] of [
    ["priorMean", priorMean, [channels]],
    ["priorVariance", priorVariance, [channels]],
    ["priorMass", priorMass, []],
  ] as const) {
    if (!tensor) throw argumentError(op, argument, "be given where others of a prior are", "undefined");
    checkTensor(op, argument, tensor, shape);
  }
}
