import { div, equal, mul, onesLike, sub, type Tensor, where, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { constant } from "../tensorflow/constants.js";
import { type Each, each, gathered, layoutOf, parameters, reshaped } from "./layout.js";
import { type MixtureTensors, mixtureOf, responsibilitiesOf } from "./mixture.js";

/** Mass, mean and variance of docs/math.md, section 3. A component without mass keeps its mean and variance. */
export function composedMixtureMoments(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(mean), mean.clone(), variance.clone()];
  const layout = layoutOf(inputs.x.shape, view);
  const mixture = mixtureOf(inputs, attrs, layout);
  const taus = responsibilitiesOf(mixture);
  const { shape } = mean;
  const sumOf = (of: Each) => reshaped(gathered(of, layout), shape);
  const mass = sumOf(taus);
  const empty = equal(mass, constant(0));
  const divisor = where(empty, onesLike(mass), mass);
  const average = (of: Each, old: Tensor) => where(empty, old, div(sumOf(of), divisor));
  const newMean = average(
    taus.map((tau) => mul(tau, mixture.x)),
    mean,
  );
  const squares = each(parameters(newMean, layout), layout).map((center, k) => {
    const distance = sub(mixture.x, center);
    return mul(mul(taus[k] as Tensor, distance), distance);
  });
  return [mass, newMean, average(squares, variance)];
}
