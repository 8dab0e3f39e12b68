import {
  broadcastTo,
  cast,
  fill,
  greater,
  min,
  randomUniform,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type TensorLike,
  tidy,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkCount,
  checkEpsilon,
  checkGammaAndBeta,
  checkNonNegativeInteger,
  normalizeAxis,
  viewOf,
} from "../arguments.js";
import { MixtureNorm as kernel } from "../kernels/mixtureNorm.js";
import { MixtureNormEStep } from "../kernels/mixtureNormEStep.js";
import { MixtureNormKMeansInit } from "../kernels/mixtureNormKMeansInit.js";
import { run } from "../registry/run.js";
import { unrecorded } from "../tensorflow/tape.js";
import { toOptionalTensor, toTensor, withAxesLast } from "./tensors.js";

/** A mixture over the C-vectors of a tensor. */
export interface VectorMixture {
  /** [K], not negative; it should sum to 1. */
  prior: Tensor | TensorLike;
  /** [K, C] */
  mean: Tensor | TensorLike;
  /** [K, C], not negative. */
  variance: Tensor | TensorLike;
}

/** Options of {@link mixtureNormalization}. */
export interface MixtureNormalizationConfig {
  /** K. Default 3. */
  numComponents?: number;
  /** EM steps after the start, before the responsibilities are taken. Default 2. */
  emSteps?: number;
  /** Seed of the k-means++ start, an integer. Default: another start in every call. */
  seed?: number | undefined;
  /** The channel axis of x. Default −1, the last, which is the fastest. */
  axis?: number;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
  /** Multiplied with the normalized activations, [C]. Default: none. */
  gamma?: Tensor | TensorLike | undefined;
  /** Added to them, [C]. Default: none. */
  beta?: Tensor | TensorLike | undefined;
  /** Inference: this mixture instead of one that is fitted. numComponents, emSteps and seed are not used then. */
  mixture?: VectorMixture | undefined;
}

/** A normalized batch and its mixture. Inference uses moving averages of such mixtures. */
export interface FittedMixtureNormalization<T extends Tensor> {
  y: T;
  /** [K], without gradients. */
  prior: Tensor1D;
  /** [K, C], without gradients. */
  mean: Tensor2D;
  /** [K, C], without gradients. */
  variance: Tensor2D;
}

interface Rows {
  x: Tensor2D;
  gamma: Tensor | undefined;
  beta: Tensor | undefined;
  epsilon: number;
  /** A tensor like the one they came from as rows. */
  rowsOf(tensor: Tensor): Tensor2D;
  /** Rows again as a tensor like the one they came from. */
  restore(rows: Tensor): Tensor;
}

/** x, a tensor with a channel axis anywhere, as [N, C]. */
function rowsOf(given: Tensor | TensorLike, config: MixtureNormalizationConfig): Rows {
  const { op } = kernel;
  const { axis = -1, epsilon = 1e-3 } = config;
  const x = toTensor(op, "x", given);
  const { channels, size } = viewOf(op, x, axis);
  checkEpsilon(op, epsilon);
  const gamma = toOptionalTensor(op, "gamma", config.gamma);
  const beta = toOptionalTensor(op, "beta", config.beta);
  checkGammaAndBeta(op, { gamma, beta }, channels);
  const axes = [normalizeAxis(op, axis, x.rank)];
  const { moved, restore } = withAxesLast(x, axes);
  const toRows = (tensor: Tensor): Tensor2D => reshape(tensor, [size / channels, channels]);
  return {
    x: toRows(moved),
    gamma,
    beta,
    epsilon,
    rowsOf: (tensor) => toRows(withAxesLast(tensor, axes).moved),
    restore: (rows) => restore(reshape(rows, moved.shape)),
  };
}

/** The prior, mean and variance that EM starts from. */
export function kmeansInit(x: Tensor, components: number, seed?: number): Tensor[] {
  // Below 1 in float32, too.
  const draws = randomUniform([components], 0, 1 - 2 ** -24, "float32", seed);
  return run(MixtureNormKMeansInit, { x, draws }, {});
}

/** The responsibilities after `steps` EM steps, and the mixture that they give. */
function fitted({ x, epsilon }: Rows, components: number, steps: number, seed?: number) {
  let [prior, mean, variance] = kmeansInit(x, components, seed) as [Tensor, Tensor, Tensor];
  for (let step = 0; ; step++) {
    const outputs = run(MixtureNormEStep, { x, prior, mean, variance }, { epsilon, moments: true });
    const [nu, ...next] = outputs as [Tensor, Tensor1D, Tensor2D, Tensor2D];
    if (step === steps) return { nu, prior: next[0], mean: next[1], variance: next[2] };
    nu.dispose();
    [prior, mean, variance] = next;
  }
}

/**
 * y of rows, like the tensor that they came from, with gradients of x, gamma and beta.
 *
 * @param constants the responsibilities and the mixture, which were computed unrecorded
 * @param batch whether the mixture is the rows' own, so that the gradient of x goes through it
 */
