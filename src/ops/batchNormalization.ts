import { reshape, type Tensor, type Tensor1D, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, checkPerChannel, viewOf } from "../arguments.js";
import { NormalizationInference } from "../kernels/normalizationInference.js";
import { ShrunkNormalization } from "../kernels/shrunkNormalization.js";
import { run } from "../registry/run.js";
import { type ChannelNormalizationConfig, type Normalized, normalize } from "./normalization.js";
import { type PriorConfig, priorMassOf } from "./shrinkage.js";
import { toOptionalTensor, toTensor } from "./tensors.js";

const op = "batchNormalization";

export interface BatchNormalizationConfig extends ChannelNormalizationConfig, PriorConfig {
  /**
   * A mean [C] to normalize by, as at inference; then `variance` is wanted, too. Default: the batch's own. With a prior mass: the
   * moving mean, toward which the batch's is shrunk.
   */
  mean?: Tensor | TensorLike;
  /** A variance [C] to normalize by, not negative. */
  variance?: Tensor | TensorLike;
}

/** Options of {@link normalizeBatch}. */
interface BatchConfig extends ChannelNormalizationConfig, PriorConfig {
  movingMean?: Tensor;
  movingVariance?: Tensor;
}

/** All numbers of a channel share a mean and a variance. */
function oneSlice(x: Tensor, { axis = -1 }: ChannelNormalizationConfig) {
  const { outer, channels, inner } = viewOf(op, x, axis);
  return { slices: 1, outer, channels, inner, groups: channels };
}

/** What kernels take that normalize x as one slice, but for means and variances. */
function oneSliceCall(x: Tensor | TensorLike, config: ChannelNormalizationConfig) {
  const { axis = -1, epsilon = 1e-3 } = config;
  const numbers = toTensor(op, "x", x);
  const { outer, channels, inner } = viewOf(op, numbers, axis);
  const gamma = toOptionalTensor(op, "gamma", config.gamma);
  const beta = toOptionalTensor(op, "beta", config.beta);
  return { inputs: { x: numbers, gamma, beta }, attrs: { outer, channels, inner, epsilon } };
}

/**
 * The batch, normalized by its own moments, which are shrunk toward moving ones where there is a prior mass, and its own moments: [C],
 * the variance biased, without gradients.
 */
export function normalizeBatch<T extends Tensor>(x: T | TensorLike, config: BatchConfig = {}): Normalized<T, Tensor1D> {
  const { movingMean, movingVariance } = config;
  return tidy(() => {
    const mass = priorMassOf(op, config.priorMass);
    if (mass && movingMean && movingVariance) {
      const { inputs, attrs } = oneSliceCall(x, config);
      checkPerChannel(op, "mean", movingMean, attrs.channels);
      checkPerChannel(op, "variance", movingVariance, attrs.channels);
      const prior = { priorMean: movingMean, priorVariance: movingVariance, priorMass: mass };
      const [y, mean, variance] = run(ShrunkNormalization, { ...inputs, ...prior }, attrs) as [T, Tensor1D, Tensor1D];
      return { y, mean, variance };
    }
    const { y, mean, variance } = normalize<T>(op, x, config, (numbers) => oneSlice(numbers, config));
    return { y, mean: reshape(mean, [-1]) as Tensor1D, variance: reshape(variance, [-1]) as Tensor1D };
  });
}

/**
 * Normalizes every channel by its mean and variance (Ioffe, Szegedy, "Batch Normalization", arXiv 1502.03167):
 *
 *     y = gamma · (x − E)/√(Var + epsilon) + beta
 *
 * E and the biased Var are taken over all axes but the channels', unless they are given. With a prior mass they are the batch's,
 * shrunk toward the given ones (docs/math.md, section 2.5), and nothing flows to those. Gradients flow to x, gamma and beta, and to
 * a given mean and variance. They may be differentiated again.
 *
 * @param x activations, rank 1 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function batchNormalization<T extends Tensor>(x: T | TensorLike, config: BatchNormalizationConfig = {}): T {
  const { mean, variance, priorMass = 0 } = config;
  if (mean === undefined && variance === undefined && priorMass === 0) {
    return tidy(() => normalize<T>(op, x, config, (numbers) => oneSlice(numbers, config)).y);
  }
  if (mean === undefined || variance === undefined) {
    const [missing, given] = mean === undefined ? ["mean", "variance"] : ["variance", "mean"];
    throw argumentError(op, missing, `be given where ${priorMass === 0 ? given : "priorMass"} is`, "undefined");
  }
  if (priorMass !== 0) {
    return tidy(() => {
      const movingMean = toTensor(op, "mean", mean);
      const movingVariance = toTensor(op, "variance", variance, { nonNegative: true });
      return normalizeBatch<T>(x, { ...config, movingMean, movingVariance }).y;
    });
  }
  return tidy(() => {
    const { inputs, attrs } = oneSliceCall(x, config);
    const given = {
      mean: toTensor(op, "mean", mean),
      variance: toTensor(op, "variance", variance, { nonNegative: true }),
    };
    return run(NormalizationInference, { ...inputs, ...given }, attrs) as T;
  });
}
