import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { constant } from "../../src/tensorflow/constants.js";
import { useBackend } from "../helpers/backends.js";
import { loadCopy } from "../helpers/copies.js";

// On native TensorFlow an operation costs as much as many numbers do, and a number of the host's as much as an operation.

const { batchNormalization, groupNormalization, layerNormalization, unsupervisedAdaptiveNormalization } = library;

const K = 3;
/** Fewer numbers of a channel than are added up at once, and more. */
const FEW = [2, 4, 4, 5];
const MANY = [4, 20, 30, 5];
/** The channels are not the last axis. */
const FIRST = [2, 5, 16];

function tensorsFor(shape: number[], axis: number) {
  const next = generator(1);
  const channels = shape.at(axis) as number;
  return {
    x: tf.tensor(normal(next, tf.util.sizeFromShape(shape)), shape),
    mean: tf.tensor2d(normal(next, K * channels), [K, channels]),
    variance: tf.tensor2d(uniform(next, K * channels, 0.5, 1), [K, channels]),
    prior: tf.tensor1d([0.2, 0.3, 0.5]),
    gamma: tf.tensor1d(uniform(next, channels, 0.5, 1)),
    beta: tf.tensor1d(normal(next, channels)),
  };
}

type Tensors = ReturnType<typeof tensorsFor>;

const OPS: Record<string, (given: Tensors, axis: number) => tf.Tensor> = {
  uan: ({ x, mean, variance, prior, gamma, beta }, axis) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, beta, axis }),
  ucb: ({ x, mean, variance, prior, gamma, beta }, axis) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, beta, axis, formula: "ucb" }),
  standardized: ({ x, mean, variance, prior, gamma, beta }, axis) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, beta, axis, standardize: true }),
  "moments of the batch": ({ x, mean, variance, prior, gamma, beta }, axis) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, beta, axis, moments: "batch" }),
  batch: ({ x, gamma, beta }, axis) => batchNormalization(x, { gamma, beta, axis }),
  "shrunk batch": ({ x, gamma, beta }, axis) =>
    batchNormalization(x, { gamma, beta, axis, mean: gamma, variance: gamma, priorMass: 8 }),
  inference: ({ x, gamma, beta }, axis) => batchNormalization(x, { gamma, beta, axis, mean: beta, variance: gamma }),
  layer: ({ x, gamma, beta }, axis) => layerNormalization(x, { gamma, beta, axis }),
  group: ({ x, gamma, beta }, axis) => groupNormalization(x, { gamma, beta, groups: 1, axis }),
};

/**
 * Operations + uploads of the kernel and its gradient, of FEW numbers, of MANY, and of FIRST. Fewer are better; more are to be meant.
 */
const TABLE: [string, [string, string], [string, string], [string, string]][] = [
  ["uan", ["37 + 8", "67 + 18"], ["37 + 8", "72 + 23"], ["39 + 10", "68 + 19"]],
  ["ucb", ["35 + 7", "57 + 15"], ["35 + 7", "62 + 20"], ["37 + 9", "58 + 16"]],
  ["standardized", ["54 + 11", "88 + 20"], ["57 + 14", "95 + 27"], ["62 + 19", "93 + 25"]],
  ["moments of the batch", ["96 + 21", "126 + 27"], ["100 + 25", "132 + 33"], ["98 + 23", "127 + 28"]],
  ["batch", ["13 + 7", "15 + 2"], ["16 + 10", "17 + 4"], ["19 + 8", "21 + 8"]],
  ["shrunk batch", ["43 + 4", "25 + 5"], ["46 + 7", "29 + 9"], ["52 + 13", "31 + 11"]],
  ["inference", ["2 + 1", "14 + 2"], ["2 + 1", "16 + 4"], ["9 + 3", "18 + 6"]],
  ["layer", ["16 + 5", "21 + 7"], ["16 + 5", "25 + 11"], ["16 + 5", "21 + 7"]],
  ["group", ["19 + 8", "24 + 10"], ["22 + 11", "28 + 14"], ["19 + 8", "22 + 8"]],
];

/** What tfjs-node's kernels upload for their attributes. */
const UPLOADS: Record<string, number> = { Reshape: 1, Sum: 1, Max: 1, Min: 1, Transpose: 1, Tile: 1, Slice: 2, Fill: 2 };

/** Those of TensorFlow.js that no operation of TensorFlow's runs for. */
const NONE = ["Identity", "unnamed scope"];

