import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { Shape4D } from "../../src/kernels/convolution.js";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import {
  contract,
  convolution,
  depthwiseConvolution,
  outSizes,
  product,
  type Term,
  type Windows,
} from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { runKernel } from "../helpers/kernels.js";
import { read, readAll } from "../helpers/tensors.js";

type Case = Omit<Windows, "dilations" | "pad"> & {
  pad: "same" | "valid";
  dilations: [number, number];
  channels: number;
  more: number;
};

const next = generator(8);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
const CASES = Array.from({ length: 40 }, (): Case => {
  const window = [pick([1, 2, 3, 3, 4]), pick([1, 2, 3, 3, 4])];
  const dilations: [number, number] = [pick([1, 2, 3, 5]), pick([1, 2, 3, 4])];
  const sizes = window.map((size, i) => (size - 1) * (dilations[i] as number) + 1 + Math.floor(next() * 6));
  const channels = pick([1, 2, 3, 4, 5, 8, 9, 17]);
  const more = pick([1, 2, 3, 4, 5, 8, 9, 17]);
  return { batch: pick([1, 2]), sizes, window, strides: 1, pad: pick(["same", "valid"] as const), dilations, channels, more };
});
// More dilation than pixels, and rows that are one packed operand each.
CASES.push({ batch: 2, sizes: [3, 4], window: [3, 3], strides: 1, pad: "same", dilations: [5, 7], channels: 3, more: 4 });
CASES.push({ batch: 1, sizes: [5, 140], window: [3, 3], strides: 1, pad: "same", dilations: [2, 3], channels: 4, more: 9 });
const TITLED = CASES.map((given) => [JSON.stringify(given), given] as const);

function problem(given: Case, depthwise: boolean) {
  const { batch, sizes, window, channels } = given;
  const more = depthwise ? Math.min(given.more, 3) : given.more;
  const out = depthwise ? channels * more : more;
  const shapes = {
    x: [batch, ...sizes, channels] as Shape4D,
    filter: [...window, channels, more] as Shape4D,
    dy: [batch, ...outSizes(given), out] as Shape4D,
  };
  const terms: Term[] = depthwise ? depthwiseConvolution(given, channels, more) : convolution(given, channels, more);
  const values = {
    x: normal(next, product(shapes.x)),
    w: normal(next, product(shapes.filter)),
    y: normal(next, product(shapes.dy)),
  };
  return {
    shapes,
    values,
    tensors: {
      x: tf.tensor4d(values.x, shapes.x),
      filter: tf.tensor4d(values.w, shapes.filter),
      dy: tf.tensor4d(values.y, shapes.dy),
    },
    expected: {
      x: contract(terms, "x", values, values.x.length),
      filter: contract(terms, "w", values, values.w.length),
    },
  };
}

