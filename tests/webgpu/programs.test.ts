import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { missingVulkan, vulkanEnvironment } from "../../runtimes/vulkan.js";
import {
  batchNormalization,
  mixtureMoments,
  mixtureNormalization,
  mixtureResponsibilities,
  unsupervisedAdaptiveNormalization,
} from "../../src/index.js";
import { MixtureNormEStep } from "../../src/kernels/mixtureNormEStep.js";
import { MixtureNormKMeansInit } from "../../src/kernels/mixtureNormKMeansInit.js";
import { moments, responsibilities } from "../../src/reference/mixtureNormalization.js";
import { compose, run } from "../../src/registry/run.js";
import { type Program, runProgram, type WebGPUBackend } from "../../src/tensorflow/webgpu.js";
import { makeProblem, type Problem, randomMixture } from "../contracts/mixtureNormalization.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { webgpuFaults } from "../helpers/webgpuFaults.js";

const reason = missingVulkan();
if (reason) console.warn(`\n*** NOT TESTED: programs on 'webgpu' in Node.js: ${reason} ***\n`);

/** Counts the dispatches of a call. */
function dispatchesOf(call: () => void): number {
  const backend = tf.backend() as WebGPUBackend;
  const { runWebGPUProgram } = backend;
  let count = 0;
  backend.runWebGPUProgram = (...call) => {
    count++;
    return runWebGPUProgram.apply(backend, call);
  };
  try {
    tf.tidy(call);
  } finally {
    backend.runWebGPUProgram = runWebGPUProgram;
  }
  return count;
}

