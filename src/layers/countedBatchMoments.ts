import { add, div, maximum, mul, reshape, rsqrt, square, stack, sub, type Tensor } from "@tensorflow/tfjs-core";
import { viewOf } from "../arguments.js";
import { activations, type MixtureTensors, mixtureOf, perChannel, separate, spread, total } from "../composed/mixture.js";
import { sumOver } from "../composed/sums.js";
import { shrunk } from "../ops/shrinkage.js";
import type { UnsupervisedAdaptiveNormalizationConfig } from "../ops/unsupervisedAdaptiveNormalization.js";
import { countedOf } from "./masks.js";

interface CountedConfig extends Pick<UnsupervisedAdaptiveNormalizationConfig, "componentWeights" | "outputScale"> {
  axis: number;
  epsilon: number;
  gamma?: Tensor | undefined;
  beta?: Tensor | undefined;
  priorMass: number | Tensor;
  /** [K, C] */
  movingMean: Tensor;
  movingVariance: Tensor;
}

/**
 * The op unsupervisedAdaptiveNormalization with moments "batch" (docs/math.md, section 2.7), by the moments of the activations that
 * count, with these: mass, mean and variance [K, C].
 *
 * @param counted as countedPlaces has it
 */
export function normalizeByCountedMoments(
  inputs: MixtureTensors,
  counted: Tensor,
  config: CountedConfig,
): Record<"y" | "mass" | "mean" | "variance", Tensor> {
  const { axis, epsilon, gamma, beta, priorMass, componentWeights, outputScale } = config;
  const [components] = inputs.mean.shape as [number];
  const view = { ...viewOf("normalizeByCountedMoments", inputs.x, axis), components };
  const x = activations(inputs.x, view);
  const numbers = activations(countedOf(inputs.x, counted), view);
  const places = activations(counted, view);
  const mixture = mixtureOf(inputs, { axis, epsilon }, view);
  const [movingMeans, movingVariances] = [spread(config.movingMean, view), spread(config.movingVariance, view)];
  const byPrior = separate(reshape(rsqrt(mixture.prior), [components, 1, 1, 1]));
  const parts = mixture.components.map(({ tau }, k) => {
    const weight = mul(tau, places);
    const mass = sumOver(weight, [0, 2]);
    const average = (tensor: Tensor) => div(sumOver(mul(weight, tensor), [0, 2]), maximum(mass, 1e-30));
    const mean = average(numbers);
    const variance = average(square(sub(numbers, mean)));
    const moving = { mean: movingMeans[k] as Tensor, variance: movingVariances[k] as Tensor };
    const prior = typeof priorMass === "number" ? undefined : { ...moving, mass: priorMass };
    const of = shrunk({ mean, variance }, mass, prior);
    const normalized = mul(tau, mul(sub(x, of.mean), rsqrt(add(of.variance, epsilon))));
    return { part: componentWeights === "prior" ? mul(normalized, byPrior[k] as Tensor) : normalized, mass, mean, variance };
  });
  let y = total(parts.map(({ part }) => part));
  if (outputScale === "components") y = mul(y, 1 / Math.sqrt(components));
  if (gamma) y = mul(y, perChannel(gamma, view));
  if (beta) y = add(y, perChannel(beta, view));
  const own = (name: "mass" | "mean" | "variance") => reshape(stack(parts.map((part) => part[name])), inputs.mean.shape);
  return { y: reshape(y, inputs.x.shape), mass: own("mass"), mean: own("mean"), variance: own("variance") };
}