/** Gradients by each of the functions that have any. */
const CALLS = (strides: number | [number, number], pad: "same" | "valid", dilations: [number, number]) => ({
  plain: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.conv2d(x, filter, strides, pad, "NHWC", dilations),
  fused: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.fused.conv2d({ x, filter, strides, pad, dilations }),
  depthwise: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.depthwiseConv2d(x, filter, strides, pad, "NHWC", dilations),
  "fused depthwise": (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.fused.depthwiseConv2d({ x, filter, strides, pad, dilations }),
});

describe.each([
  "plain",
  "fused",
  "depthwise",
  "fused depthwise",
] as const)("gradients of dilated convolutions on 'wasm' equal the reference: %s", (name) => {
  beforeEach(() => useBackend("wasm"));

  it.each(TITLED)("%s", (_, given) => {
    const { tensors, expected } = problem(given, name.includes("depthwise"));
    const call = CALLS(1, given.pad, given.dilations)[name];
    const [dx, dw] = readAll(() => tf.grads(call as never)([tensors.x, tensors.filter], tensors.dy)) as [
      Float32Array,
      Float32Array,
    ];
    expectCloseToLargest(dx, expected.x, 2e-6, "dx");
    expectCloseToLargest(dw, expected.filter, 2e-6, "dw");
  });

  it("may be differentiated again", () => {
    const given: Case = {
      batch: 2,
      sizes: [7, 6],
      window: [3, 2],
      strides: 1,
      pad: "same",
      dilations: [2, 3],
      channels: 3,
      more: 2,
    };
    const { tensors } = problem(given, name.includes("depthwise"));
    const call = CALLS(1, given.pad, given.dilations)[name];
    const of = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.sum(tf.square(call(x, filter))) as tf.Scalar;
    const penalty = (x: tf.Tensor4D, filter: tf.Tensor4D) => {
      const [dx, dw] = tf.grads(of as never)([x, filter]) as [tf.Tensor, tf.Tensor];
      return tf.add(tf.sum(tf.square(dx)), tf.sum(tf.square(dw))) as tf.Scalar;
    };
    const { x, filter } = tensors;
    const [gx, gw] = tf.grads(penalty as never)([x, filter]) as [tf.Tensor4D, tf.Tensor4D];
    const along = tf.randomNormal(x.shape, 0, 1, "float32", 3) as tf.Tensor4D;
    const alongFilter = tf.randomNormal(filter.shape, 0, 1, "float32", 4) as tf.Tensor4D;
    const at = (step: number) =>
      read(() => penalty(tf.add(x, tf.mul(along, step)), tf.add(filter, tf.mul(alongFilter, step))))[0] as number;
    const quotient = (at(1e-2) - at(-1e-2)) / 2e-2;
    const derivative = read(() => tf.add(tf.sum(tf.mul(gx, along)), tf.sum(tf.mul(gw, alongFilter))))[0] as number;
    expect(Math.abs(derivative - quotient) / Math.abs(quotient)).toBeLessThan(2e-3);
  });
});

describe("dilations", () => {
  beforeEach(() => useBackend("wasm"));

  it.each(["Conv2DBackpropInput", "Conv2DBackpropFilter"])("%s takes them with channels first", async (kernel) => {
    const given: Case = {
      batch: 2,
      sizes: [8, 9],
      window: [3, 2],
      strides: 1,
      pad: "same",
      dilations: [2, 3],
      channels: 3,
      more: 5,
    };
    const { tensors, shapes, expected } = problem(given, false);
    const turned = (tensor: tf.Tensor): [Float32Array, number[]] => {
      const result = tf.transpose(tensor, [0, 3, 1, 2]);
      return [result.dataSync<"float32">(), result.shape];
    };
    const attrs = { strides: 1, pad: "same", dataFormat: "NCHW", dilations: given.dilations };
    const [batch, height, width, channels] = shapes.x;
    if (kernel === "Conv2DBackpropFilter") {
      const inputs = { x: turned(tensors.x), dy: turned(tensors.dy) };
      const { values } = await runKernel("wasm", kernel, inputs, { ...attrs, filterShape: shapes.filter });
      expectCloseToLargest(values, expected.filter, 2e-6, "dw");
      return;
    }
    const filter: [Float32Array, number[]] = [tensors.filter.dataSync<"float32">(), shapes.filter];
    const inputShape = [batch, channels, height, width];
    const { values } = await runKernel("wasm", kernel, { dy: turned(tensors.dy), filter }, { ...attrs, inputShape });
    const back = tf.transpose(tf.tensor(values, inputShape), [0, 2, 3, 1]).dataSync<"float32">();
    expectCloseToLargest(back, expected.x, 2e-6, "dx");
  });

  it("along an axis with strides are refused", () => {
    const call = () =>
      tf
        .engine()
        .runKernel(
          "Conv2DBackpropInput",
          { dy: tf.ones([1, 4, 4, 1]), filter: tf.ones([2, 2, 1, 1]) },
          { strides: 2, pad: "same", dataFormat: "NHWC", dilations: [2, 1], inputShape: [1, 8, 8, 1] },
        );
    expect(call).toThrow(
      "conv2dBackpropInput: argument 'dilations' must be 1 along axes whose strides are not, got [2, 1] with strides [2, 2]",
    );
  });

  it("take a bias, and an x of rank 3", () => {
    const x = tf.tensor3d(normal(next, 7 * 6 * 2), [7, 6, 2]);
    const filter = tf.tensor4d(normal(next, 3 * 3 * 2 * 4), [3, 3, 2, 4]);
    const bias = tf.zeros([4]) as tf.Tensor1D;
    const f = (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) =>
      tf.fused.conv2d({ x: x as tf.Tensor3D, filter: filter as tf.Tensor4D, strides: 1, pad: "same", dilations: 2, bias });
    const [dx, , dbias] = tf.grads(f as never)([x, filter, bias]) as tf.Tensor[];
    expect((dx as tf.Tensor).shape).toEqual([7, 6, 2]);
    expect(Array.from((dbias as tf.Tensor).dataSync())).toEqual([42, 42, 42, 42]);
  });

  it("keep TensorFlow.js's error on other backends", async () => {
    const f = (x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, tf.ones<tf.Rank.R4>([2, 2, 1, 1]), 1, "same", "NHWC", 2);
    tf.grad(f)(tf.ones([1, 4, 4, 1]));
    await useBackend("cpu");
    expect(() => tf.grad(f)(tf.ones([1, 4, 4, 1]))).toThrow("dilation rates greater than 1 are not yet supported");
  });
});