describe.skipIf(reason && !process.env.CI)("programs on 'webgpu'", () => {
  let faults: string[] = [];
  const mixture = () => [tf.ones([3, 4]), tf.ones([3, 4]), tf.ones([3])] as const;

  beforeAll(async () => {
    Object.assign(process.env, vulkanEnvironment());
    await startNodeBackend("webgpu");
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    faults = webgpuFaults();
  });
  afterEach(() => expect(faults).toEqual([]));

  // Shaders are compiled while JavaScript waits: between tests vitest gets its answers.
  afterEach(() => new Promise((resolve) => setImmediate(resolve)));

  it.each(["uan", "ucb"] as const)("UAN takes one, its gradients three more: formula '%s'", (formula) => {
    const [mean, variance, prior] = mixture();
    const x = tf.ones([5, 4]);
    const dy = tf.ones([5, 4]);
    const gamma = tf.ones([4]);
    const f = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor, gamma: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, formula });
    expect(dispatchesOf(() => f(x, mean, variance, prior, gamma))).toBe(1);
    expect(dispatchesOf(() => tf.grads(f)([x, mean, variance, prior, gamma], dy))).toBe(1 + 3);
  });

  it("UAN without gamma takes as many, and uploads nothing", () => {
    const inputs = [tf.ones([5, 4]), ...mixture()];
    const dy = tf.ones([5, 4]);
    const f = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior);
    const step = () => void tf.grads(f)(inputs, dy);
    tf.tidy(step);
    const device = (tf.backend() as WebGPUBackend).device as unknown as {
      createBuffer(of: { mappedAtCreation: boolean }): unknown;
    };
    const createBuffer = vi.spyOn(device, "createBuffer");
    expect(dispatchesOf(step)).toBe(1 + 3);
    expect(createBuffer.mock.calls.filter(([{ mappedAtCreation }]) => mappedAtCreation)).toEqual([]);
    createBuffer.mockRestore();
  });

  it("standardized UAN takes three, its gradients five more", () => {
    const [mean, variance, prior] = mixture();
    const x = tf.randomNormal([400, 4]);
    const f = (x: tf.Tensor, gamma: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { standardize: true, gamma });
    expect(dispatchesOf(() => f(x, tf.ones([4])))).toBe(3);
    expect(dispatchesOf(() => tf.grads(f)([x, tf.ones([4])], tf.ones([400, 4])))).toBe(3 + 5);
  });

  it("batch normalization takes three, one less where a work group takes a whole channel; its gradients three more", () => {
    const f = (x: tf.Tensor, gamma: tf.Tensor) => batchNormalization(x, { gamma });
    expect(dispatchesOf(() => f(tf.ones([5, 4]), tf.ones([4])))).toBe(2);
    expect(dispatchesOf(() => f(tf.ones([5000, 4]), tf.ones([4])))).toBe(3);
    expect(dispatchesOf(() => tf.grads(f)([tf.ones([5000, 4]), tf.ones([4])], tf.ones([5000, 4])))).toBe(3 + 3);
  });

  it("batch normalization by given moments takes one, its gradients two more", () => {
    const moments = () => [tf.ones([4]), tf.ones([4])] as const;
    const f = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, gamma: tf.Tensor) =>
      batchNormalization(x, { mean, variance, gamma });
    expect(dispatchesOf(() => f(tf.ones([500, 4]), ...moments(), tf.ones([4])))).toBe(1);
    const inputs = () => [tf.ones([500, 4]), ...moments(), tf.ones([4])];
    expect(dispatchesOf(() => tf.grads(f)(inputs(), tf.ones([500, 4])))).toBe(1 + 2);
  });

  it.each([
    { priorMass: 0, forward: 3 },
    { priorMass: 2, forward: 3 },
    { priorMass: Number.POSITIVE_INFINITY, forward: 2 },
  ])("UAN by moments of the batch takes $forward with prior mass $priorMass, its gradients six more", ({
    priorMass,
    forward,
  }) => {
    const inputs = [tf.randomNormal([400, 4]), ...mixture(), tf.ones([4]), tf.zeros([4])];
    const [, movingMean, movingVariance] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
    const dy = tf.ones([400, 4]);
    const config = { moments: "batch", priorMass, movingMean, movingVariance } as const;
    const f = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...config, gamma, beta });
    expect(dispatchesOf(() => f(...(inputs as Parameters<typeof f>)))).toBe(forward);
    expect(dispatchesOf(() => tf.grads(f)(inputs, dy))).toBe(forward + 6);
  });

  it("UAN by moments of the batch leaves no data behind, in inference neither", () => {
    const dataIds = () => (tf.backend() as WebGPUBackend).numDataIds();
    for (const priorMass of [0, Number.POSITIVE_INFINITY]) {
      const before = dataIds();
      tf.tidy(() => {
        const [mean, variance, prior] = mixture();
        const f = (x: tf.Tensor, mean: tf.Tensor) =>
          unsupervisedAdaptiveNormalization(x, mean, variance, prior, {
            ...{ moments: "batch", priorMass, movingMean: mean, movingVariance: variance },
          });
        tf.grads(f)([tf.randomNormal([400, 4]), mean]);
      });
      expect(dataIds()).toBe(before);
    }
  });

  it("a prior mass that is a tensor may be infinite: an activation that is not a number is NaN, and no other", async () => {
    const [mean, variance, prior] = mixture();
    const y = tf.tidy(() =>
      unsupervisedAdaptiveNormalization(
        tf.tensor2d([
          [1, Number.NaN, 1, 1],
          [2, 2, 2, 2],
        ]),
        mean,
        variance,
        prior,
        {
          ...{ moments: "batch", priorMass: tf.scalar(3.4028234663852886e38), movingMean: mean, movingVariance: variance },
        },
      ),
    );
    expect(Array.from(await y.data(), Number.isNaN)).toEqual(Array.from({ length: 8 }, (_, i) => i === 1));
    y.dispose();
  });

  it("responsibilities take one, mixture moments four", () => {
    expect(dispatchesOf(() => mixtureResponsibilities(tf.ones([5, 4]), ...mixture()))).toBe(1);
    expect(dispatchesOf(() => mixtureMoments(tf.ones([5, 4]), ...mixture()))).toBe(4);
  });

  it("mixture normalization by a given mixture takes two, its gradients three more", () => {
    const [mean, variance, prior] = mixture();
    const f = (x: tf.Tensor, gamma: tf.Tensor) => mixtureNormalization(x, { mixture: { mean, variance, prior }, gamma });
    expect(dispatchesOf(() => f(tf.ones([50, 4]), tf.ones([4])))).toBe(2);
    expect(dispatchesOf(() => tf.grads(f)([tf.ones([50, 4]), tf.ones([4])], tf.ones([50, 4])))).toBe(2 + 3);
  });

  it("mixture normalization of a batch takes one for each component and three to start, three for each of EM's steps, and one", () => {
    const x = tf.randomNormal([50, 4]) as tf.Tensor2D;
    const f = (emSteps: number) => () => mixtureNormalization(x, { numComponents: 3, emSteps });
    expect(dispatchesOf(f(2))).toBe(3 + 3 + 3 * (2 + 1) + 1);
    expect(dispatchesOf(f(0))).toBe(3 + 3 + 3 + 1);
  });

  /** ν and moments of an EM step. */
  const stepOf = async ({ x, count, channels, components, epsilon }: Problem, m: ReturnType<typeof randomMixture>) => {
    const inputs = {
      x: tf.tensor2d(x, [count, channels]),
      prior: tf.tensor1d(Float32Array.from(m.prior)),
      mean: tf.tensor2d(Float32Array.from(m.mean), [components, channels]),
      variance: tf.tensor2d(Float32Array.from(m.variance), [components, channels]),
    };
    const outputs = run(MixtureNormEStep, inputs, { epsilon, moments: true }) as tf.Tensor[];
    const values = await Promise.all(outputs.map((output) => output.data()));
    for (const tensor of [...Object.values(inputs), ...outputs]) tensor.dispose();
    const [nu, prior, mean, variance] = values as [tf.TypedArray, tf.TypedArray, tf.TypedArray, tf.TypedArray];
    return { nu, prior, mean, variance };
  };

  it.each([
    ["of nine components", makeProblem([300, 20], { components: 9 }), undefined],
    ["of more channels than lanes add up at a time", makeProblem([3, 5000], { components: 2, apart: 0.01 }), undefined],
    ["whose first component is 3,000 deviations away", makeProblem([500, 64]), (i: number) => (i < 64 ? 3000 : undefined)],
    ["whose means were 100 deviations away", makeProblem([2000, 4], { components: 2 }), (i: number) => -100 - (i < 4 ? 0 : 0.5)],
  ] as const)("an EM step %s is the reference: ν within 1e-5, moments within 1e-5 of the largest", async (_, p, meanAt) => {
    const m = meanAt ? randomMixture(p) : p.clusters;
    const given = { ...m, mean: Float32Array.from(m.mean, (value, i) => meanAt?.(i) ?? value) };
    const found = await stepOf(p, given);
    const nu = responsibilities(p, given);
    expectClose(found.nu, nu, 1e-5);
    const wanted = moments(p, nu, given);
    for (const name of ["prior", "mean", "variance"] as const) expectCloseToLargest(found[name], wanted[name], 1e-5, name);
  });

  it.each([
    [1, 5, 3],
    [1025, 7, 4],
    [2000, 33, 9],
    [300, 1100, 3],
  ])("the k-means++ start of [%i, %i] with %i components is the composed one's, without rows that are not finite", async (rows, channels, components) => {
    const values = Float32Array.from(makeProblem([rows, channels]).x, (value, i) => {
      if (i % 97 !== 96) return value;
      return i % 2 ? Number.NaN : Number.POSITIVE_INFINITY;
    });
    const x = tf.tensor2d(values, [rows, channels]);
    const draws = tf.randomUniform([components], 0, 0.99, "float32", 1);
    const outputs = run(MixtureNormKMeansInit, { x, draws }, {}) as tf.Tensor[];
    const wanted = compose(MixtureNormKMeansInit, { x, draws }, {}) as tf.Tensor[];
    for (const [i, output] of outputs.entries()) {
      expectClose(await output.data(), await (wanted[i] as tf.Tensor).data(), 1e-6);
    }
    tf.dispose([x, draws, outputs, wanted]);
  });

  it("a tensor of more work groups than a dispatch has along an axis is right in all of them", async () => {
    const [channels, inner] = [65_600, 129];
    const means = Float32Array.from({ length: channels }, (_, c) => c % 1000);
    const y = tf.tidy(() => {
      const mean = tf.tensor(means, [1, channels]);
      const x = tf.add(tf.reshape(mean, [1, channels, 1]), tf.reshape(tf.range(0, inner), [1, 1, inner]));
      return unsupervisedAdaptiveNormalization(x, mean, tf.ones([1, channels]), [1], { axis: 1, epsilon: 0 });
    });
    const wrong = (await y.data()).findIndex((value, i) => Math.abs(value - (i % inner)) > 1e-3);
    y.dispose();
    expect(wrong).toBe(-1);
  });

  it("more components than the programs take are composed", () => {
    const many = [tf.ones([33, 4]), tf.ones([33, 4]), tf.fill([33], 1 / 33)] as const;
    for (const moments of ["learned", "batch"] as const) {
      expect(dispatchesOf(() => unsupervisedAdaptiveNormalization(tf.ones([5, 4]), ...many, { moments }))).toBeGreaterThan(33);
    }
    const [mean, variance, prior] = many;
    expect(dispatchesOf(() => mixtureNormalization(tf.ones([5, 4]), { mixture: { mean, variance, prior } }))).toBeGreaterThan(2);
  });

  it("a program that is not WGSL, or has the key of another, is a fault: these tests look for them", async () => {
    const program = (body: string): Program<never, "y", never> => ({
      key: "for a test",
      inputs: [],
      outputs: ["y"],
      uniforms: {},
      declarations: () => "",
      body: () => body,
    });
    for (const body of ["y[0] = nonsense;", "y[0] = 1.0;"]) {
      const { y } = runProgram(tf.backend() as WebGPUBackend, program(body), 1, {}, {}, { y: [1] });
      await (tf.backend() as WebGPUBackend).read(y.dataId);
    }
    const found = faults.splice(0);
    expect(found).toContainEqual(expect.stringContaining("nonsense"));
    expect(found).toContainEqual("two programs have the key 'tfjs-uan for a test'");
  });
});
