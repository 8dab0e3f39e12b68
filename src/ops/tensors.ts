import { cast, Tensor, type TensorLike, tensor } from "@tensorflow/tfjs-core";
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
    if (value.dtype === "int32" || value.dtype === "bool") return cast(value, "float32");
    throw argumentError(op, argument, "have dtype float32, int32 or bool", value.dtype);
  }
  const wanted = "be a tensor, or numbers that one can be made of";
  if (value === null || value === undefined) throw argumentError(op, argument, wanted, String(value));
  checkNumbers(op, argument, value, nonNegative, wanted);
  try {
    return tensor(value, undefined, "float32");
  } catch (error) {
    throw argumentError(op, argument, wanted, `what fails with: ${(error as Error).message}`);
  }
}

function checkNumbers(op: string, argument: string, value: unknown, nonNegative: boolean, wanted: string): void {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    for (const element of value as unknown as Iterable<unknown>) checkNumbers(op, argument, element, nonNegative, wanted);
  } else if (typeof value !== "number" && typeof value !== "boolean") {
    throw argumentError(op, argument, wanted, typeof value === "string" ? `'${value}'` : String(value));
  } else if (nonNegative && !(Number(value) >= 0)) {
    throw argumentError(op, argument, "not be negative", String(value));
  }
}
