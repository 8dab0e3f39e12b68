import {
  add,
  clone,
  div,
  greaterEqual,
  less,
  maximum,
  mul,
  reshape,
  rsqrt,
  square,
  sub,
  type Tensor,
  type Tensor3D,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { View } from "../arguments.js";
import { MAX_FLOAT32 } from "../constants.js";
import { unrecorded } from "../tensorflow/tape.js";
import { meanOver, sumOver } from "./sums.js";

// Moments of a batch, shrunk toward moving moments by a prior mass (docs/math.md, section 2.5).

/** A mean and a variance, of any one shape. */
export interface Moments {
  mean: Tensor;
  variance: Tensor;
}

/** What the batch's moments are shrunk toward. */
export interface PriorMoments extends Moments {
  /** Activations' worth of trust in them, a scalar. The largest float32 stands for Infinity. */
  mass: Tensor;
}

/** The prior as inputs of a kernel. */
export interface PriorTensors {
  priorMean?: Tensor | undefined;
  priorVariance?: Tensor | undefined;
  /** One number, or one for each channel, as they broadcast. */
  priorMass?: Tensor | undefined;
}

/**
 * The prior's share m/(n + m), where the batch's is `share`. A GPU's n/n need not be 1: the smaller part is not what the larger one
 * leaves, so that a prior without mass counts for nothing, however far away it is.
 */
export function restOf(share: Tensor, count: number | Tensor, mass: Tensor): Tensor {
  const isSmall = unrecorded(() => less(mass, count));
  return where(isSmall, div(mass, maximum(add(mass, count), 1e-30)), sub(1, share));
}

/**
 * The mean and variance of `count` activations and of as many of the prior's as its mass says:
 *
 *     a = n/(n + m)    E = Ē + a (E_B − Ē)    V = a (V_B + (E_B − E)²) + (1 − a)(V̄ + (Ē − E)²)
 *
 * @param count a number, or a tensor of the moments' shape
 */
export function shrunk(batch: Moments, count: number | Tensor, prior: PriorMoments | undefined): Moments {
  if (!prior) return batch;
  // The prior is a constant to the gradient.
  const [center, spread, mass] = unrecorded(() => [clone(prior.mean), clone(prior.variance), clone(prior.mass)] as const);
  // Nothing divides by 0 where there is neither an activation nor a prior.
  const share = div(count, maximum(add(mass, count), 1e-30));
  const mean = add(center, mul(share, sub(batch.mean, center)));
  const ofBatch = mul(share, add(batch.variance, square(sub(batch.mean, mean))));
  const ofPrior = mul(restOf(share, count, mass), add(spread, square(sub(center, mean))));
  return { mean, variance: add(ofBatch, ofPrior) };
}

const ACTIVATIONS = [0, 2];

/** x as [outer, channels, inner] with a mean and a variance taken out, and all about these, [1, channels, 1]. */
export interface Standardized {
  z: Tensor3D;
  /** 1/√(V + ε) */
  scale: Tensor;
  own: Moments;
  mean: Tensor;
  variance: Tensor;
  /** What the mean lost when it was rounded. */
  residual: Tensor;
  /** Makes of sums over the batch what flows through the mean and the variance: Σ/(n + m). */
  perMass(sum: Tensor): Tensor;
}

/** Takes the batch's mean and variance out of x, shrunk toward the prior's if there is one. */
export function standardize(
  x: Tensor,
  { priorMean, priorVariance, priorMass }: PriorTensors,
  { outer, channels, inner }: View,
  epsilon: number,
): Standardized {
  const numbers = reshape(x, [outer, channels, inner]);
  const count = outer * inner;
  const prior =
    priorMean && priorVariance && priorMass
      ? unrecorded(() => {
          const [mean, variance] = [priorMean, priorVariance].map((tensor) => reshape(tensor, [1, channels, 1]));
          const share = div(count, add(priorMass, count));
          const rest = restOf(share, count, priorMass);
          return { mean: mean as Tensor, variance: variance as Tensor, share, rest, isAll: greaterEqual(priorMass, MAX_FLOAT32) };
        })
      : undefined;
  // If all is the prior's, the batch counts for nothing, not even if it has NaN.
  const pivot = unrecorded(() => {
    const rounded = meanOver(numbers, ACTIVATIONS);
    return prior ? where(prior.isAll, prior.mean, rounded) : rounded;
  });
  const deviations = sub(numbers, pivot);
  const ownOffset = meanOver(deviations, ACTIVATIONS);
  const ownVariance = meanOver(square(sub(deviations, ownOffset)), ACTIVATIONS);
  let offset = ownOffset;
  let variance = ownVariance;
  if (prior) {
    const { share, rest, isAll } = prior;
    const distance = sub(sub(prior.mean, pivot), ownOffset);
    offset = where(isAll, zerosLike(ownOffset), add(ownOffset, mul(rest, distance)));
    const both = add(mul(share, ownVariance), mul(rest, add(prior.variance, mul(share, square(distance)))));
    variance = where(isAll, prior.variance, both);
  }
  const scale = rsqrt(add(variance, epsilon));
  const mean = add(pivot, offset);
  return {
    z: mul(sub(deviations, offset), scale) as Tensor3D,
    scale,
    own: { mean: add(pivot, ownOffset), variance: ownVariance },
    mean,
    variance,
    residual: add(sub(pivot, mean), offset),
    perMass: (sum) => {
      const mean = div(sum, count);
      return prior ? where(prior.isAll, zerosLike(sum), mul(mean, prior.share)) : mean;
    },
  };
}

/** The gradient of x, from that of z. */
export function standardizeGrad({ z, scale, perMass }: Standardized, dz: Tensor): Tensor {
  const across = perMass(sumOver(dz, ACTIVATIONS));
  const along = perMass(sumOver(mul(dz, z), ACTIVATIONS));
  return mul(sub(sub(dz, across), mul(z, along)), scale);
}
