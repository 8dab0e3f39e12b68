import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import type { Shape4D } from "../../src/kernels/convolution.js";
import type { Pad } from "../helpers/convolutions.js";
import { expectSameKernel } from "../helpers/kernels.js";

interface ConvolutionCase {
  input: Shape4D;
  filter: Shape4D;
  strides: [number, number];
  pad: Pad;
  dataFormat: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
  dilations?: [number, number];
  depthwise?: boolean;
}

/** Convolutions over strides 1 to 3, filters 1 to 7, odd sizes, channels 1 to 65, all paddings, seeded. */
function generate(count: number, depthwise: boolean): ConvolutionCase[] {
  const next = generator(depthwise ? 2 : 1);
  const pick = <T>(choices: T[]): T => choices[Math.floor(next() * choices.length)] as T;
  const cases: ConvolutionCase[] = [];
  while (cases.length < count) {
    const [fh, fw] = [pick([1, 2, 3, 3, 5, 7]), pick([1, 2, 3, 3, 5, 7])];
    const [h, w] = [fh + Math.floor(next() * 9), fw + Math.floor(next() * 9)];
    const channels = pick([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 65]);
    const more = depthwise ? pick([1, 1, 2, 3]) : pick([1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 65]);
    const dataFormat = depthwise ? "NHWC" : pick(["NHWC", "NHWC", "NCHW"] as const);
    const explicit = (): Pad => {
      const [a, b, c, d] = [pick([0, 1, 2]), pick([0, 1, 2]), pick([0, 1, 2]), pick([0, 1, 2])];
      return dataFormat === "NHWC"
        ? [
            [0, 0],
            [a, b],
            [c, d],
            [0, 0],
          ]
        : [
            [0, 0],
            [0, 0],
            [a, b],
            [c, d],
          ];
    };
    const pad = pick<Pad>(["same", "valid", 1, explicit()]);
    const batch = pick([1, 2, 3]);
    const given: ConvolutionCase = {
      input: dataFormat === "NHWC" ? [batch, h, w, channels] : [batch, channels, h, w],
      filter: [fh, fw, channels, more],
      strides: [pick([1, 1, 2, 3]), pick([1, 1, 2, 3])],
      pad,
      dataFormat,
      ...(pad !== "same" && pad !== "valid" && { dimRoundingMode: pick(["floor", "round", "ceil"] as const) }),
      depthwise,
    };
    // With explicit padding and rounding TensorFlow.js may compute a negative size.
    if (outShapeOf(given).every((size) => size > 0)) cases.push(given);
  }
  return cases;
}

function outShapeOf({ input, filter, strides, pad, dataFormat, dimRoundingMode, depthwise = false }: ConvolutionCase): Shape4D {
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
  return tf.backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode, depthwise, format).outShape;
}

function tensorsOf(given: ConvolutionCase) {
  const next = generator(9);
  const values = (shape: number[]): [Float32Array, number[]] => [normal(next, tf.util.sizeFromShape(shape)), shape];
  return { x: values(given.input), filter: values(given.filter), dy: values(outShapeOf(given)) };
}

const titled = (cases: ConvolutionCase[]) => cases.map((given) => [JSON.stringify(given), given] as const);

describe("gradients of convolutions on 'wasm' equal those of 'cpu' within 1e-5 of the largest", () => {
  const CASES = [
    ...generate(120, false),
    { input: [2, 1, 1, 3], filter: [1, 1, 3, 5], strides: [1, 1], pad: "valid", dataFormat: "NHWC" },
    { input: [2, 6, 7, 20], filter: [1, 1, 20, 9], strides: [1, 1], pad: "same", dataFormat: "NHWC" },
    { input: [0, 6, 7, 20], filter: [1, 1, 20, 9], strides: [1, 1], pad: "same", dataFormat: "NHWC" },
    { input: [3, 4, 5, 6], filter: [4, 5, 6, 7], strides: [2, 1], pad: "valid", dataFormat: "NHWC" },
    { input: [1, 9, 3, 4], filter: [1, 1, 4, 8], strides: [3, 2], pad: "valid", dataFormat: "NHWC" },
    { input: [1, 6, 140, 3], filter: [3, 3, 3, 8], strides: [1, 1], pad: "same", dataFormat: "NHWC" },
    { input: [2, 4, 4, 3], filter: [7, 7, 3, 8], strides: [1, 1], pad: "same", dataFormat: "NHWC" },
    { input: [0, 5, 5, 3], filter: [3, 3, 3, 8], strides: [1, 1], pad: "same", dataFormat: "NHWC" },
    // Filters whose gradients are summed in sections of several images, and of parts of one.
    { input: [7, 21, 22, 3], filter: [5, 3, 3, 37], strides: [1, 2], pad: "same", dataFormat: "NHWC" },
    { input: [1, 50, 41, 3], filter: [5, 5, 3, 24], strides: [2, 1], pad: "same", dataFormat: "NHWC" },
    { input: [5, 3, 22, 23], filter: [4, 3, 3, 37], strides: [1, 1], pad: "valid", dataFormat: "NCHW" },
  ] as ConvolutionCase[];

  it.each(titled(CASES))("Conv2DBackpropFilter %s", async (_, given) => {
    const { x, dy } = tensorsOf(given);
    const { strides, pad, dataFormat, dimRoundingMode, filter } = given;
    await expectSameKernel("Conv2DBackpropFilter", { x, dy }, { strides, pad, dataFormat, dimRoundingMode, filterShape: filter });
  });

  it.each(titled(CASES))("Conv2DBackpropInput %s", async (_, given) => {
    const { filter, dy } = tensorsOf(given);
    const { strides, pad, dataFormat, dimRoundingMode, input } = given;
    await expectSameKernel(
      "Conv2DBackpropInput",
      { dy, filter },
      { strides, pad, dataFormat, dimRoundingMode, inputShape: input },
    );
  });

  const DEPTHWISE = generate(60, true);

  it.each(titled(DEPTHWISE))("DepthwiseConv2dNativeBackpropFilter %s", async (_, given) => {
    const { x, dy } = tensorsOf(given);
    const { strides, pad, dimRoundingMode, filter } = given;
    const attrs = { strides, pad, dimRoundingMode, dilations: 1, filterShape: filter };
    await expectSameKernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, attrs);
  });

  it.each(titled(DEPTHWISE))("DepthwiseConv2dNativeBackpropInput %s", async (_, given) => {
    const { filter, dy } = tensorsOf(given);
    const { strides, pad, dimRoundingMode, input } = given;
    const attrs = { strides, pad, dimRoundingMode, dilations: 1, inputShape: input };
    await expectSameKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter }, attrs);
  });
});
