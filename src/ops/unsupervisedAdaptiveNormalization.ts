import { fill, mul, type Tensor, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, checkChoice, checkPerChannel, type NormAttrs } from "../arguments.js";
import { COMPONENT_WEIGHTS } from "../kernels/batchMomentsNorm.js";
import { StandardizedMixtureNorm } from "../kernels/standardizedMixtureNorm.js";
import { UnsupervisedAdaptiveNorm as kernel } from "../kernels/unsupervisedAdaptiveNorm.js";
import { run } from "../registry/run.js";
import { type MixtureConfig, mixtureTensors } from "./mixture.js";
import { byBatchMoments } from "./mixtureByBatchMoments.js";
import { type PriorConfig, type PriorMoments, priorMassOf } from "./shrinkage.js";
import { toOptionalTensor, toTensor } from "./tensors.js";

export const MOMENTS = ["learned", "batch"] as const;
export const OUTPUT_SCALES = ["none", "components"] as const;

export interface UnsupervisedAdaptiveNormalizationConfig extends MixtureConfig, PriorConfig {
  /** Multiplied with the normalized activations, [C]. Default: none. */
  gamma?: Tensor | TensorLike;
  /** Added to them, [C]. Default: none. */
  beta?: Tensor | TensorLike;
  /** "uan" (default), the paper's, or "ucb", that of the authors' published Keras layer. */
  formula?: NormAttrs["formula"];
  /** Whether the batch's mean and variance are taken out first, as batch normalization does. Default false. */
  standardize?: boolean;
  /** What is subtracted and divided by: the mixture's means and variances ("learned", default), or the batch's ("batch"). */
  moments?: (typeof MOMENTS)[number];
  /** With moments "batch", the weight of a component: 1 ("equal", default) or 1/√prior ("prior"). */
  componentWeights?: (typeof COMPONENT_WEIGHTS)[number];
  /** What the batch's moments are shrunk toward where priorMass is not 0: [C] with standardize, [K, C] with moments "batch". */
  movingMean?: Tensor | TensorLike;
  /** Not negative, like movingMean. */
  movingVariance?: Tensor | TensorLike;
  /** "components": the normalized activations are multiplied by 1/√K. Default "none". */
  outputScale?: (typeof OUTPUT_SCALES)[number];
}

/**
 * Normalizes activations with a univariate Gaussian mixture for each channel (Faye, Azzag, Lebbah, Feng, "UAN: Unsupervised
 * Adaptive Normalization", IJCNN 2024).
 *
 * With v_k = variance_k + epsilon and the responsibilities τ = softmax over k of (log prior_k − ½ log v_k − (x − mean_k)²/(2 v_k)):
 *
 *     y = gamma · Σ_k τ_k (x − mean_k)/√(prior_k v_k) + beta
 *
 * One component is batch normalization's inference. Gradients flow to x, mean, variance, prior, gamma and beta. They may be
 * differentiated again. A variance (with epsilon) below 2^-40 is raised to 2^-40, a prior below 2^-126 to 2^-126. A NaN or infinite
 * activation gives NaN or infinity at its own position only.
 *
 * The formula "ucb" is what the authors' published Keras layer, UCBNorm, computes in inference. It does not use the prior, whose
 * gradient is 0, and takes activations far from every component to beta:
 *
 *     p_k = exp(−(x − mean_k)²/(2 v_k))
 *     y = gamma · Σ_k p_k/(Σ_j p_j + epsilon) · (x − mean_k)/√((1 + epsilon) v_k) + beta
 *
 * With standardize, x is (x − E)/√(V + epsilon) in all of this, of the batch's mean and variance, shrunk by the prior mass toward moving
 * ones (docs/math.md, section 2.5). With moments "batch" (section 2.7), the mixture gives the responsibilities alone, and
 *
 *     y = gamma · Σ_k τ_k w_k (x − E_k)/√(V_k + epsilon) + beta
 *
 * of the mean E_k and the variance V_k of the batch's activations, each weighted with τ_k, and shrunk in the same way.
 *
 * An epsilon below 2^-96, such as 0, is left out of its denominator: an activation far from every component then follows the one that
 * is the fewest deviations away.
 *
 * @param x activations, rank 1 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @param mean [K, C]
 * @param variance [K, C], not negative
 * @param prior [K] or [K, 1], not negative; it should sum to 1
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function unsupervisedAdaptiveNormalization<T extends Tensor>(
  x: T | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: UnsupervisedAdaptiveNormalizationConfig = {},
): T {
  return tidy(kernel.op, () => normalizedBy(x, mean, variance, prior, config, false).y as T);
}

/** Of the batch, without gradient: [C] with standardize, [K, C] and with their mass with moments "batch". */
export type Fitted = { y: Tensor; mass?: Tensor; mean?: Tensor; variance?: Tensor };