function normalizeRows<T extends Tensor>(
  { x, gamma, beta, epsilon, restore }: Rows,
  constants: Record<"nu" | keyof VectorMixture, Tensor>,
  batch: boolean,
): T {
  return restore(run(kernel, { x, ...constants, gamma, beta }, { epsilon, batch }) as Tensor) as T;
}

/** The responsibilities of a given mixture, unrecorded. */
function responsibilitiesOf(x: Tensor, mixture: Record<keyof VectorMixture, Tensor>, epsilon: number): Tensor {
  return unrecorded(() => run(MixtureNormEStep, { x, ...mixture }, { epsilon, moments: false }) as Tensor);
}

/** What {@link fitMixtureNormalization} takes. */
export interface FitConfig extends Omit<MixtureNormalizationConfig, "mixture"> {
  /**
   * Like x, 0 where activations do not count: a row with such a one has no part in the fit, nor in its gradients, and is normalized
   * by the mixture of the others. Default: all count.
   */
  counted?: Tensor | undefined;
}

/**
 * Mixture normalization of a batch, by a mixture that is fitted to it, and that mixture.
 *
 * @throws as mixtureNormalization does
 */
export function fitMixtureNormalization<T extends Tensor>(
  x: T | TensorLike,
  config: FitConfig = {},
): FittedMixtureNormalization<T> {
  return tidy(kernel.op, () => {
    const { op } = kernel;
    const { numComponents = 3, emSteps = 2, seed, counted } = config;
    checkCount(op, "numComponents", numComponents);
    checkNonNegativeInteger(op, "emSteps", emSteps);
    if (seed !== undefined && !Number.isInteger(seed)) throw argumentError(op, "seed", "be an integer", String(seed));
    const rows = rowsOf(x, config);
    if (!counted) {
      const { nu, ...mixture } = unrecorded(() => fitted(rows, numComponents, emSteps, seed));
      return { y: normalizeRows<T>(rows, { nu, ...mixture }, true), ...mixture };
    }
    // EM leaves rows out that are NaN, which is not uploaded: TensorFlow.js's debug mode refuses that. Their responsibilities are 0 then, and so is their part in every gradient.
    const counts = greater(min(rows.rowsOf(counted), 1, true), 0);
    const countedRows = { ...rows, x: where(counts, rows.x, fill([1, 1], Number.NaN)) as Tensor2D };
    const { nu, ...mixture } = unrecorded(() => fitted(countedRows, numComponents, emSteps, seed));
    const own = normalizeRows<T>(rows, { nu: where(counts, nu, zerosLike(nu)), ...mixture }, true);
    const others = normalizeRows<T>(rows, { nu: responsibilitiesOf(rows.x, mixture, rows.epsilon), ...mixture }, false);
    const places = rows.restore(broadcastTo(cast(counts, "float32"), rows.x.shape));
    return { y: where(greater(places, 0), own, others) as T, ...mixture };
  });
}

/**
 * Normalizes activations by a mixture over their channel vectors (Kalayeh, Shah, "Training Faster by Separating Modes of Variation
 * in Batch-normalized Models", arXiv 1806.02892). The rows are the C-vectors x_i along the channel axis. K diagonal Gaussians are
 * fitted to them: a k-means++ start on at most 1,024 rows, evenly spread, and a few EM steps. With the responsibilities ν_k(x_i),
 * their shares λ_k of the rows, and the means E_k and variances Var_k of the rows that weigh ν_k:
 *
 *     y = gamma · Σ_k ν_k/√λ_k · (x − E_k)/√(Var_k + epsilon) + beta
 *
 * One component is batch normalization. At inference `mixture` gives λ, E and Var, and ν follows from it.
 *
 * Gradients flow to x, gamma and beta. They may be differentiated again. Responsibilities are constants in them; E_k and Var_k are
 * not, unless they are given.
 *
 * A responsibility below 2^-64 of its row's largest is 0. A variance (with epsilon) below 2^-40 is raised to 2^-40, a prior below
 * 2^-126 to 2^-126. A component without mass has a share of 0, and keeps a finite mean and variance. A row with a number that is not
 * finite gives NaN in y and in x's gradient, and has no other effect.
 *
 * @param x activations, rank 1 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function mixtureNormalization<T extends Tensor>(x: T | TensorLike, config: MixtureNormalizationConfig = {}): T {
  return tidy(kernel.op, () => {
    const { op } = kernel;
    const { mixture } = config;
    if (!mixture) return fitMixtureNormalization(x, config).y;
    const rows = rowsOf(x, config);
    const given = {
      prior: toTensor(op, "prior", mixture.prior, { nonNegative: true }),
      mean: toTensor(op, "mean", mixture.mean),
      variance: toTensor(op, "variance", mixture.variance, { nonNegative: true }),
    };
    const constants = unrecorded(() => ({
      prior: given.prior.clone(),
      mean: given.mean.clone(),
      variance: given.variance.clone(),
    }));
    const nu = responsibilitiesOf(rows.x, constants, rows.epsilon);
    return normalizeRows<T>(rows, { nu, ...constants }, false);
  });
}
