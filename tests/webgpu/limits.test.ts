import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { missingVulkan, vulkanEnvironment } from "../../runtimes/vulkan.js";
import * as library from "../../src/index.js";
import type { Binding, Device, WebGPUBackend } from "../../src/tensorflow/webgpuBackend.js";
import { BATCH_CASES } from "../contracts/batchMoments.js";
import type { Case, Driver } from "../contracts/case.js";
import { MOMENTS, RESPONSIBILITIES } from "../contracts/mixture.js";
import { onTensors } from "../contracts/mixtureDriver.js";
import { CASES as NORMALIZATION } from "../contracts/normalization.js";
import { CASES as STANDARDIZED, standardizedOnTensors } from "../contracts/standardized.js";
import { CASES as UAN } from "../contracts/unsupervisedAdaptiveNormalization.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { webgpuFaults } from "../helpers/webgpuFaults.js";

// Tensors that are larger than what a device can give a shader. The device is said to have a small limit, so that they need not be large.

const reason = missingVulkan();
if (reason) console.warn(`\n*** NOT TESTED: tensors beyond the limits of 'webgpu' in Node.js: ${reason} ***\n`);

/** Bytes that the device is said to bind: 33 times its alignment, 2112 numbers. */
const LIMIT = 33 * 256;

const DRIVER = { leeway: 1, library };

/** The cases of a contract that have one of some texts in their names. */
const select = <D extends Driver>(cases: Case<D>[], driver: D, texts: string[]) =>
  texts.map((text) => {
    const { name, run } = cases.find(({ name }) => name.includes(text)) as Case<D>;
    return [name, () => run(driver)] as const;
  });

/** Windows begin anywhere in a row, in a channel, in a set. */
const CASES = {
  unsupervisedAdaptiveNormalization: select(UAN, onTensors(DRIVER), [
    "uan: equals the reference within 5e-5 · (1 + |y|): [1025,3], axis -1",
    "ucb: has gradients within 1e-4 of their tensor's largest entry: [1025,3], axis -1",
    "uan: has gradients within 1e-4 of their tensor's largest entry: [8,8,8,20], axis -1",
    "uan: has gradients within 1e-4 of their tensor's largest entry: [2,6,33,32], axis -3",
    "uan: has gradients within 1e-4 of their tensor's largest entry: [1,1,5000], axis 1",
  ]),
  "unsupervisedAdaptiveNormalization, standardize": select(STANDARDIZED, standardizedOnTensors(DRIVER), [
    "equals the reference within 5e-5 · (1 + |y|): [1025,3], axis -1",
    "has gradients within 1e-4 of their tensor's largest entry: [2,6,33,32], axis -3",
  ]),
  "unsupervisedAdaptiveNormalization by moments of the batch": select(BATCH_CASES, onTensors(DRIVER), [
    "equals the reference within 5e-5 · (1 + |y|): [1025,3], axis -1",
    "has gradients within 1e-4 of the largest entry: [1025,3], axis -1",
    "has gradients within 1e-4 of the largest entry: [2,6,33,32], axis -3",
  ]),
  mixtureResponsibilities: select(RESPONSIBILITIES, onTensors(DRIVER), ["[1025,3], axis -1", "[2,6,33,32], axis -3"]),
  mixtureMoments: select(MOMENTS, onTensors(DRIVER), ["[1025,3], axis -1", "[2,6,33,32], axis -3"]),
  normalizations: select(NORMALIZATION, DRIVER, [
    "batchNormalization, axis -1, has gradients within 1e-4 of their tensor's largest entry: [1025,3]",
    "batchNormalization, axis -1, has gradients within 1e-4 of their tensor's largest entry: [5000,1]",
    "batchNormalization, axis 1, has gradients within 1e-4 of their tensor's largest entry: [2,6,33,32]",
    "groupNormalization, 2 groups, axis -1, has gradients within 1e-4 of their tensor's largest entry: [2,300,10]",
    "instanceNormalization, axis -1, has gradients within 1e-4 of their tensor's largest entry: [2,300,5]",
    "layerNormalization, last 1, equals the reference within 5e-5 · (1 + |y|): [70,33]",
    "layerNormalization, last 1, has gradients within 1e-4 of their tensor's largest entry: [70,33]",
    "layerNormalization, last 1, has gradients within 1e-4 of their tensor's largest entry: [3,1025]",
    "rmsNormalization, last 1, has gradients within 1e-4 of their tensor's largest entry: [70,33]",
  ]),
};

