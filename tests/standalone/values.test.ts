import { afterAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { FORMULAS } from "../../src/arguments.js";
import { gradients, moments, normalize, responsibilities } from "../../src/reference/mixture.js";
import { expectClose, expectCloseToLargest, rootMeanSquare } from "../helpers/closeness.js";
import { type Case, type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { argumentsOf, BINARIES, type BinaryName, buffersOf, engineWith } from "./engines.js";

function withAffine(problem: Case): Case {
  const next = generator(7);
  return { ...problem, gamma: uniform(next, problem.channels, -2, 2), beta: uniform(next, problem.channels, -1, 1) };
}

const shapes = SHAPES.map((options) => [describeCase(options), options] as const);

describe.each(Object.keys(BINARIES) as BinaryName[])("an engine with the binary %s", (name) => {
  const engine = engineWith(name);
  afterAll(() => expect(engine.memory().used).toBe(0));

  describe.each(FORMULAS)("formula %s", (formula) => {
    const make = (options: CaseOptions): Case => withAffine({ ...makeCase(options), formula });

    it.each(shapes)("normalizes within 5e-5 · (1 + |y|) of the reference: %s", (_, shape) => {
      for (const problem of [make(shape), { ...makeCase(shape), formula }]) {
        const { mixture, options } = argumentsOf(problem);
        expectClose(engine.normalize(problem.x, mixture, options), normalize(problem), 5e-5);
      }
    });

    it.each(shapes)("has gradients within 1e-4 of their array's largest entry: %s", (_, shape) => {
      const problem = make(shape);
      const { mixture, options } = argumentsOf(problem);
      const dy = normal(generator(3), problem.x.length);
      const expected = gradients(problem, dy);
      const actual = engine.gradients(problem.x, dy, mixture, options);
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      for (const name of Object.keys(actual) as Array<keyof typeof actual>) {
        expectCloseToLargest(actual[name], expected[name], 1e-4, name);
      }
    });

    it("has a root mean square error below 5e-6 within 8 deviations of a component", () => {
      for (const components of [1, 2, 3, 8]) {
        const problem: Case = { ...makeCase({ shape: [4096, 16], components }), formula };
        const { mixture, options } = argumentsOf(problem);
        expect(rootMeanSquare(engine.normalize(problem.x, mixture, options), normalize(problem))).toBeLessThan(5e-6);
      }
    });
  });

  it.each(shapes)("has responsibilities within 1e-5, and moments within 1e-4, of the reference: %s", (_, shape) => {
    const problem = makeCase(shape);
    const { mixture, options } = argumentsOf({ ...problem, formula: undefined });
    expectClose(engine.responsibilities(problem.x, mixture, options), responsibilities(problem), 1e-5);
    const expected = moments(problem);
    const actual = engine.moments(problem.x, mixture, options);
    expect(Object.keys(actual)).toEqual(["mass", "mean", "variance"]);
    for (const name of ["mass", "mean", "variance"] as const) expectCloseToLargest(actual[name], expected[name], 1e-4, name);
  });

  it.each(shapes)("computes the same bits in buffers as for arrays: %s", (_, shape) => {
    const problem = withAffine(makeCase(shape));
    const { mixture, options } = argumentsOf(problem);
    const { x } = problem;
    const dy = normal(generator(3), x.length);
    const wanted = {
      y: engine.normalize(x, mixture, options),
      tau: engine.responsibilities(x, mixture, options),
      gradients: engine.gradients(x, dy, mixture, options),
      moments: engine.moments(x, mixture, options),
    };
    const buffers = buffersOf(engine, { x, dy, ...mixture });
    const out = {
      y: engine.buffer(x.length),
      tau: engine.buffer(x.length * problem.components),
      gradients: buffersOf(engine, wanted.gradients),
      moments: buffersOf(engine, wanted.moments),
    };
    for (const buffer of [...Object.values(out.gradients), ...Object.values(out.moments)]) buffer.values.fill(Number.NaN);

    expect(engine.normalize(buffers.x, buffers, options, out.y)).toBe(out.y);
    expect(engine.responsibilities(buffers.x, buffers, options, out.tau)).toBe(out.tau);
    expect(engine.gradients(buffers.x, buffers.dy, buffers, options, out.gradients)).toEqual(out.gradients);
    expect(engine.moments(buffers.x, buffers, options, out.moments)).toEqual(out.moments);

    expect(out.y.values).toEqual(wanted.y);
    expect(out.tau.values).toEqual(wanted.tau);
    for (const [name, buffer] of Object.entries(out.gradients)) {
      expect(buffer.values, name).toEqual(wanted.gradients[name as keyof typeof wanted.gradients]);
    }
    for (const [name, buffer] of Object.entries(out.moments)) {
      expect(buffer.values, name).toEqual(wanted.moments[name as keyof typeof wanted.moments]);
    }
    for (const [name, values] of Object.entries({ x, dy, ...mixture })) {
      expect(buffers[name as keyof typeof buffers]?.values, name).toEqual(values);
    }
    const all = [...Object.values(buffers), out.y, out.tau, ...Object.values(out.gradients), ...Object.values(out.moments)];
    for (const buffer of all) buffer.free();
  });

  it("takes no activations, for any number of components", () => {
    for (const components of [1, 3]) {
      const problem = makeCase({ shape: [0, 4], components });
      const { mixture, options } = argumentsOf(problem);
      const none = new Float32Array(0);
      expect(engine.normalize(none, mixture, options)).toEqual(none);
      expect(engine.responsibilities(none, mixture, options)).toEqual(none);
      for (const values of Object.values(engine.gradients(none, none, mixture, options))) {
        expect(values.every((value) => value === 0)).toBe(true);
      }
      const { mass, mean, variance } = engine.moments(none, mixture, options);
      expect([mass, mean, variance]).toEqual([new Float32Array(4 * components), problem.mean, problem.variance]);
    }
  });

  it("confines NaN and infinity to their own indices", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const problem = makeCase({ shape: [33, 5] });
      const { mixture, options } = argumentsOf(problem);
      const clean = engine.normalize(problem.x, mixture, options);
      problem.x[17] = bad;
      const y = engine.normalize(problem.x, mixture, options);
      expect(Number.isFinite(y[17])).toBe(false);
      y[17] = clean[17] as number;
      expect(y).toEqual(clean);
    }
  });
});
