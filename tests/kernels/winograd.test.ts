import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement, setWinograd } from "../../src/index.js";
import type { Shape4D } from "../../src/kernels/convolution.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest, rootMeanSquare } from "../helpers/closeness.js";
import { explicit, type Pad } from "../helpers/convolutions.js";
import { heldBy } from "../helpers/heap.js";
import { read } from "../helpers/tensors.js";

interface Case {
  x: Shape4D;
  outChannels: number;
  pad: Pad;
}

// Around whole tiles, vectors of 4 channels, panels of 8 and blocks of 32 tiles.
const CASES: Case[] = [
  { x: [1, 12, 12, 32], outChannels: 16, pad: "same" },
  { x: [2, 12, 12, 16], outChannels: 16, pad: "valid" },
  { x: [1, 13, 12, 17], outChannels: 15, pad: "same" },
  { x: [3, 9, 14, 8], outChannels: 33, pad: "same" },
  { x: [2, 12, 11, 19], outChannels: 9, pad: "valid" },
  { x: [1, 7, 40, 64], outChannels: 8, pad: "valid" },
  { x: [4, 7, 7, 31], outChannels: 13, pad: 1 },
  { x: [1, 15, 15, 10], outChannels: 21, pad: 2 },
  { x: [2, 11, 10, 12], outChannels: 18, pad: explicit(2, 0, 0, 1) },
  { x: [1, 13, 12, 23], outChannels: 11, pad: explicit(0, 4, 5, 3) },
  { x: [9, 3, 3, 33], outChannels: 32, pad: "same" },
  { x: [3, 4, 17, 150], outChannels: 65, pad: "same" },
  // So many tiles that the filter's gradient is summed in two sections.
  { x: [9, 16, 15, 17], outChannels: 33, pad: "same" },
  // Tiles of 4×4.
  { x: [1, 16, 16, 32], outChannels: 33, pad: "same" },
  { x: [2, 14, 13, 35], outChannels: 40, pad: "same" },
  { x: [1, 17, 18, 50], outChannels: 32, pad: "valid" },
  { x: [3, 11, 14, 33], outChannels: 37, pad: 2 },
  { x: [4, 7, 8, 64], outChannels: 64, pad: "same" },
];
const TITLED = CASES.map((given) => [JSON.stringify(given), given] as const);

/** Numbers, and how many of each tensor there are. */
function problem({ x: [batch, height, width, inChannels], outChannels, pad }: Case, seed = 3) {
  const xShape: Shape4D = [batch, height, width, inChannels];
  const filterShape: Shape4D = [3, 3, inChannels, outChannels];
  const rounding = typeof pad === "string" ? undefined : "floor";
  const { outShape, padInfo } = tf.backend_util.computeConv2DInfo(xShape, filterShape, 1, 1, pad, rounding);
  const next = generator(seed);
  const size = tf.util.sizeFromShape;
  return {
    xShape,
    filterShape,
    outShape,
    padInfo,
    attrs: { strides: 1, pad, dataFormat: "NHWC", dimRoundingMode: rounding, dilations: 1 },
    x: normal(next, size(xShape)),
    filter: normal(next, size(filterShape)),
    dy: normal(next, size(outShape)),
  };
}
type Problem = ReturnType<typeof problem>;

/** Calls `visit` with the numbers of each product: indices in y, x and the filter. */
function products({ xShape, outShape, padInfo }: Problem, visit: (y: number, x: number, filter: number) => void): void {
  const [batch, height, width, inChannels] = xShape;
  const [, outHeight, outWidth, outChannels] = outShape;
  for (let pixel = 0; pixel < batch * outHeight * outWidth; pixel++) {
    const image = Math.floor(pixel / (outHeight * outWidth));
    const row = (Math.floor(pixel / outWidth) % outHeight) - padInfo.top;
    const column = (pixel % outWidth) - padInfo.left;
    for (let tap = 0; tap < 9; tap++) {
      const [i, j] = [row + Math.floor(tap / 3), column + (tap % 3)];
      if (i < 0 || i >= height || j < 0 || j >= width) continue;
      for (let c = 0; c < inChannels; c++) {
        const at = ((image * height + i) * width + j) * inChannels + c;
        for (let o = 0; o < outChannels; o++) visit(pixel * outChannels + o, at, (tap * inChannels + c) * outChannels + o);
      }
    }
  }
}

const KERNELS = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"] as const;
type Kernel = (typeof KERNELS)[number];