describe.skipIf(reason && !process.env.CI)("tensors beyond the limits of 'webgpu'", () => {
  let device: Device;
  let limits: Device["limits"];
  /** What shaders are given. */
  let bindings: Binding[] = [];
  let faults: string[] = [];

  beforeAll(async () => {
    Object.assign(process.env, vulkanEnvironment());
    await startNodeBackend("webgpu");
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    faults = webgpuFaults();
    device = (tf.backend() as WebGPUBackend).device;
    limits = device.limits;
    const { createBindGroup } = device;
    device.createBindGroup = (descriptor) => {
      bindings.push(...descriptor.entries.map(({ resource }) => resource as Binding));
      return createBindGroup.call(device, descriptor);
    };
  });

  const setLimits = (value: object) => Object.defineProperty(device, "limits", { value, configurable: true });
  const limitTo = (smaller: Partial<typeof limits>) =>
    setLimits(new Proxy(limits, { get: (_, name) => Reflect.get(name in smaller ? smaller : limits, name) }));

  beforeEach(() => {
    bindings = [];
    limitTo({ maxStorageBufferBindingSize: LIMIT });
  });
  afterEach(() => {
    setLimits(limits);
    expect(faults).toEqual([]);
  });

  const largest = () => Math.max(...bindings.map(({ buffer, offset = 0, size = buffer.size - offset }) => size));

  describe.each(Object.entries(CASES))("%s comes in windows", (_, cases) => {
    it.each(cases)("%s", async (_, run) => {
      await run();
      expect(bindings.some(({ offset = 0 }) => offset > 0)).toBe(true);
      expect(largest()).toBeLessThanOrEqual(LIMIT);
    });
  });

  const MIXTURE = {
    prior: [0.5, 0.3, 0.2],
    mean: [0, 4, 8].map((mean) => new Array(8).fill(mean)),
    variance: [1, 2, 3].map((variance) => new Array(8).fill(variance)),
  };
  const NORMALIZATIONS = {
    "mixture normalization of a batch, with its start and its steps,": (x: tf.Tensor) =>
      library.mixtureNormalization(x, { numComponents: 3, emSteps: 2 }),
    "mixture normalization by a given mixture": (x: tf.Tensor) => library.mixtureNormalization(x, { mixture: MIXTURE }),
    "batch normalization by given moments": (x: tf.Tensor) =>
      library.batchNormalization(x, { mean: tf.ones([8]), variance: tf.fill([8], 2) }),
  };

  it.each(Object.entries(NORMALIZATIONS))("%s is the same in windows, within 1e-5 · (1 + |y|), dx within 1e-4", async (_, f) => {
    const shape = [1100, 8];
    const values = Float32Array.from({ length: 8800 }, (_, i) => 4 * Math.floor((i / 8) % 3) + Math.sin(i * i));
    const x = tf.tensor(values, shape);
    const dy = tf.tensor(values.map(Math.cos), shape);
    const compute = () => {
      const { value, grad } = tf.valueAndGrad(f)(x, dy);
      return Promise.all([value.data(), grad.data()]);
    };
    setLimits(limits);
    const [y, dx] = await compute();
    bindings = [];
    // The sample of 1,024 rows is smaller, and x is larger.
    const limit = 4 * LIMIT;
    limitTo({ maxStorageBufferBindingSize: limit });
    const [yHere, dxHere] = await compute();
    expect(bindings.some(({ offset = 0 }) => offset > 0)).toBe(true);
    expect(largest()).toBeLessThanOrEqual(limit);
    expectClose(yHere, y, 1e-5);
    expectCloseToLargest(dxHere, dx, 1e-4, "dx");
  });

  const { unsupervisedAdaptiveNormalization: uan } = library;
  const mixture = (components: number, channels = 3) =>
    [tf.ones([components, channels]), tf.ones([components, channels]), tf.ones([components])] as const;
  const most = `must have at most ${LIMIT} bytes, the maxStorageBufferBindingSize of this GPU's device, got`;

  it("an error says which tensor of a program is too large, and has no windows", () => {
    const message = `tfjs-uan on 'webgpu': tensor 'mean' of the program 'uan 3 ' ${most} 12000`;
    expect(() => uan(tf.ones([2, 1000]), ...mixture(3, 1000))).toThrow(message);
  });

  it("an error says that an output is larger than any buffer", () => {
    limitTo({ maxStorageBufferBindingSize: LIMIT, maxBufferSize: 4 * LIMIT });
    const x = tf.ones([2500, 1]);
    const message = "'tau' of the program 'responsibilities 4 in windows' must have at most 33792 bytes, the maxBufferSize";
    expect(() => library.mixtureResponsibilities(x, ...mixture(4, 1))).toThrow(message);
  });

  it.each<[string, () => unknown]>([
    ["many components", () => uan(tf.ones([1025, 3]), ...mixture(33))],
    ["a second derivative", () => tf.grad(tf.grad((x) => uan(x, ...mixture(2))))(tf.ones([1025, 3]))],
  ])("TensorFlow.js's operations on such a tensor are an error, where they would be silent: %s", (_, call) => {
    expect(() => tf.tidy(call as () => void)).toThrow(
      /^unsupervisedAdaptiveNormalization.*: a tensor of TensorFlow.js's operations/,
    );
  });
});
