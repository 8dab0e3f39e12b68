import { argumentError } from "../arguments.js";
import type { Pointer } from "../binary/interface.js";
import type { EngineMemory } from "./engineMemory.js";
import { FloatBuffer } from "./floatBuffer.js";
import type { Floats } from "./types.js";

/** Where the numbers of an argument are. */
export interface Operand {
  argument: string;
  given: Floats;
  length: number;
  /** The memory or buffer that `at` is an offset in. */
  space: object;
  at: Pointer;
  /** Whether that is the engine's memory: then nothing is copied. */
  isInside: boolean;
}

/** @throws Error where the argument is no array or buffer that can be read and written */
export function operandOf(op: string, argument: string, given: unknown, memory: EngineMemory): Operand {
  if (given instanceof FloatBuffer) {
    if (given.memory !== memory) throw argumentError(op, argument, "be a buffer of this engine", "one of another");
    if (given.isFree) throw argumentError(op, argument, "be a buffer that is in use", "one that was freed");
    return { argument, given, length: given.length, space: memory, at: given.at, isInside: true };
  }
  if (!isFloat32Array(given)) throw argumentError(op, argument, "be a Float32Array or a buffer", tagOf(given));
  const { buffer, byteLength, length } = given;
  const at = given.byteOffset as Pointer;
  if (isDetached(given)) {
    throw argumentError(op, argument, "have its numbers", "an array that lost them: memory that grows detaches it");
  }
  const isInside = memory.owns(buffer);
  if (isInside && length > 0 && !memory.holds(at, byteLength)) {
    throw argumentError(op, argument, "lie within a buffer", "an array over memory that is free");
  }
  return { argument, given, length, space: isInside ? memory : buffer, at, isInside };
}

/** The operand's numbers. */
export function valuesOf(op: string, { given, at, length, isInside }: Operand, memory: EngineMemory): Float32Array {
  return isInside ? memory.floats(op, at, length) : (given as Float32Array);
}

export function checkLength(op: string, { argument, length }: Operand, wanted: number): void {
  if (length !== wanted) throw argumentError(op, argument, `have length ${wanted}`, String(length));
}

/** @throws Error where an output shares memory with another operand */
export function checkApart(op: string, output: Operand, others: Operand[]): void {
  for (const other of others) {
    const isApart = output.at + 4 * output.length <= other.at || other.at + 4 * other.length <= output.at;
    if (output.space === other.space && !isApart && output.length > 0 && other.length > 0) {
      throw argumentError(op, output.argument, "share no memory with inputs and other outputs", `some of '${other.argument}'`);
    }
  }
}

/** The name of a value's type in messages: 'Float64Array', 'Undefined'. */
export const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

/** Looks at the tag, as an array may come from another realm. */
const isFloat32Array = (value: unknown): value is Float32Array => ArrayBuffer.isView(value) && tagOf(value) === "Float32Array";

function isDetached({ buffer, length }: Float32Array): boolean {
  if (length > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
