import { div, equal, mul, square, sub, type Tensor, where, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { gathered, type MixtureTensors, mixtureOf, spread } from "./mixture.js";

/** Mass, mean and variance of section 2 of spec.md; a component without mass keeps what it came with. */
export function composedMoments(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(mean), mean.clone(), variance.clone()];
  const { x, tau } = mixtureOf(inputs, attrs, view);
  const mass = gathered(tau);
  const empty = equal(mass, 0);
  const newMean = where(empty, mean, div(gathered(mul(tau, x)), mass));
  const deviations = sub(x, spread(newMean, view));
  const newVariance = where(empty, variance, div(gathered(mul(tau, square(deviations))), mass));
  return [mass, newMean, newVariance];
}
