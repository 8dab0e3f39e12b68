import { describe, expect, it } from "vitest";
import * as constants from "../../src/constants.js";

// AssemblyScript's types are not TypeScript's: a path that is not a literal keeps tsc from reading the file.
const path = "../../assembly/constants.ts";
const ofBinaries: Record<string, unknown> = await import(path);
const ofSource: Record<string, unknown> = constants;

const BOTH = [
  "AND",
  "CLIP_GRAD",
  "EQUAL",
  "ERF",
  "EXP",
  "EXPM1",
  "FLOOR_DIV",
  "GEMM_ROWS",
  "GREATER",
  "GREATER_EQUAL",
  "KMEANS_ROWS",
  "LEAKY_RELU",
  "LOG",
  "MAXIMUM",
  "MAX_SQUARE",
  "MEAN",
  "MINIMUM",
  "MIN_EPSILON",
  "MIN_PRIOR",
  "MIN_RESPONSIBILITY_LOG2",
  "MIN_TAU",
  "MIN_VARIANCE",
  "NOT_EQUAL",
  "OR",
  "PRODUCT",
  "RELU_GRAD",
  "RSQRT",
  "SELU",
  "SIGMOID_GRAD",
  "SOFTPLUS",
  "SQRT",
  "STANDARD_ROWS",
  "SUM",
  "TANH",
  "TANH_GRAD",
  "XOR",
];

describe("constants of src and assembly", () => {
  it.each(BOTH)("%s is in both", (name) => {
    expect(ofBinaries[name]).toEqual(expect.any(Number));
    expect(ofSource[name]).toEqual(expect.any(Number));
  });

  it("are equal where they have the same name", () => {
    const shared = Object.keys(ofBinaries).filter((name) => name in ofSource);
    const valuesOf = (side: Record<string, unknown>) => Object.fromEntries(shared.map((name) => [name, side[name]]));
    expect(valuesOf(ofBinaries)).toEqual(valuesOf(ofSource));
  });
});
