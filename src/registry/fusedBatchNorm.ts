import {
  add,
  cast,
  type GradConfig,
  getGradient,
  type KernelFunc,
  mul,
  type NamedTensorInfoMap,
  neg,
  reshape,
  rsqrt,
  scalar,
  sub,
  type Tensor,
  type TensorInfo,
  tidy,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { sumOver } from "../composed/sums.js";
import { Normalization, type NormalizationAttrs, NormalizationGrad } from "../kernels/normalization.js";
import { FusedBatchNorm, NormalizationInference } from "../kernels/normalizationInference.js";
import { sizeOf } from "../launch/plan.js";
import { isRecording } from "../tensorflow/tape.js";
import { castToFloat32 } from "./casts.js";
import { isOurs, putGradient } from "./copies.js";
import { compose, run } from "./run.js";

// What TensorFlow.js's FusedBatchNorm does not do: other axes than the last ones, on 'cpu' and 'wasm', and in gradients; and, on every
// backend, TensorFlow's training mode. A graph model calls tf.batchNorm for it with a mean and variance of
// no entries, and means the batch's own; TensorFlow.js's kernels make NaN or infinities of them, or throw. What Keras 2 makes of
// LayerNormalization is such a call. Its data format, NHWC or NCHW, does not reach tf.batchNorm: the length of scale tells the axis.

/** tf.batchNorm's inputs, and those that tell the axis of the channels. */
type Inputs = Record<"x" | "mean" | "variance", TensorInfo>;
type PerChannel<T> = { x: T; scale?: T | undefined; offset?: T | undefined };
type Attrs = { varianceEpsilon: number };
type NamedGradientMap = ReturnType<GradConfig["gradFunc"]>;

const isTraining = (inputs: NamedTensorInfoMap) => {
  const { x, mean, variance } = inputs as Inputs;
  return sizeOf(mean.shape) === 0 && sizeOf(variance.shape) === 0 && sizeOf(x.shape) > 0;
};

/** @throws Error where the axis of the channels cannot be told */
function attrsOf({ x: { shape }, scale, offset }: PerChannel<TensorInfo>, { varianceEpsilon }: Attrs): NormalizationAttrs {
  const perChannel = (scale ?? offset)?.shape;
  const channels = perChannel ? sizeOf(perChannel) : 0;
  const last = shape.length - 1;
  const axes = [...new Set([1, last])].filter((axis) => shape[axis] === channels);
  // A single channel is all of x, whichever axis it is along.
  if (axes.length !== 1 && !(axes.length > 1 && channels === 1)) {
    const wanted = `have as many entries as x has channels, along axis 1 or ${last} and not both, where mean and variance are empty`;
    throw argumentError(
      FusedBatchNorm.op,
      "scale",
      wanted,
      `${perChannel ? `[${perChannel}]` : "none"} for x of shape [${shape.join(", ")}]`,
    );
  }
  const axis = axes[0] as number;
  const [outer, inner] = [sizeOf(shape, 0, axis), sizeOf(shape, axis + 1)];
  return { slices: 1, outer, channels, inner, groups: channels, epsilon: varianceEpsilon };
}

/** Normalizes x by its own mean and variance. */
const normalizeByOwnMoments: KernelFunc = ({ inputs, attrs }) =>
  tidy(() => {
    putTrainingGradient();
    const floats = (castToFloat32(inputs) ?? inputs) as unknown as PerChannel<Tensor>;
    const { x, scale, offset } = floats;
    const view = attrsOf(floats, attrs as unknown as Attrs);
    const [y] = run<object, NormalizationAttrs, void, Tensor[]>(Normalization, { x, gamma: scale, beta: offset }, view);
    const dtype = inputs.x?.dtype ?? "float32";
    return dtype === "float32" ? (y as Tensor) : cast(y as Tensor, dtype);
  });

/**
 * A kernel for tf.batchNorm that computes training mode, too, and along any axis.
 *
 * @param inference the kernel for all other calls
 * @param isCyclic whether that one takes means for those of the last axes, whatever their shape: TensorFlow.js's of 'cpu' and 'wasm' do
 */
export function withTraining(inference: KernelFunc, isCyclic: boolean): KernelFunc {
  return (call) => {
    if (isTraining(call.inputs)) return normalizeByOwnMoments(call);
    const { x, mean } = call.inputs as Inputs;
    if (!acrossOf(x, mean)) return inference(call);
    putTrainingGradient();
    return isCyclic || mean.shape.length === 1 ? normalizeAcross(call) : inference(call);
  };
}

/**
 * The shape, of x's rank, that a mean is broadcast from; undefined where it has the last sizes of x, as most have. tf.layers' batch
 * normalization along another axis than the last has such means. So has that of a graph model in NCHW, but for the ones in its shape.
 */
function acrossOf({ shape }: TensorInfo, { shape: of }: TensorInfo): number[] | undefined {
  if (of.length === 1) {
    const [size = 1] = of;
    const isSecond = shape.length > 2 && size > 1 && size !== shape.at(-1) && size === shape[1];
    return isSecond ? shape.map((_, axis) => (axis === 1 ? size : 1)) : undefined;
  }
  // tf.batchNorm gives x of a lower rank ones in front, and not the others.
  const missing = shape.length - of.length;
  const first = of.findIndex((size) => size !== 1);
  const isLast = first < 0 || of.slice(first).every((size, i) => size === shape[missing + first + i]);
  return isLast || missing < 0 ? undefined : [...Array<number>(missing).fill(1), ...of];
}

/** Normalizes along whichever axes mean and variance are. */
const normalizeAcross: KernelFunc = ({ inputs, attrs }) =>
  tidy(() => {
    const { varianceEpsilon: epsilon } = attrs as unknown as Attrs;
    const floats = (castToFloat32(inputs) ?? inputs) as unknown as PerChannel<Tensor> & Record<"mean" | "variance", Tensor>;
    const { x, mean, variance, scale, offset } = floats;
    const spread = (tensor: Tensor) => reshape(tensor, acrossOf(x, tensor) ?? tensor.shape);
    const given = [mean, variance, scale, offset].filter((tensor) => tensor !== undefined).map(spread);
    const [{ shape }] = given as [Tensor];
    const axes = [...shape.keys()].filter((axis) => (shape[axis] as number) > 1);
    let y: Tensor;
    if (axes.length === 1 && given.every((tensor) => tensor.shape.join() === shape.join())) {
      const [axis] = axes as [number];
      const view = {
        outer: sizeOf(x.shape, 0, axis),
        channels: shape[axis] as number,
        inner: sizeOf(x.shape, axis + 1),
        epsilon,
      };
      const row = (tensor: Tensor | undefined) => tensor && reshape(tensor, [-1]);
      const parameters = { mean: row(mean) as Tensor, variance: row(variance) as Tensor, gamma: row(scale), beta: row(offset) };
      y = run<object, typeof view, void, Tensor>(NormalizationInference, { x, ...parameters }, view);
    } else {
      y = mul(sub(x, spread(mean)), rsqrt(add(spread(variance), epsilon)));
      if (scale) y = mul(y, spread(scale));
      if (offset) y = add(y, spread(offset));
    }
    const dtype = inputs.x?.dtype ?? "float32";
    return dtype === "float32" ? y : cast(y, dtype);
  });

/** The gradients of that, which TensorFlow.js's own cannot give. */
function gradientsAcross(dy: Tensor, saved: Tensor[], { varianceEpsilon }: Attrs): NamedGradientMap {
  const [x, givenMean, givenVariance, givenScale] = saved as [Tensor, Tensor, Tensor, Tensor | undefined];
  const shape = acrossOf(x, givenMean) as number[];
  const [mean, variance] = [reshape(givenMean, shape), reshape(givenVariance, shape)];
  const scale = givenScale ? reshape(givenScale, acrossOf(x, givenScale) ?? givenScale.shape) : scalar(1);
  const inverse = rsqrt(add(variance, varianceEpsilon));
  const normalized = mul(sub(x, mean), inverse);
  const dx = mul(mul(dy, scale), inverse);
  const axes = [...shape.keys()].filter((axis) => shape[axis] === 1);
  const total = (tensor: Tensor) => reshape(sumOver(tensor, axes), givenMean.shape);
  return {
    x: () => dx,
    mean: () => neg(total(dx)),
    variance: () => mul(total(mul(dx, mul(normalized, inverse))), -0.5),
    scale: () => total(mul(dy, normalized)),
    offset: () => total(dy),
  };
}

/** TensorFlow.js's gradient of FusedBatchNorm, where it has been imported, but for training mode. */
function putTrainingGradient(): void {
  const theirs = getGradient(FusedBatchNorm.name);
  if (!theirs || isOurs(theirs)) return;
  const gradFunc: GradConfig["gradFunc"] = (dy, saved, attrs) => {
    const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor];
    if (acrossOf(x, mean)) return gradientsAcross(dy as Tensor, saved, attrs as unknown as Attrs);
    if (!isTraining({ x, mean, variance })) return theirs.gradFunc(dy, saved, attrs);
    const view = attrsOf({ x, scale }, attrs as unknown as Attrs);
    const outputs = run<object, NormalizationAttrs, void, Tensor[]>(Normalization, { x }, view);
    const [, own, ownVariance, residual] = outputs as [Tensor, Tensor, Tensor, Tensor];
    const compute = isRecording() ? compose : run;
    const inputs = { x, dy: dy as Tensor, mean: own, variance: ownVariance, residual, gamma: scale };
    const [dx, dscale, doffset] = compute(NormalizationGrad, inputs, view) as [Tensor, Tensor, Tensor];
    return {
      x: () => dx,
      scale: () => dscale,
      offset: () => doffset,
      mean: () => zerosLike(mean),
      variance: () => zerosLike(variance),
    };
  };
  putGradient({ ...theirs, gradFunc });
}