/** {@link unsupervisedAdaptiveNormalization}, and the batch's own moments where it takes any. */
export function fitUnsupervisedAdaptiveNormalization(
  x: Tensor | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: UnsupervisedAdaptiveNormalizationConfig = {},
): Fitted {
  return normalizedBy(x, mean, variance, prior, config, true);
}

/** @param isFit whether the batch's own moments are wanted, even where they have no part in y */
function normalizedBy(
  x: Tensor | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: UnsupervisedAdaptiveNormalizationConfig,
  isFit: boolean,
): Fitted {
  const { op } = kernel;
  const { axis = -1, epsilon = 1e-3, formula, standardize = false, moments = "learned" } = config;
  const { componentWeights = "equal", outputScale = "none" } = config;
  checkChoice(op, "moments", moments, MOMENTS);
  checkChoice(op, "componentWeights", componentWeights, COMPONENT_WEIGHTS);
  checkChoice(op, "outputScale", outputScale, OUTPUT_SCALES);
  const byBatch = moments === "batch";
  if (byBatch && standardize) throw argumentError(op, "standardize", "be false where moments is 'batch'", "true");
  if (byBatch && formula === "ucb") throw argumentError(op, "formula", "be 'uan' where moments is 'batch'", "'ucb'");
  return tidy(op, () => {
    const tensors = mixtureTensors(op, x, mean, variance, prior);
    const gamma = scaledGamma(toOptionalTensor(op, "gamma", config.gamma), tensors.mean, outputScale);
    const inputs = { ...tensors, gamma, beta: toOptionalTensor(op, "beta", config.beta) };
    if (byBatch) {
      const inference = !isFit && config.priorMass === Number.POSITIVE_INFINITY;
      return byBatchMoments(inputs, { axis, epsilon, componentWeights, inference }, priorOf(op, config));
    }
    const attrs = { axis, epsilon, formula };
    if (!standardize) return { y: run(kernel, inputs, attrs) as Tensor };
    const moving = priorOf(op, config);
    const channels = tensors.mean.shape[1] as number;
    checkPerChannel(op, "movingMean", moving?.mean, channels);
    checkPerChannel(op, "movingVariance", moving?.variance, channels);
    const shrunk = { ...inputs, priorMean: moving?.mean, priorVariance: moving?.variance, priorMass: moving?.mass };
    const [y, own, spread] = run(StandardizedMixtureNorm, shrunk, attrs) as [Tensor, Tensor, Tensor];
    return { y, mean: own, variance: spread };
  });
}

/** gamma, times 1/√K where the output is scaled by it. */
function scaledGamma(gamma: Tensor | undefined, { shape: [components = 1, channels = 1] }: Tensor, scale: string) {
  if (scale === "none") return gamma;
  const factor = 1 / Math.sqrt(components);
  return gamma ? mul(gamma, factor) : fill([channels], factor);
}

/** What the batch's moments are shrunk toward, if anything. */
function priorOf(op: string, config: UnsupervisedAdaptiveNormalizationConfig): PriorMoments | undefined {
  const mass = priorMassOf(op, config.priorMass);
  if (!mass) return undefined;
  const { movingMean, movingVariance } = config;
  if (movingMean === undefined) throw argumentError(op, "movingMean", "be given where priorMass is not 0", "undefined");
  if (movingVariance === undefined) throw argumentError(op, "movingVariance", "be given where priorMass is not 0", "undefined");
  const mean = toTensor(op, "movingMean", movingMean);
  return { mass, mean, variance: toTensor(op, "movingVariance", movingVariance, { nonNegative: true }) };
}
