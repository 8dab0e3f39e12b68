import * as tf from "@tensorflow/tfjs-core";

type Explicit = [[number, number], [number, number], [number, number], [number, number]];
export type Pad = "same" | "valid" | number | Explicit;

/** The padding of so many rows and columns. */
export const explicit = (top: number, bottom: number, left: number, right: number): Explicit => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

const ATTRS = { strides: 1, pad: "same", dataFormat: "NHWC" } as const;

/** Runs a kernel of a convolution with stride 1 and padding "same". */
export const runConvolutionKernel = (kernel: string, inputs: tf.NamedTensorMap, more: object) =>
  tf.engine().runKernel(kernel, inputs, { ...ATTRS, ...more } as never) as tf.Tensor;

/** A convolution of [1, 5, 5, 2] by 3×3 into 4 channels. */
export const convolutionTensors = () => ({
  x: tf.ones([1, 5, 5, 2]),
  filter: tf.ones([3, 3, 2, 4]),
  dy: tf.ones([1, 5, 5, 4]),
});