/** Of every kernel of the library's that a function runs: how many operations it is, and how many uploads of numbers, shapes and axes. */
async function counted(run: () => tf.Tensor): Promise<Record<string, string>> {
  const counts: Record<string, string> = {};
  const engine = tf.engine();
  const made = vi.spyOn(engine, "makeTensor");
  const { runKernel } = engine;
  vi.spyOn(engine, "runKernel").mockImplementation((name, inputs, attrs) => {
    if (!/Norm|Mixture/.test(name) || name === "FusedBatchNorm") return runKernel.call(engine, name, inputs, attrs) as tf.Tensor;
    const { state } = engine as unknown as { state: { profiling: boolean; activeProfile: { kernels: { name: string }[] } } };
    const [kernelsBefore, madeBefore] = [state.activeProfile.kernels.length, made.mock.calls.length];
    const outputs = runKernel.call(engine, name, inputs, attrs) as tf.Tensor;
    const kernels = state.activeProfile.kernels.slice(kernelsBefore).map((kernel) => kernel.name);
    const operations = kernels.filter((kernel) => kernel !== name && !NONE.includes(kernel));
    const ofAttributes = operations.reduce((sum, kernel) => sum + (UPLOADS[kernel] ?? 0), 0);
    counts[name] = `${operations.length} + ${made.mock.calls.length - madeBefore + ofAttributes}`;
    return outputs;
  });
  await tf.profile(run);
  vi.restoreAllMocks();
  return counts;
}

/** The same of an op and its gradients, once constants are remembered. */
function countsOf(name: string, shape: number[], axis = -1): Promise<Record<string, string>> {
  const given = tensorsFor(shape, axis);
  const op = OPS[name] as (typeof OPS)[string];
  const run = () =>
    tf.tidy(() => {
      const inputs = Object.entries(given).filter(([input]) => !/^(mean|variance|prior)$/.test(input));
      const [dx] = tf.grads((...moved: tf.Tensor[]) =>
        op({ ...given, ...Object.fromEntries(inputs.map(([input], i) => [input, moved[i]])) }, axis),
      )(inputs.map(([, tensor]) => tensor));
      return dx as tf.Tensor;
    });
  run();
  return counted(run);
}

describe("operations and uploads on native TensorFlow", () => {
  beforeAll(() => useBackend("native"));
  afterEach(() => vi.restoreAllMocks());

  it.each(TABLE)("%s, of few numbers, of many, and with channels first", async (name, few, many, first) => {
    expect(Object.values(await countsOf(name, FEW))).toEqual(few);
    expect(Object.values(await countsOf(name, MANY))).toEqual(many);
    expect(Object.values(await countsOf(name, FIRST, 1))).toEqual(first);
  });
});

/** The engine does not know a constant; the backend does. */
const numberOf = (made: tf.Tensor | number) => (tf.backend().readSync((made as tf.Tensor).dataId) as Float32Array)[0];

describe("constants on native TensorFlow", () => {
  const data = () => [tf.memory().numTensors, tf.memory().numBytes, tf.memory().numDataBuffers, tf.backend().numDataIds()];
  const run = (epsilon: number) => {
    const { x, mean, variance, prior } = given;
    tf.tidy(() => {
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon });
      tf.grad((x) => unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon }))(x);
    });
  };
  let given: Tensors;
  beforeAll(async () => {
    await useBackend("native");
    given = tensorsFor(FEW, -1);
  });

  it("are not in the engine's memory, and not made again", async () => {
    const [numTensors, numBytes, numDataBuffers] = data();
    run(0.125);
    const after = data();
    expect(after.slice(0, 3)).toEqual([numTensors, numBytes, numDataBuffers]);
    run(0.125);
    expect(data()).toEqual(after);
    await tf.setBackend("cpu");
    await tf.setBackend("native");
    run(0.125);
    expect(data()).toEqual(after);
  });

  it("are of a backend: one that is started anew has its own, and tidy leaves them", async () => {
    tf.registerBackend("native again", () => {
      const backend = new MathBackendCPU() as MathBackendCPU & { isUsingGpuDevice: boolean };
      backend.isUsingGpuDevice = true;
      return backend;
    });
    const first = tf.backend();
    const one = constant(7);
    expect(constant(7)).toBe(one);
    await tf.setBackend("native again");
    const other = tf.tidy(() => constant(7));
    expect(other).not.toBe(one);
    expect(tf.tidy(() => constant(7))).toBe(other);
    expect(numberOf(other)).toBe(7);
    tf.removeBackend("native again");
    await tf.setBackend("native");
    expect(tf.backend()).toBe(first);
    expect(constant(7)).toBe(one);
    expect(numberOf(one)).toBe(7);
  });

  it("are at most 64: sizes of batches do not pile up", () => {
    for (let i = 0; i < 100; i++) constant(1000 + i);
    const before = data();
    for (let i = 0; i < 100; i++) constant(2000 + i);
    expect(data()).toEqual(before);
    expect(numberOf(constant(2099))).toBe(2099);
    expect(numberOf(constant(1000))).toBe(1000);
  });

  it("are numbers on a tape, which would save them, and on other backends", async () => {
    const seen: unknown[] = [];
    tf.grad((x) => {
      seen.push(constant(5));
      return tf.square(x);
    })(tf.scalar(1));
    await tf.setBackend("cpu");
    seen.push(constant(5));
    await tf.setBackend("native");
    expect(seen).toEqual([5, 5]);
  });

  it("are shared by copies of the library", async () => {
    const copy = await loadCopy();
    const { x, mean, variance, prior } = given;
    run(0.375);
    const before = data();
    copy.unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon: 0.375 }).dispose();
    expect(data()).toEqual(before);
  });
});
