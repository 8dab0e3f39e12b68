import { afterAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { BATCH_CASES, makeBatchCase } from "../contracts/batchMoments.js";
import { MOMENTS, RESPONSIBILITIES } from "../contracts/mixture.js";
import { GRADIENT_NAMES, MOMENT_NAMES } from "../contracts/mixtureDriver.js";
import { makeStandardizedCase, CASES as STANDARDIZED } from "../contracts/standardized.js";
import { CASES, withAffine } from "../contracts/unsupervisedAdaptiveNormalization.js";
import { describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import {
  argumentsOf,
  BINARIES,
  type BinaryName,
  batchOptionsOf,
  buffersOf,
  driverOf,
  engineWith,
  standardizedDriverOf,
} from "./engines.js";

describe.each(Object.keys(BINARIES) as BinaryName[])("an engine with the binary %s", (name) => {
  const engine = engineWith(name);
  const driver = driverOf(engine);
  afterAll(() => expect(engine.memory().used).toBe(0));

  describe.each(
    Object.entries({ normalize: CASES, normalizeByBatch: BATCH_CASES, responsibilities: RESPONSIBILITIES, moments: MOMENTS }),
  )("%s", (_, cases) => {
    for (const { name, run } of cases) it(name, () => run(driver));
  });

  describe("standardize", () => {
    for (const { name, run } of STANDARDIZED) it(name, () => run(standardizedDriverOf(engine)));

    it("computes the same bits in buffers as for arrays", () => {
      const { x, moving, ...problem } = makeStandardizedCase({ shape: [3, 5, 21], axis: 1, mass: 2 });
      const { mixture, options } = argumentsOf({ x, ...problem });
      const { mean: movingMean, variance: movingVariance, mass: priorMass } = moving as NonNullable<typeof moving>;
      const arrayOptions = { ...options, priorMass, movingMean, movingVariance };
      const dy = normal(generator(3), x.length);
      const wanted = engine.standardize(x, mixture, arrayOptions);
      const gradients = engine.standardizeGradients(x, dy, mixture, wanted.standard, options);
      const buffers = buffersOf(engine, { x, dy, ...mixture });
      const inBuffers = buffersOf(engine, { movingMean, movingVariance });
      const out = buffersOf(engine, wanted);
      const outOfGradients = buffersOf(engine, gradients);
      for (const buffer of [...Object.values(out), ...Object.values(outOfGradients)]) buffer.values.fill(Number.NaN);
      const bufferOptions = { ...options, ...inBuffers, priorMass };
      engine.standardize(buffers.x, buffers, bufferOptions, out);
      engine.standardizeGradients(buffers.x, buffers.dy, buffers, out.standard, options, outOfGradients);
      for (const [name, values] of Object.entries({ ...wanted })) {
        expect(out[name as keyof typeof out].values, name).toEqual(values);
      }
      for (const [name, values] of Object.entries({ ...gradients })) {
        expect(outOfGradients[name as keyof typeof outOfGradients].values, name).toEqual(values);
      }
      for (const all of [buffers, inBuffers, out, outOfGradients]) for (const buffer of Object.values(all)) buffer.free();
    });
  });

  it("names its outputs", () => {
    const { x, ...problem } = makeCase({ shape: [4, 3] });
    const { mixture, options } = argumentsOf({ x, ...problem });
    const standardized = engine.standardize(x, mixture, options);
    expect(Object.keys(standardized)).toEqual(["y", "mean", "variance", "standard"]);
    expect(Object.keys(engine.standardizeGradients(x, x, mixture, standardized.standard, options))).toEqual(GRADIENT_NAMES);
    expect(Object.keys(engine.gradients(x, x, mixture, options))).toEqual(GRADIENT_NAMES);
    expect(Object.keys(engine.moments(x, mixture, options))).toEqual(MOMENT_NAMES);
  });

  it("computes the same bits by moments of the batch in buffers as for arrays", () => {
    const problem = makeBatchCase({ shape: [70, 6] }, { componentWeights: "prior", priorMass: 2 });
    const { x } = problem;
    const { mixture } = argumentsOf(problem);
    const options = batchOptionsOf(problem);
    const { y, ...moments } = engine.normalizeByBatch(x, mixture, options);
    const gradients = engine.gradientsByBatch(x, x, mixture, moments, options);
    const { movingMean, movingVariance } = options as Record<"movingMean" | "movingVariance", Float32Array>;
    const inputs = buffersOf(engine, { x, ...mixture, movingMean, movingVariance });
    const out = buffersOf(engine, { y, ...moments });
    const outGradients = buffersOf(engine, gradients);
    for (const buffer of [...Object.values(out), ...Object.values(outGradients)]) buffer.values.fill(Number.NaN);
    const all = { ...options, movingMean: inputs.movingMean, movingVariance: inputs.movingVariance };
    expect(engine.normalizeByBatch(inputs.x, inputs, all, out)).toEqual(out);
    const { y: outY, ...outMoments } = out;
    expect(engine.gradientsByBatch(inputs.x, inputs.x, inputs, outMoments, all, outGradients)).toEqual(outGradients);
    expect(outY.values).toEqual(y);
    for (const [name, values] of Object.entries(moments)) expect(outMoments[name as "mass"].values, name).toEqual(values);
    for (const [name, values] of Object.entries(gradients)) expect(outGradients[name as "x"].values, name).toEqual(values);
    for (const buffer of [inputs, out, outGradients].flatMap((buffers) => Object.values(buffers))) buffer?.free();
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
