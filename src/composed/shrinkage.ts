import {
  add,
  clone,
  div,
  greaterEqual,
  less,
  maximum,
  mul,
  rsqrt,
  square,
  sub,
  type Tensor,
  where,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { MAX_FLOAT32 } from "../constants.js";
import { sizeOf } from "../launch/plan.js";
import { constant } from "../tensorflow/constants.js";
import { isTaped, unrecorded } from "../tensorflow/tape.js";
import { activations, channelMean, channelSum, type Layout, perChannel } from "./layout.js";

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
  return where(isSmall, div(mass, maximum(add(mass, count), constant(1e-30))), sub(constant(1), share));
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

/** x with a mean and a variance taken out, and all about these, one number a channel, as it broadcasts. */
export interface Standardized {
  /** In the layout's shape. */
  z: Tensor;
  /** 1/√(V + ε) */
  scale: Tensor;
  own: Moments;
  mean: Tensor;
  variance: Tensor;
  /** What the mean lost when it was rounded. */
  residual: Tensor;
}

/** What makes of sums over the batch what flows through the mean and the variance: Σ/(n + m). */
function perMassOf(count: number, mass: Tensor | undefined): (sum: Tensor) => Tensor {
  if (!mass) return (sum) => div(sum, constant(count));
  const [all, isAll] = unrecorded(() => [add(mass, constant(count)), greaterEqual(mass, constant(MAX_FLOAT32))] as const);
  return (sum) => where(isAll, zerosLike(sum), div(sum, all));
}

/** One number as one for each channel: what it meets is not broadcast then, which tf.where does by operations of its own. */
const spreadMass = (mass: Tensor, layout: Layout): Tensor =>
  mass.size === layout.channels ? perChannel(mass, layout) : add(zeros(layout.perChannel), mass);

const countOf = ({ shape, channels }: Layout) => sizeOf(shape) / channels;

/** Takes the batch's mean and variance out of x, shrunk toward the prior's if there is one. */
export function standardize(
  x: Tensor,
  { priorMean, priorVariance, priorMass }: PriorTensors,
  layout: Layout,
  epsilon: number,
): Standardized {
  const numbers = activations(x, layout);
  const count = countOf(layout);
  const prior =
    priorMean && priorVariance && priorMass
      ? unrecorded(() => {
          const [mean, variance] = [priorMean, priorVariance].map((tensor) => perChannel(tensor, layout)) as [Tensor, Tensor];
          const mass = spreadMass(priorMass, layout);
          const share = div(constant(count), add(mass, constant(count)));
          const isAll = greaterEqual(mass, constant(MAX_FLOAT32));
          return { mean, variance, share, rest: restOf(share, constant(count), mass), isAll };
        })
      : undefined;
  // If all is the prior's, the batch counts for nothing, not even if it has NaN.
  const pivot = unrecorded(() => {
    const rounded = channelMean(numbers, layout);
    return prior ? where(prior.isAll, prior.mean, rounded) : rounded;
  });
  const deviations = sub(numbers, pivot);
  const ownOffset = channelMean(deviations, layout);
  const exact = sub(deviations, ownOffset);
  const ownVariance = channelMean(square(exact), layout);
  let offset = ownOffset;
  let variance = ownVariance;
  if (prior) {
    const { share, rest, isAll } = prior;
    const distance = sub(sub(prior.mean, pivot), ownOffset);
    offset = where(isAll, zerosLike(ownOffset), add(ownOffset, mul(rest, distance)));
    const both = add(mul(share, ownVariance), mul(rest, add(prior.variance, mul(share, square(distance)))));
    variance = where(isAll, prior.variance, both);
  }
  const scale = rsqrt(add(variance, constant(epsilon)));
  const mean = add(pivot, offset);
  return {
    z: mul(prior ? sub(deviations, offset) : exact, scale),
    scale,
    own: { mean: prior ? add(pivot, ownOffset) : mean, variance: ownVariance },
    mean,
    variance,
    residual: add(sub(pivot, mean), offset),
  };
}

/** What the gradient kernels have of the forward pass, one number a channel. */
export interface StandardTensors extends PriorTensors {
  mean: Tensor;
  variance: Tensor;
  residual: Tensor;
}

/** Takes a mean and a variance out of x: those of the forward pass, or those of x itself, where it may be differentiated again. */
export function standardizeAgain(
  x: Tensor,
  standard: StandardTensors,
  layout: Layout,
  epsilon: number,
): Pick<Standardized, "z" | "scale"> {
  if (isTaped()) return standardize(x, standard, layout, epsilon);
  const [mean, variance, residual] = [standard.mean, standard.variance, standard.residual].map((tensor) =>
    perChannel(tensor, layout),
  ) as [Tensor, Tensor, Tensor];
  const scale = rsqrt(add(variance, constant(epsilon)));
  return { z: mul(sub(sub(activations(x, layout), mean), residual), scale), scale };
}

/** The gradient of x, from that of z. @param priorMass one number, or one for each channel */
export function standardizeGrad(
  { z, scale }: Pick<Standardized, "z" | "scale">,
  dz: Tensor,
  priorMass: Tensor | undefined,
  layout: Layout,
): Tensor {
  const mass = priorMass && unrecorded(() => spreadMass(priorMass, layout));
  const perMass = perMassOf(countOf(layout), mass);
  const across = perMass(channelSum(dz, layout));
  const along = perMass(channelSum(mul(dz, z), layout));
  return mul(sub(sub(dz, across), mul(z, along)), scale);
}
