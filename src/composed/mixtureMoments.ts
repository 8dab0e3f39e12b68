import { div, equal, mul, onesLike, sub, type Tensor, where, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { gathered, type MixtureTensors, mixtureOf, spread } from "./mixture.js";

/** Mass, mean and variance of docs/math.md, section 3. A component without mass keeps its mean and variance. */
export function composedMixtureMoments(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor[] {
  const { mean, variance } = inputs;
  if (view.size === 0) return [zerosLike(mean), mean.clone(), variance.clone()];
  const { x, components } = mixtureOf(inputs, attrs, view);
  const taus = components.map(({ tau }) => tau);
  const mass = gathered(taus, view);
  const empty = equal(mass, 0);
  const divisor = where(empty, onesLike(mass), mass);
  const average = (of: Tensor[], old: Tensor) => where(empty, old, div(gathered(of, view), divisor));
  const newMean = average(
    taus.map((tau) => mul(tau, x)),
    mean,
  );
  const squares = spread(newMean, view).map((center, k) => {
    const distance = sub(x, center);
    return mul(mul(taus[k] as Tensor, distance), distance);
  });
  return [mass, newMean, average(squares, variance)];
}
