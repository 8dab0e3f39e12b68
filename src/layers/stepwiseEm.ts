import {
  add,
  div,
  equal,
  maximum,
  mul,
  onesLike,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
  where,
} from "@tensorflow/tfjs-core";
import { viewOf } from "../arguments.js";
import { sumOver } from "../composed/sums.js";
import { mixtureMoments } from "../ops/mixtureMoments.js";
import { mixtureResponsibilities } from "../ops/mixtureResponsibilities.js";
import { countedOf } from "./masks.js";
import { effectivePrior, effectiveVariance, type MixtureWeights, rawPrior, rawVariance, withFloor } from "./parameters.js";

/** Activations' worth of trust in a component's old moments: with a mass of as many it goes half as far. */
const INERTIA = 16;

interface EmConfig {
  axis: number;
  epsilon: number;
  momentum: number;
}

/**
 * A step of stepwise EM (docs/math.md, section 2.4): effective values move toward the batch's moments, (1 − momentum) of the way
 * where a component's mass is large.
 *
 * @param counted as countedPlaces has it
 */
export function moveByMoments(weights: MixtureWeights, x: Tensor, counted: Tensor | undefined, config: EmConfig): void {
  const channels = x.shape[config.axis] as number;
  const mixture = {
    mean: weights.mean.read(),
    variance: effectiveVariance(weights.variance.read()),
    prior: effectivePrior(weights.prior.read()),
  };
  const { mean, variance, prior } = mixture;
  const moments = counted ? countedMixtureMoments(x, counted, mixture, config) : mixtureMoments(x, mean, variance, prior, config);
  const total = counted ? reshape(sumOver(reshape(counted, [-1]), [0]), []) : x.size;
  const rate = 1 - config.momentum;
  const toward = (from: Tensor, to: Tensor, step: Tensor) => add(from, mul(sub(to, from), step));
  /** How far to go with so many activations. */
  const step = (mass: Tensor) => mul(div(mass, add(mass, INERTIA)), rate);
  const share = div(sum(moments.mass, 1), maximum(total, 1));
  weights.mean.write(toward(mean, moments.mean, step(moments.mass)));
  weights.variance.write(rawVariance(toward(variance, moments.variance, step(moments.mass))));
  weights.prior.write(rawPrior(withFloor(toward(prior, share, step(div(total, channels))))));
}

/** mixtureMoments of the activations that count. */
export function countedMixtureMoments(
  x: Tensor,
  counted: Tensor,
  { mean, variance, prior }: Record<"mean" | "variance" | "prior", Tensor>,
  { axis, epsilon }: Pick<EmConfig, "axis" | "epsilon">,
): Record<"mass" | "mean" | "variance", Tensor> {
  const { outer, channels, inner } = viewOf("countedMixtureMoments", x, axis);
  const [components] = prior.shape as [number];
  const view = (tensor: Tensor) => reshape(tensor, [outer, channels, inner, -1]);
  const numbers = countedOf(x, counted);
  const tau = mul(view(mixtureResponsibilities(numbers, mean, variance, prior, { axis, epsilon })), view(counted));
  /** Sums over a channel's activations, [K, C]. */
  const gathered = (tensor: Tensor) => transpose(reshape(sumOver(tensor, [0, 2]), [channels, components]));
  const mass = gathered(tau);
  const isEmpty = equal(mass, 0);
  const divisor = where(isEmpty, onesLike(mass), mass);
  const newMean = where(isEmpty, mean, div(gathered(mul(tau, view(numbers))), divisor));
  const deviation = sub(view(numbers), reshape(transpose(newMean), [1, channels, 1, components]));
  const newVariance = where(isEmpty, variance, div(gathered(mul(tau, square(deviation))), divisor));
  return { mass, mean: newMean, variance: newVariance };
}
