import { div, equal, mul, square, sub, type Tensor, where, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { type Component, gathered, type MixtureTensors, mixtureOf, spread } from "./mixture.js";

/** Mass, mean and variance of docs/math.md, section 3. A component without mass keeps its mean and variance. */
export function composedMixtureMoments(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(mean), mean.clone(), variance.clone()];
  const { x, components } = mixtureOf(inputs, attrs, view);
  const mass = gathered(components.map(({ tau }) => tau));
  const empty = equal(mass, 0);
  const newMean = where(empty, mean, div(gathered(components.map(({ tau }) => mul(tau, x))), mass));
  const squares = spread(newMean, view).map((mean, k) => mul((components[k] as Component).tau, square(sub(x, mean))));
  const newVariance = where(empty, variance, div(gathered(squares), mass));
  return [mass, newMean, newVariance];
}
