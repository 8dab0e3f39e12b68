import { beforeAll, describe, expect, it } from "vitest";
import { mixtureMoments, mixtureResponsibilities } from "../../src/index.js";
import { moments, responsibilities } from "../../src/reference/mixture.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { type Case, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { read, readAll, tensorsOf } from "../helpers/tensors.js";

const run = (problem: Case) =>
  read(() => {
    const { x, mean, variance, prior } = tensorsOf(problem);
    return mixtureResponsibilities(x, mean, variance, prior, problem);
  });

const runMoments = (problem: Case) => {
  const [mass, mean, variance] = readAll(() => {
    const tensors = tensorsOf(problem);
    const m = mixtureMoments(tensors.x, tensors.mean, tensors.variance, tensors.prior, problem);
    return [m.mass, m.mean, m.variance];
  });
  return { mass, mean, variance } as Record<"mass" | "mean" | "variance", Float32Array>;
};

const CASES = SHAPES.map((options) => [describeCase(options), options] as const);

describe.each(BACKENDS)("mixtureResponsibilities on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)("equals the reference within 1e-5: %s", (_, options) => {
    const problem = makeCase(options);
    expectClose(run(problem), responsibilities(problem), 1e-5);
  });

  it("has the shape x.shape + [K]", () => {
    const problem = makeCase({ shape: [2, 3, 4], axis: 1, components: 5 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    expect(mixtureResponsibilities(x, mean, variance, prior, { axis: 1 }).shape).toEqual([2, 3, 4, 5]);
  });

  it("gives all to the nearest component far out, and NaN to what is not finite, in its place only", () => {
    const problem = makeCase({ shape: [8, 1], components: 3 });
    problem.x.set([1e3, -1e3, 1e20, -3e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5, -0.5]);
    const tau = run(problem);
    const expected = responsibilities(problem);
    expectClose(tau.subarray(0, 12), expected.subarray(0, 12), 1e-5);
    expect(tau.subarray(12, 18).every(Number.isNaN)).toBe(true);
    expectClose(tau.subarray(18), expected.subarray(18), 1e-5);
  });
});

describe.each(BACKENDS)("mixtureMoments on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)("equals the reference within 1e-4 of the largest entry: %s", (_, options) => {
    const problem = makeCase(options);
    const expected = moments(problem);
    for (const [name, values] of Object.entries(runMoments(problem))) {
      expectCloseToLargest(values, expected[name as keyof typeof expected], 1e-4, name);
    }
  });

  it("keeps its digits where the activations are far from the component's mean", () => {
    const problem = makeCase({ shape: [5000, 3], components: 1 });
    problem.x.forEach((x, i) => {
      problem.x[i] = x + 1000;
    });
    const { variance } = moments(problem);
    expectCloseToLargest(runMoments(problem).variance, variance, 1e-3, "variance");
  });

  it("counts every activation once", () => {
    const problem = makeCase({ shape: [1_000_003], components: 2 });
    problem.mean.fill(0);
    problem.variance.fill(1);
    // One channel a number on the last axis: take the other view, all of them one channel's.
    const flat = {
      ...problem,
      shape: [1_000_003, 1],
      channels: 1,
      outer: 1_000_003,
      mean: new Float32Array(2),
      variance: new Float32Array([1, 2]),
    };
    const { mass } = runMoments(flat);
    expect((mass[0] as number) + (mass[1] as number)).toBeCloseTo(1_000_003, -1);
  });

  it.each([[[0, 3]], [[2, 0, 3]]])("keeps what it was given where there are no activations: shape [%s]", (shape) => {
    const problem = makeCase({ shape });
    const { mass, mean, variance } = runMoments(problem);
    expect(mass.every((n) => n === 0)).toBe(true);
    expect(mean).toEqual(problem.mean);
    expect(variance).toEqual(problem.variance);
  });
});
