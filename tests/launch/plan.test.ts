import { describe, expect, it } from "vitest";
import type { BinaryExports, Pointer } from "../../src/binary/interface.js";
import { parallelPass } from "../../src/launch/plan.js";

const called: number[][] = [];
/** Records its calls, whatever function is called. */
const binary = new Proxy(
  {},
  {
    get:
      () =>
      (...args: number[]) =>
        called.push(args),
  },
) as BinaryExports;

describe("a parallel pass", () => {
  it("calls its function with the table, the tensors in their order, start and count", () => {
    const pass = parallelPass(binary, "uan_grad_apply", ["x", "dy", "dx"]);
    const at = { table: 1, dx: 2, x: 3, dy: 4 } as unknown as { [name: string]: Pointer } & { table: Pointer };
    pass.chunk?.(at as never, 5, 6);
    expect(called).toEqual([[1, 3, 4, 2, 5, 6]]);
  });

  it("is an error of types where number or kind of its arguments are not the binary's", () => {
    const faults = [
      // @ts-expect-error one tensor too few
      () => parallelPass(binary, "uan_grad_apply", ["x", "dy"]),
      // @ts-expect-error one tensor too many
      () => parallelPass(binary, "uan_apply", ["x", "y", "mean"]),
      // @ts-expect-error a count in the place of a tensor
      () => parallelPass(binary, "mixture_norm_kmeans_accumulate", ["x", "draws", "mean"]),
      // @ts-expect-error a tensor in the place of start and count
      () => parallelPass(binary, "uan_grad_finalize", ["dmean", "dvariance", "dprior"]),
      // @ts-expect-error not a function that adds one table to another
      () => parallelPass(binary, "uan_apply", ["x", "y"], { merge: "norm_grad_params_finalize" }),
      // @ts-expect-error not a function of the binary
      () => parallelPass(binary, "uan_forward", ["x", "y"]),
    ];
    expect(faults).toHaveLength(6);
  });
});
