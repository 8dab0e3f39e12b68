import {
  customGrad,
  ones,
  randomUniform,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type TensorLike,
  tidy,
  zeros,
} from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkCount,
  checkEpsilon,
  checkNonNegativeInteger,
  checkPerChannel,
  normalizeAxis,
  viewOf,
} from "../arguments.js";
import { MixtureNorm as kernel } from "../kernels/mixtureNorm.js";
import { MixtureNormFit } from "../kernels/mixtureNormEStep.js";
import { MixtureNormGrad } from "../kernels/mixtureNormGrad.js";
import { MixtureNormStart } from "../kernels/mixtureNormKMeansInit.js";
import { isRecording, unrecorded } from "../registry/gradients.js";
import { compose, run } from "../registry/run.js";
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

export interface MixtureNormalizationConfig {
  /** K. Default 3. */
  numComponents?: number;
  /** EM steps after the start, before the responsibilities are taken. Default 2. */
  emSteps?: number;
  /** An integer that the start's seeds are drawn by. Default: others in every call. */
  seed?: number | undefined;
  /** The channel axis of x. Default −1, the last, which is the fastest. */
  axis?: number;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
  /** Multiplied with the normalized activations, [C]. Default: none. */
  gamma?: Tensor | TensorLike | undefined;
  /** Added to them, [C]. Default: none. */
  beta?: Tensor | TensorLike | undefined;
  /** Inference: this mixture instead of one that is fitted; numComponents, emSteps and seed are not used then. */
  mixture?: VectorMixture | undefined;
}

/** What a batch was normalized with. Moving averages of the mixture are what inference wants. */
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
  gamma: Tensor;
  beta: Tensor;
  epsilon: number;
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
  const gamma = toOptionalTensor(op, "gamma", config.gamma) ?? ones([channels]);
  const beta = toOptionalTensor(op, "beta", config.beta) ?? zeros([channels]);
  checkPerChannel(op, "gamma", gamma, channels);
  checkPerChannel(op, "beta", beta, channels);
  const { moved, restore } = withAxesLast(x, [normalizeAxis(op, axis, x.rank)]);
  return {
    x: reshape(moved, [size / channels, channels]),
    gamma,
    beta,
    epsilon,
    restore: (rows) => restore(reshape(rows, moved.shape)),
  };
}

/** prior, mean and variance that EM starts from. */
export function startMixture(x: Tensor, components: number, seed?: number): Tensor[] {
  // Below 1 in float32, too.
  const draws = randomUniform([components], 0, 1 - 2 ** -24, "float32", seed);
  return run(MixtureNormStart, { x, draws }, {});
}

/** The responsibilities that y is made with, after `steps` EM steps, and the moments by them. */
function fitted({ x, epsilon }: Rows, components: number, steps: number, seed?: number) {
  let [prior, mean, variance] = startMixture(x, components, seed) as [Tensor, Tensor, Tensor];
  for (let step = 0; ; step++) {
    const outputs = run(MixtureNormFit, { x, prior, mean, variance }, { epsilon, moments: true });
    const [nu, ...next] = outputs as [Tensor, Tensor1D, Tensor2D, Tensor2D];
    if (step === steps) return { nu, prior: next[0], mean: next[1], variance: next[2] };
    nu.dispose();
    [prior, mean, variance] = next;
  }
}

/** y of rows, with gradients to x, gamma and beta; the responsibilities are constants, and without `batch` so is the mixture. */
function normalizeRows(
  { x, gamma, beta, epsilon }: Rows,
  nu: Tensor,
  mixture: Record<keyof VectorMixture, Tensor>,
  batch: boolean,
) {
  const { prior, mean, variance } = mixture;
  return customGrad((...args) => {
    const [x, gamma, beta, save] = args as unknown as [Tensor, Tensor, Tensor, (tensors: Tensor[]) => void];
    save([x, gamma, nu, prior, mean, variance]);
    return {
      value: run(kernel, { x, nu, prior, mean, variance, gamma, beta }, { epsilon }) as Tensor,
      gradFunc: (dy, saved) => {
        const [x, gamma, nu, prior, mean, variance] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
        // The fused kernel has no gradient of its own; the operations it stands for have.
        const compute = isRecording() ? compose : run;
        const inputs = { x, dy: dy as Tensor, nu, prior, mean, variance, gamma };
        return compute(MixtureNormGrad, inputs, { epsilon, batch }) as Tensor[];
      },
    };
  })(x, gamma, beta);
}

/**
 * Mixture normalization of a batch, by a mixture that is fitted to it, and that mixture.
 *
 * @param config as {@link mixtureNormalization} has it, but `mixture`
 * @throws as mixtureNormalization does
 */
export function fitMixtureNormalization<T extends Tensor>(
  x: T | TensorLike,
  config: Omit<MixtureNormalizationConfig, "mixture"> = {},
): FittedMixtureNormalization<T> {
  return tidy(kernel.op, () => {
    const { op } = kernel;
    const { numComponents = 3, emSteps = 2, seed } = config;
    checkCount(op, "numComponents", numComponents);
    checkNonNegativeInteger(op, "emSteps", emSteps);
    if (seed !== undefined && !Number.isInteger(seed)) throw argumentError(op, "seed", "be an integer", String(seed));
    const rows = rowsOf(x, config);
    const { nu, ...mixture } = unrecorded(() => fitted(rows, numComponents, emSteps, seed));
    return { y: rows.restore(normalizeRows(rows, nu, mixture, true)) as T, ...mixture };
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
 * One component is batch normalization. Given `mixture`, that takes the place of λ, E and Var, and ν is by it: inference.
 *
 * Gradients flow to x, gamma and beta, and may be differentiated once more. Responsibilities count as constants in them; E_k and
 * Var_k do not, unless they are given.
 *
 * A responsibility below 2^-64 of its row's largest is none; a variance (with epsilon) below 2^-40 or a prior below 2^-126 counts
 * as that. A component without mass has a share of 0, and keeps a finite mean and variance. A row with a number that is not finite
 * gives NaN, in y and in x's gradient, and counts for nothing else.
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
    const nu = unrecorded(
      () => run(MixtureNormFit, { x: rows.x, ...given }, { epsilon: rows.epsilon, moments: false }) as Tensor,
    );
    return rows.restore(normalizeRows(rows, nu, given, false)) as T;
  });
}
