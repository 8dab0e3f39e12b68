import { afterAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { MOMENTS, RESPONSIBILITIES } from "../contracts/mixture.js";
import { GRADIENT_NAMES, MOMENT_NAMES } from "../contracts/mixtureDriver.js";
import { CASES, withAffine } from "../contracts/unsupervisedAdaptiveNormalization.js";
import { describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { argumentsOf, BINARIES, type BinaryName, buffersOf, driverOf, engineWith } from "./engines.js";

describe.each(Object.keys(BINARIES) as BinaryName[])("an engine with the binary %s", (name) => {
  const engine = engineWith(name);
  const driver = driverOf(engine);
  afterAll(() => expect(engine.memory().used).toBe(0));

  describe.each(Object.entries({ normalize: CASES, responsibilities: RESPONSIBILITIES, moments: MOMENTS }))("%s", (_, cases) => {
    for (const { name, run } of cases) it(name, () => run(driver));
  });

  it("names its outputs", () => {
    const { x, ...problem } = makeCase({ shape: [4, 3] });
    const { mixture, options } = argumentsOf({ x, ...problem });
    expect(Object.keys(engine.gradients(x, x, mixture, options))).toEqual(GRADIENT_NAMES);
    expect(Object.keys(engine.moments(x, mixture, options))).toEqual(MOMENT_NAMES);
  });

  it.each(
    SHAPES.map((shape) => [describeCase(shape), shape] as const),
  )("computes the same bits in buffers as for arrays: %s", (_, shape) => {
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
});
