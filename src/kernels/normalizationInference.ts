import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkPerChannel, checkTensor } from "../arguments.js";
import { type KernelPlan, NOT_STREAMED, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import type { BinaryKernel, KernelDeclaration, NamesakeKernel } from "./declaration.js";
import { checkNormalization, type NormalizationInputs, normalizationPlan } from "./normalization.js";

export interface NormalizationInferenceInputs extends NormalizationInputs {
  /** [channels] */
  mean: TensorInfo;
  /** [channels] */
  variance: TensorInfo;
}

export interface NormalizationInferenceGradInputs extends Omit<NormalizationInferenceInputs, "beta"> {
  dy: TensorInfo;
}

/** x is [outer, channels, inner]. */
export interface NormalizationInferenceAttrs {
  outer: number;
  channels: number;
  inner: number;
  epsilon: number;
}

/** Rows of channels that are normalized without a table: its constants, for each channel, would take more time than they save. */
const MAX_DIRECT_ROWS = 16;

export const asOneSlice = ({ outer, channels, inner, epsilon }: NormalizationInferenceAttrs) => {
  return { slices: 1, outer, channels, inner, groups: channels, epsilon };
};

function check(op: string, inputs: NormalizationInferenceInputs, attrs: NormalizationInferenceAttrs): void {
  const { mean, variance } = inputs;
  const perChannel = [attrs.channels];
  checkNormalization(op, inputs, asOneSlice(attrs));
  checkTensor(op, "mean", mean, perChannel);
  checkTensor(op, "variance", variance, perChannel);
}

/** Outputs: the gradients of x (like x), mean, variance, gamma and beta [channels], of Σ dy·y. */
export const NormalizationInferenceGrad: KernelDeclaration<NormalizationInferenceGradInputs, NormalizationInferenceAttrs, void> =
  {
    name: "NormalizationInferenceGrad",
    op: "batchNormalization's gradient",
    check({ dy, ...inputs }, attrs) {
      check(this.op, inputs, attrs);
      checkTensor(this.op, "dy", dy, inputs.x.shape);
    },
  };

/** Normalizes by a given mean and variance, as batch normalization does at inference. Output: y, like x. */
export const NormalizationInference: BinaryKernel<NormalizationInferenceInputs, NormalizationInferenceAttrs, void> = {
  name: "NormalizationInference",
  op: "batchNormalization",
  check(inputs, attrs) {
    check(this.op, inputs, attrs);
  },
  plan(binary, { x, mean, variance, gamma, beta }, attrs): KernelPlan<"x" | "mean" | "variance" | "gamma" | "beta" | "y"> {
    const { outer, channels, inner, epsilon } = attrs;
    const inputs = { gamma, beta, mean, variance };
    if (inner === 1 && outer <= MAX_DIRECT_ROWS) {
      return {
        ...NOT_STREAMED,
        inputs: { gamma, beta, mean, variance, x },
        outputs: { y: x.shape },
        passes: [
          wholePass(({ x, mean, variance, gamma, beta, y }) => {
            binary.norm_inference_apply(x, mean, variance, gamma, beta, y, outer, channels, epsilon);
          }),
        ],
      };
    }
    const shared = normalizationPlan(binary, { gamma, beta }, asOneSlice(attrs));
    return {
      ...shared,
      inputs,
      streamedInputs: { x },
      streamedOutputs: { y: x.shape },
      prepare(at) {
        shared.prepare(at);
        binary.norm_inference_prepare(at.table, at.mean, at.variance);
      },
      passes: [parallelPass(binary, "norm_apply", ["x", "y"])],
    };
  },
  gradient: {
    kernel: NormalizationInferenceGrad,
    savedInputs: ["x", "mean", "variance", "gamma"],
    gradients: ["x", "mean", "variance", "gamma", "beta"],
    ones: { gamma: (_: NormalizationInferenceInputs, { channels }: NormalizationInferenceAttrs) => [channels] },
  },
};

interface FusedBatchNormInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo;
  offset?: TensorInfo;
}

/** Numbers in x up to which TensorFlow.js's kernel, which does nothing but its loop, is done before ours has begun. */
const MAX_THEIRS = 192;

/** The same under the name, and with the arguments, that tf.batchNorm knows; mean and variance [C], any epsilon. */
export const FusedBatchNorm: NamesakeKernel<FusedBatchNormInputs, { varianceEpsilon: number }, NormalizationInferenceAttrs> = {
  name: "FusedBatchNorm",
  op: "batchNorm",
  check({ x, mean, variance, scale, offset }, { varianceEpsilon }) {
    const channels = x.shape.at(-1) ?? 1;
    checkFloat32(this.op, "x", x);
    checkPerChannel(this.op, "mean", mean, channels);
    checkPerChannel(this.op, "variance", variance, channels);
    checkPerChannel(this.op, "scale", scale, channels);
    checkPerChannel(this.op, "offset", offset, channels);
    return { outer: sizeOf(x.shape, 0, x.shape.length - 1), channels, inner: 1, epsilon: varianceEpsilon };
  },
  plan: (binary, { x, mean, variance, scale: gamma, offset: beta }, _, attrs) =>
    NormalizationInference.plan(binary, { x, gamma, beta, mean, variance }, attrs, undefined),
  dtypeOf: "x",
  // TensorFlow.js also takes a mean and variance of x's shape, or one that is repeated along it.
  theirsTakes({ x, mean, variance, scale = mean, offset = mean }) {
    const isEmpty = ({ shape }: TensorInfo) => sizeOf(shape) === 0;
    return isEmpty(x) || !(isEmpty(mean) || isEmpty(variance) || isEmpty(scale) || isEmpty(offset));
  },
  theirsIsFaster: ({ x }) => sizeOf(x.shape) <= MAX_THEIRS,
};
