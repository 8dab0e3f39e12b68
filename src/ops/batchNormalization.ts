import { reshape, type Tensor, type Tensor1D, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, viewOf } from "../arguments.js";
import { NormalizationInference } from "../kernels/normalizationInference.js";
import { run } from "../registry/run.js";
import { type ChannelNormalizationConfig, type Normalized, normalize } from "./normalization.js";
import { toOptionalTensor, toTensor } from "./tensors.js";

const op = "batchNormalization";

export interface BatchNormalizationConfig extends ChannelNormalizationConfig {
  /** A mean [C] to normalize by, as at inference; then `variance` is wanted, too. Default: the batch's own. */
  mean?: Tensor | TensorLike;
  /** A variance [C] to normalize by, not negative. */
  variance?: Tensor | TensorLike;
}

/** All numbers of a channel share a mean and a variance. */
function oneSlice(x: Tensor, { axis = -1 }: ChannelNormalizationConfig) {
  const { outer, channels, inner } = viewOf(op, x, axis);
  return { slices: 1, outer, channels, inner, groups: channels };
}

/** The batch, normalized by its own moments, and these moments: [C], the variance biased, without gradients. */
export function normalizeBatch<T extends Tensor>(
  x: T | TensorLike,
  config: ChannelNormalizationConfig = {},
): Normalized<T, Tensor1D> {
  return tidy(() => {
    const { y, mean, variance } = normalize<T>(op, x, config, (numbers) => oneSlice(numbers, config));
    return { y, mean: reshape(mean, [-1]) as Tensor1D, variance: reshape(variance, [-1]) as Tensor1D };
  });
}

/**
 * Normalizes every channel by its mean and variance (Ioffe, Szegedy, "Batch Normalization", arXiv 1502.03167):
 *
 *     y = gamma · (x − E)/√(Var + epsilon) + beta
 *
 * E and the biased Var are taken over all axes but the channels', unless they are given. Gradients flow to x, gamma and beta, and to
 * a given mean and variance. They may be differentiated again.
 *
 * @param x activations, rank 1 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function batchNormalization<T extends Tensor>(x: T | TensorLike, config: BatchNormalizationConfig = {}): T {
  const { mean, variance, axis = -1, epsilon = 1e-3 } = config;
  if (mean === undefined && variance === undefined) {
    return tidy(() => normalize<T>(op, x, config, (numbers) => oneSlice(numbers, config)).y);
  }
  if (mean === undefined || variance === undefined) {
    const [missing, given] = mean === undefined ? ["mean", "variance"] : ["variance", "mean"];
    throw argumentError(op, missing, `be given where ${given} is`, "undefined");
  }
  return tidy(() => {
    const numbers = toTensor(op, "x", x);
    const { outer, channels, inner } = viewOf(op, numbers, axis);
    const inputs = {
      x: numbers,
      mean: toTensor(op, "mean", mean),
      variance: toTensor(op, "variance", variance, { nonNegative: true }),
      gamma: toOptionalTensor(op, "gamma", config.gamma),
      beta: toOptionalTensor(op, "beta", config.beta),
    };
    return run(NormalizationInference, inputs, { outer, channels, inner, epsilon }) as T;
  });
}