/** Runs a kernel, by Winograd's transforms or by the taps. */
function run(kernel: Kernel, given: Problem, winograd: boolean): Float32Array {
  const { xShape, filterShape, outShape, attrs } = given;
  setWinograd(winograd);
  return read(() => {
    const x = tf.tensor(given.x, xShape);
    const filter = tf.tensor(given.filter, filterShape);
    const dy = tf.tensor(given.dy, outShape);
    const [inputs, more] = {
      Conv2D: [{ x, filter }, {}],
      Conv2DBackpropInput: [{ dy, filter }, { inputShape: xShape }],
      Conv2DBackpropFilter: [{ x, dy }, { filterShape }],
    }[kernel];
    return tf.engine().runKernel(kernel, inputs as unknown as tf.NamedTensorMap, { ...attrs, ...more } as never) as tf.Tensor;
  }) as Float32Array;
}

/** The kernel's result in float64. */
function exact(kernel: Kernel, given: Problem): Float64Array {
  const { x, filter, dy } = given;
  const sums = new Float64Array({ Conv2D: dy, Conv2DBackpropInput: x, Conv2DBackpropFilter: filter }[kernel].length);
  const add = (at: number, a: number | undefined, b: number | undefined) => {
    sums[at] = (sums[at] as number) + (a as number) * (b as number);
  };
  products(given, (ofY, ofX, ofFilter) => {
    if (kernel === "Conv2D") add(ofY, x[ofX], filter[ofFilter]);
    else if (kernel === "Conv2DBackpropInput") add(ofX, dy[ofY], filter[ofFilter]);
    else add(ofFilter, x[ofX], dy[ofY]);
  });
  return sums;
}

const largestError = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
  Array.from(expected).reduce((most, e, i) => Math.max(most, Math.abs((actual[i] as number) - e)), 0);

const finite = (number: number) => (Number.isFinite(number) ? number : 0);
const kinds = (all: ArrayLike<number>) => Array.from(all, (number) => (Number.isFinite(number) ? 0 : number));

function scale(values: Float32Array, factor: number): void {
  values.forEach((value, i) => {
    values[i] = value * factor;
  });
}

beforeEach(() => useBackend("wasm"));
afterEach(() => {
  setWinograd(true);
  setKernelReplacement(true);
});

describe.each(KERNELS)("%s by Winograd's transforms", (kernel) => {
  it.each(TITLED)("has an error, against float64, of at most 3 times that by the taps: %s", (_, given) => {
    const numbers = problem(given);
    const expected = exact(kernel, numbers);
    const direct = run(kernel, numbers, false);
    const transformed = run(kernel, numbers, true);
    expect(transformed).not.toEqual(direct);
    expect(largestError(transformed, expected)).toBeLessThan(3 * largestError(direct, expected));
    expect(rootMeanSquare(transformed, expected)).toBeLessThan(3 * rootMeanSquare(direct, expected));
  });

  it.each([
    ["x", Number.POSITIVE_INFINITY],
    ["x", Number.NEGATIVE_INFINITY],
    ["x", Number.NaN],
    ["x", 3e38],
    ["filter", Number.POSITIVE_INFINITY],
    ["filter", Number.NaN],
    ["filter", 3e38],
    ["dy", Number.NEGATIVE_INFINITY],
    ["dy", Number.NaN],
    ["dy", 3e38],
  ] as const)("has infinities and NaN where the taps have them, with %s of %s", (operand, value) => {
    for (const given of [...CASES.slice(0, 5), ...CASES.slice(-5, -2)]) {
      const numbers = problem(given);
      // Two neighbors, so that differences of infinities would be NaN; and one alone, far from them.
      const { [operand]: values } = numbers;
      const channels = (operand === "x" ? numbers.xShape : numbers.outShape)[3] as number;
      values.set([value], channels * 15 + 3);
      values.set([value], channels * 16 + 3);
      values.set([value], values.length - 2);
      // Small numbers, so that products with 3e38 are finite.
      for (const name of ["x", "filter", "dy"] as const) if (name !== operand) scale(numbers[name], 1e-3);
      // Zeros of the border times infinity are NaN, but in the gradient of the filter, which has no border.
      const expected = kernel === "Conv2DBackpropFilter" ? exact(kernel, numbers) : run(kernel, numbers, false);
      const actual = run(kernel, numbers, true);
      expect(kinds(actual)).toEqual(kinds(expected));
      const relative = value === 3e38 ? 1e-5 : 1e-3;
      expectCloseToLargest(actual.map(finite), Array.from(expected, finite), relative, kernel);
    }
  });

  it("is that by the taps, bit for bit, with setWinograd(false) or few channels", () => {
    const numbers = problem({ x: [2, 12, 12, 16], outChannels: 16, pad: "same" });
    const direct = run(kernel, numbers, false);
    setKernelReplacement(false);
    if (kernel === "Conv2D") expect(run(kernel, numbers, true)).toEqual(direct);
    setKernelReplacement(true);
    const few = problem({ x: [2, 24, 24, 7], outChannels: 16, pad: "same" });
    expect(run(kernel, few, true)).toEqual(run(kernel, few, false));
  });

  it("leaves no memory behind", () => {
    const numbers = problem({ x: [2, 12, 12, 16], outChannels: 16, pad: "same" });
    expect(heldBy(() => run(kernel, numbers, true))).toBe(0);
  });
});

