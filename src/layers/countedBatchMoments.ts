import { add, div, maximum, mul, reshape, rsqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import { viewOf } from "../arguments.js";
import { activations, each, gathered, layoutOf, parameters, perChannel, total } from "../composed/layout.js";
import { type MixtureTensors, mixtureOf, responsibilitiesOf } from "../composed/mixture.js";
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
  const layout = layoutOf(inputs.x.shape, view);
  const numbers = activations(countedOf(inputs.x, counted), layout);
  const places = activations(counted, layout);
  const mixture = mixtureOf(inputs, { epsilon }, layout);
  const taus = responsibilitiesOf(mixture);
  const weights = taus.map((tau) => mul(tau, places));
  const mass = gathered(weights, layout);
  const average = (of: Tensor[]) => div(gathered(of, layout), maximum(mass, 1e-30));
  const mean = average(weights.map((weight) => mul(weight, numbers)));
  const centers = each(mean, layout);
  const variance = average(weights.map((weight, k) => mul(weight, square(sub(numbers, centers[k] as Tensor)))));
  const moving = () => ({ mean: parameters(config.movingMean, layout), variance: parameters(config.movingVariance, layout) });
  const of = shrunk({ mean, variance }, mass, typeof priorMass === "number" ? undefined : { ...moving(), mass: priorMass });
  const scale = rsqrt(add(of.variance, epsilon));
  const means = each(of.mean, layout);
  const scales = each(componentWeights === "prior" ? div(scale, mixture.rootPrior) : scale, layout);
  const parts = taus.map((tau, k) => mul(tau, mul(sub(mixture.x, means[k] as Tensor), scales[k] as Tensor)));
  let y = total(parts, layout);
  if (outputScale === "components") y = mul(y, 1 / Math.sqrt(components));
  if (gamma) y = mul(y, perChannel(gamma, layout));
  if (beta) y = add(y, perChannel(beta, layout));
  const own = (parameter: Tensor) => reshape(parameter, inputs.mean.shape);
  return { y: reshape(y, inputs.x.shape), mass: own(mass), mean: own(mean), variance: own(variance) };
}
