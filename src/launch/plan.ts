import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Kernels, Pointer } from "../binary/module.js";

/**
 * One call of a kernel, whatever the memory it will run over: the tensors that it reads, those that it makes, and the functions
 * of the binary that take it from the ones to the others.
 *
 * Parameters and results are there whole. Activations, and outputs that go along with them, may be there piece by piece:
 * a pass's `step` is called once or more, for pieces that follow one another.
 *
 * All tensors are float32, but parameters may be int32; who makes a job has checked that, and the shapes.
 */
export interface Job<Name extends string = string> {
  /** Places along the tensors of `activations`, each with a whole number of float32: an activation, or a row of them. */
  count: number;
  /** Pieces start at its multiples. */
  period: number;
  /** As the binary says it: 32 bits, whose highest is no sign. */
  tableBytes: number;
  parameters: { [name in Name]?: TensorInfo | undefined };
  activations: { [name in Name]?: TensorInfo };
  /** Shapes of the outputs that go along, each with a whole number of float32 for every place. */
  along: { [name in Name]?: number[] };
  /** Shapes of the other outputs. */
  results: { [name in Name]?: number[] };
  prepare(at: Addresses<Name>): void;
  /** One after the other, each over all activations; the last that steps leaves the outputs that go along as they shall be. */
  passes: Pass<Name>[];
}

export interface Pass<Name extends string = string> {
  step?(at: Addresses<Name>, start: number, count: number): void;
  /** What the step is, where threads may make it for several pieces at once. */
  split?: Split<Name>;
  finish?(at: Addresses<Name>): void;
}

/** A function of the binary: (table, ...tensors, start, count). */
export interface Split<Name extends string = string> {
  kernel: string;
  tensors: readonly Name[];
  /** The function that adds to a table what another one has added up: (table, other). Default: nothing is added up. */
  add?: string | undefined;
}

type PieceFunction = (...args: number[]) => void;
/** The names of a binary's functions that may be a step. */
type PieceName<K> = { [name in keyof K]: K[name] extends PieceFunction ? name : never }[keyof K] & string;

/** A step that threads may make: one function of the binary, as Split has it. */
export function pieces<K, Name extends string>(
  kernels: K,
  kernel: PieceName<K>,
  tensors: readonly Name[],
  add?: PieceName<K>,
): Pick<Pass<Name>, "step" | "split"> {
  const call = kernels[kernel] as PieceFunction;
  return {
    step: (at, start, count) => call(at.table, ...tensors.map((name) => at[name]), start, count),
    split: { kernel, tensors, add },
  };
}

/** Where the tensors of a job are, by name; 0 for a parameter that was not given. */
export type Addresses<Name extends string> = { [name in Name | "table"]: Pointer };

/** A job wants the binary's word on table and period. */
export type MakeJob<Name extends string = string> = (kernels: Kernels) => Job<Name>;

/**
 * A kernel of a binary.
 *
 * @template I its inputs by name
 * @template A its attributes
 * @template V what its check finds out about them
 * @template K what it wants of the binary
 */
export interface BinaryKernel<I, A, V, K = Kernels> {
  /** Its name in TensorFlow.js's registry. */
  name: string;
  /** Who complains of a bad input. */
  op: string;
  /** Throws where inputs and attributes do not fit; what is read and written follows from what it returns. */
  check(inputs: I, attrs: A): V;
  /** What the binary is to do. The kernel's outputs are the job's, in its order. */
  job(kernels: K, inputs: I, attrs: A, view: V): Job;
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A tensor that is read, with its name. */
export const given = (tensors: Job["parameters"]) =>
  Object.entries(tensors).filter((entry): entry is [string, TensorInfo] => entry[1] !== undefined);

/** An output's shape, with its name. */
export const made = (shapes: Job["along"]) => Object.entries(shapes) as Array<[string, number[]]>;
