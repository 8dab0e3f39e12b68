import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { missingVulkan, vulkanEnvironment } from "../../runtimes/vulkan.js";
import {
  batchNormalization,
  mixtureMoments,
  mixtureResponsibilities,
  unsupervisedAdaptiveNormalization,
} from "../../src/index.js";
import { type Program, runProgram, type WebGPUBackend } from "../../src/tensorflow/webgpu.js";
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