describe("tf.fused.conv2d by Winograd's transforms", () => {
  const slope = 0.25;
  const activations: [tf.fused.Activation, (x: number, slope: number) => number][] = [
    ["linear", (x) => x],
    ["relu", (x) => Math.max(x, 0)],
    ["relu6", (x) => Math.min(Math.max(x, 0), 6)],
    ["prelu", (x, slope) => (x < 0 ? slope * x : x)],
    ["leakyrelu", (x) => (x < 0 ? slope * x : x)],
    ["elu", (x) => (x < 0 ? Math.expm1(x) : x)],
    ["sigmoid", (x) => 1 / (1 + Math.exp(-x))],
  ];

  it.each(activations)("%s, with a bias and without, is within 5e-6 of the largest", (activation, f) => {
    for (const given of [CASES[0], CASES[2], CASES[4], CASES[13]] as Case[]) {
      const numbers = problem(given);
      const { outChannels } = given;
      const [bias, slopes] = [normal(generator(8), outChannels), normal(generator(9), outChannels)];
      scale(numbers.filter, 0.1);
      const sums = exact("Conv2D", numbers);
      for (const offset of [undefined, bias]) {
        const expected = sums.map((sum, i) => {
          const channel = i % outChannels;
          return f(sum + (offset?.[channel] ?? 0), slopes[channel] as number);
        });
        const actual = read(() =>
          tf.fused.conv2d({
            x: tf.tensor4d(numbers.x, numbers.xShape),
            filter: tf.tensor4d(numbers.filter, numbers.filterShape),
            strides: 1,
            pad: given.pad as "same",
            bias: offset && tf.tensor1d(offset),
            activation,
            ...(activation === "prelu" && { preluActivationWeights: tf.tensor1d(slopes) }),
            ...(activation === "leakyrelu" && { leakyreluAlpha: slope }),
          }),
        );
        expectCloseToLargest(actual, expected, 5e-6, activation);
      }
    }
  });

  it.each(["relu", "prelu"] as const)("%s of infinities and NaN is TensorFlow.js's", (activation) => {
    const numbers = problem({ x: [1, 12, 12, 16], outChannels: 16, pad: "same" });
    numbers.x.set([Number.POSITIVE_INFINITY], 500);
    numbers.x.set([Number.NaN], 1800);
    const call = (winograd: boolean) => {
      setWinograd(winograd);
      return read(() =>
        tf.fused.conv2d({
          x: tf.tensor4d(numbers.x, numbers.xShape),
          filter: tf.tensor4d(numbers.filter, numbers.filterShape),
          strides: 1,
          pad: "same",
          bias: tf.ones([16]) as tf.Tensor1D,
          activation,
          preluActivationWeights: tf.fill([16], 0.5),
        }),
      );
    };
    expect(kinds(call(true))).toEqual(kinds(call(false)));
  });

  it("a bias that does not fit keeps TensorFlow.js's error", () => {
    const call = () =>
      tf.fused.conv2d({
        x: tf.ones<tf.Rank.R4>([1, 12, 12, 16]),
        filter: tf.ones<tf.Rank.R4>([3, 3, 16, 16]),
        strides: 1,
        pad: "same",
        bias: tf.ones([1]) as tf.Tensor1D,
        activation: "relu",
      });
    expect(call).toThrow("FusedConv2D bias shape (1) does not match the number of output channels (16)");
  });
});

describe("gradients through convolutions by Winograd's transforms", () => {
  it("of first and second order are those by the taps, within 2e-5 of the largest", () => {
    const numbers = problem({ x: [1, 12, 12, 8], outChannels: 16, pad: "same" });
    const filter = tf.tensor4d(numbers.filter, numbers.filterShape);
    const x = tf.tensor4d(numbers.x, numbers.xShape);
    const f = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.sum(tf.pow(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"), 3));
    const second = (x: tf.Tensor, filter: tf.Tensor) => tf.sum(tf.square(tf.grads(f)([x, filter])[0] as tf.Tensor));
    const gradients = (winograd: boolean) => {
      setWinograd(winograd);
      return [f, second].flatMap((g) =>
        tf
          .grads(g)([x, filter])
          .map((gradient) => gradient.dataSync()),
      );
    };
    const direct = gradients(false);
    gradients(true).forEach((gradient, i) => {
      expectCloseToLargest(gradient, direct[i] as Float32Array, 2e-5, `gradient ${i}`);
    });
  });
});
