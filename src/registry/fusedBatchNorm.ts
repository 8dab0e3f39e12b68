import {
  cast,
  type GradConfig,
  getGradient,
  type KernelFunc,
  type NamedTensorInfoMap,
  type Tensor,
  type TensorInfo,
  tidy,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { Normalization, type NormalizationAttrs, NormalizationGrad } from "../kernels/normalization.js";
import { FusedBatchNorm } from "../kernels/normalizationInference.js";
import { sizeOf } from "../launch/plan.js";
import { isRecording } from "../tensorflow/tape.js";
import { castToFloat32 } from "./casts.js";
import { isOurs, putGradient } from "./copies.js";
import { compose, run } from "./run.js";

// TensorFlow's FusedBatchNorm in training mode, on every backend. A graph model calls tf.batchNorm for it with a mean and variance of
// no entries, and means the batch's own; TensorFlow.js's kernels make NaN or infinities of them, or throw. What Keras 2 makes of
// LayerNormalization is such a call. Its data format, NHWC or NCHW, does not reach tf.batchNorm: the length of scale tells the axis.

/** tf.batchNorm's inputs, and those that tell the axis of the channels. */
type Inputs = Record<"x" | "mean" | "variance", TensorInfo>;
type PerChannel<T> = { x: T; scale?: T | undefined; offset?: T | undefined };
type Attrs = { varianceEpsilon: number };

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

/** A kernel for tf.batchNorm that computes training mode, too. @param inference the kernel for all other calls */
export const withTraining =
  (inference: KernelFunc): KernelFunc =>
  (call) =>
    (isTraining(call.inputs) ? normalizeByOwnMoments : inference)(call);

/** TensorFlow.js's gradient of FusedBatchNorm, where it has been imported, but for training mode. */
function putTrainingGradient(): void {
  const theirs = getGradient(FusedBatchNorm.name);
  if (!theirs || isOurs(theirs)) return;
  const gradFunc: GradConfig["gradFunc"] = (dy, saved, attrs) => {
    const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor];
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
