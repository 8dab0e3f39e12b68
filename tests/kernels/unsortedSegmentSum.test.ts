import { describe, expect, it } from "vitest";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import { expectSameKernel, runKernel } from "../helpers/kernels.js";

describe("UnsortedSegmentSum on 'wasm'", () => {
  it.each([[[7, 5]], [[100, 8]], [[33]], [[9, 3, 2]], [[0, 4]]])("equals that of 'cpu': x [%s]", async (shape) => {
    const next = generator(2);
    const x = normal(
      next,
      shape.reduce((a, b) => a * b, 1),
    );
    const ids = Int32Array.from({ length: shape[0] as number }, () => Math.floor(next() * 6));
    await expectSameKernel("UnsortedSegmentSum", { x: [x, shape], segmentIds: [ids, [ids.length]] }, { numSegments: 6 });
  });

  it("leaves out ids that are no segment's", async () => {
    const x: [Float32Array, number[]] = [new Float32Array([1, 2, 4, 8]), [4]];
    const segmentIds: [Int32Array, number[]] = [new Int32Array([0, -1, 2, 1]), [4]];
    const { values } = await runKernel("wasm", "UnsortedSegmentSum", { x, segmentIds }, { numSegments: 2 });
    expect(Array.from(values)).toEqual([1, 8]);
  });
});
