import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Kernels, Pointer } from "./module.js";

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
  finish?(at: Addresses<Name>): void;
}

/** Where the tensors of a job are, by name; 0 for a parameter that was not given. */
export type Addresses<Name extends string> = { [name in Name | "table"]: Pointer };

/** A job wants the binary's word on table and period. */
export type MakeJob<Name extends string = string> = (kernels: Kernels) => Job<Name>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A tensor that is read, with its name. */
export const given = (tensors: Job["parameters"]) =>
  Object.entries(tensors).filter((entry): entry is [string, TensorInfo] => entry[1] !== undefined);

/** An output's shape, with its name. */
export const made = (shapes: Job["along"]) => Object.entries(shapes) as Array<[string, number[]]>;
