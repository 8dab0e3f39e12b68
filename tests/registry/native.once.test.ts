import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { batchNormalization, fusedSgd, setKernelReplacement, unsupervisedAdaptiveNormalization } from "../../src/index.js";

// The backend of @tensorflow/tfjs-node, by TensorFlow.js's CPU code: what it says of its device decides what computes.

/** Native TensorFlow. It may keep the numbers that it is given: TensorFlow copies them only where their address is not to its liking. */
class Native extends MathBackendCPU {
  isUsingGpuDevice = false;
}

let native: Native;
const restored: (() => void)[] = [];

beforeAll(() => {
  tf.registerBackend("tensorflow", () => {
    native = new Native();
    return native;
  });
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    if (!tf.getKernel(kernel.kernelName, "tensorflow")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });
  }
});

beforeEach(async () => {
  await tf.setBackend("tensorflow");
});

afterEach(() => {
  for (const restore of restored.splice(0)) restore();
  setKernelReplacement(true);
  tf.disposeVariables();
});

function useGpu(): void {
  native.isUsingGpuDevice = true;
  restored.push(() => {
    native.isUsingGpuDevice = false;
  });
}

const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i) * 2);
const mixture = [
  [
    [-1, 0, 1],
    [1, 1, 2],
  ],
  [
    [1, 0.5, 1],
    [0.2, 1, 1],
  ],
  [0.4, 0.6],
] as const;
function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  for (const [i, value] of Array.from(got).entries()) expect(value).toBeCloseTo(wanted[i] as number, 4);
}

const normalize = (values: Float32Array | tf.Tensor = x) => {
  const [mean, variance, prior] = mixture as unknown as [number[][], number[][], number[]];
  return unsupervisedAdaptiveNormalization(tf.reshape(values, [8, 3]), mean, variance, prior);
};

/** The kernels that a function runs. */
async function kernelsOf(f: () => tf.Tensor): Promise<string[]> {
  const { kernelNames } = await tf.profile(f);
  return kernelNames.filter((name) => name !== "Reshape");
}

describe("native TensorFlow on the CPU", () => {
  it("computes by the binary, to the bit as 'cpu' does, with gradients", async () => {
    const all = () => {
      const gradient = tf.grad((x) => tf.sum(tf.square(normalize(x))));
      return [normalize().dataSync(), gradient(tf.tensor1d(x)).dataSync()];
    };
    expect(await kernelsOf(() => normalize())).toEqual(["UnsupervisedAdaptiveNorm"]);
    const ours = all();
    await tf.setBackend("cpu");
    expect(ours).toEqual(all());
  });

  it("keeps outputs apart from the memory of the calls that follow", () => {
    const first = normalize();
    const before = first.dataSync().slice();
    normalize(x.map((value) => -3 * value));
    expect(first.dataSync()).toEqual(before);
  });

  it.each([
    ["on a GPU", useGpu],
    ["where kernels are not to be replaced", () => setKernelReplacement(false)],
  ])("is left to TensorFlow's operations %s", async (_, make) => {
    const ours = normalize().dataSync();
    make();
    expect(await kernelsOf(() => normalize())).toContain("Exp");
    const theirs = normalize().dataSync();
    expectClose(theirs, ours);
  });

  it("is left to them where copies take longer: large weights, of a step that does little", async () => {
    const step = (size: number) => () => {
      const weight = tf.variable(tf.ones([size]));
      fusedSgd(0.5).applyGradients({ [weight.name]: tf.ones([size]) });
      return weight;
    };
    expect(await kernelsOf(step(4096))).not.toContain("Multiply");
    expect(await kernelsOf(step(4097))).toContain("Multiply");
    expect(
      step(4097)()
        .dataSync()
        .every((value) => value === 0.5),
    ).toBe(true);
  });

  it("leaves no tensor behind, and frees what it made", () => {
    const count = () => [tf.memory().numTensors, native.numDataIds()];
    const before = count();
    tf.tidy(() => {
      normalize();
      tf.grad((x) => tf.sum(normalize(x)))(tf.tensor1d(x));
    });
    expect(count()).toEqual(before);
  });

  it("has second derivatives, and debug mode", () => {
    const second = () => {
      const first = tf.grad((x) => tf.sum(tf.square(batchNormalization(tf.reshape(x, [8, 3])))));
      return tf
        .grad((x) => tf.sum(tf.mul(first(x), tf.range(0, 24))))(tf.tensor1d(x))
        .dataSync();
    };
    const ours = second();
    setKernelReplacement(false);
    const theirs = second();
    expectClose(theirs, ours);
    setKernelReplacement(true);
    tf.env().set("DEBUG", true);
    restored.push(() => tf.env().set("DEBUG", false));
    expect(normalize().dataSync().every(Number.isFinite)).toBe(true);
  });
});
