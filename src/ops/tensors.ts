import { cast, mul, Tensor, type TensorLike, tensor, transpose } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";

/**
 * An argument as a float32 tensor. int32 and bool are cast.
 *
 * @throws where it is missing, disposed, of another dtype, or no tensor can be made of it; with `nonNegative` also where it
 * holds a negative number or NaN and is not a tensor yet (the values of a tensor are not read).
 */
export function toTensor(op: string, argument: string, value: Tensor | TensorLike, { nonNegative = false } = {}): Tensor {
  if (value instanceof Tensor) {
    if (value.isDisposed) throw argumentError(op, argument, "be a tensor that can be read", "one that is disposed");
    if (value.dtype === "float32") return value;
    // On 'webgpu' a cast leaves integers in place, which its tf.transpose takes for others (tensorflow/tfjs issue 8638).
    if (value.dtype === "int32" || value.dtype === "bool") return mul(cast(value, "float32"), 1);
    throw argumentError(op, argument, "have dtype float32, int32 or bool", value.dtype);
  }
  const shape = shapeOf(op, argument, value, nonNegative);
  return tensor(value, shape, "float32");
}

/** An optional argument as a tensor. */
export function toOptionalTensor(op: string, argument: string, value: Tensor | TensorLike | undefined): Tensor | undefined {
  return value === undefined ? undefined : toTensor(op, argument, value);
}

/**
 * x with some axes moved behind all others, and how a tensor of that shape gets x's order back. Nothing is copied where they are
 * the last.
 *
 * @param axes in their order, counted from 0
 */
export function withAxesLast(x: Tensor, axes: number[]) {
  const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...others, ...axes];
  if (order.every((axis, i) => axis === i)) return { moved: x, restore: (tensor: Tensor) => tensor };
  const back = order.map((_, axis) => order.indexOf(axis));
  return { moved: transpose(x, order), restore: (tensor: Tensor) => transpose(tensor, back) };
}

/** The shape of numbers in nested arrays. @throws where they are no numbers, or rows differ in shape. */
function shapeOf(op: string, argument: string, value: unknown, nonNegative: boolean): number[] {
  if (Array.isArray(value) || isTypedArray(value)) {
    if (isTypedArray(value) && !nonNegative) return [value.length];
    let first: number[] | undefined;
    for (const element of value as Iterable<unknown>) {
      const shape = shapeOf(op, argument, element, nonNegative);
      first ??= shape;
      if (shape.join() !== first.join()) {
        throw argumentError(op, argument, "have rows of one shape", `[${first}] and [${shape}]`);
      }
    }
    return [value.length, ...(first ?? [])];
  }
  if (typeof value !== "number" && typeof value !== "boolean") {
    const got = typeof value === "string" ? `'${value}'` : String(value);
    throw argumentError(op, argument, "be a tensor, or numbers that one can be made of", got);
  }
  if (nonNegative && !(Number(value) >= 0)) throw argumentError(op, argument, "not be negative", String(value));
  return [];
}

function isTypedArray(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
