import {
  add,
  clipByValue,
  div,
  log,
  max,
  maximum,
  min,
  minimum,
  mul,
  pad,
  reshape,
  scalar,
  slice,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";

/** Variances (with epsilon) and priors below these count as these, as in the binary: 2^-40 and 2^-126. */
const LEAST_VARIANCE = 2 ** -40;
const LEAST_PRIOR = 2 ** -126;
/** The formula "ucb" adds an epsilon below this to variances alone, as in the binary. */
const LEAST_EPSILON = 2 ** -96;
/** Densities of activations farther out than this many deviations are compared there: their squares stay exact enough. */
const FAR = 1000;
/** Above the largest z whose square is finite, in float32. */
const LARGE = 1e18;
const MOST = 3.4028234663852886e38;

export type MixtureTensors = Record<"x" | "mean" | "variance" | "prior", Tensor>;

/** A mixture's parameters and x, in the shapes [outer, channels, inner, components] in which they broadcast. */
export interface Mixture {
  x: Tensor;
  mean: Tensor;
  /** with epsilon */
  variance: Tensor;
  deviation: Tensor;
  /** What g_k is divided by the root of. */
  prior: Tensor;
  /** Responsibilities. */
  tau: Tensor;
  /** (x − mean)/deviation, finite where x is. */
  z: Tensor;
}

/** [K, C] as it broadcasts. */
export function spread(parameter: Tensor, { channels, components }: MixtureView): Tensor {
  return reshape(transpose(parameter), [1, channels, 1, components]);
}

/** [outer, channels, inner, K] summed to [K, C]. */
export function gathered(perActivation: Tensor): Tensor {
  return transpose(sum(perActivation, [0, 2]));
}

/** One number a channel, as it broadcasts. */
export function perChannel(parameter: Tensor, { channels }: MixtureView): Tensor {
  return reshape(parameter, [1, channels, 1, 1]);
}

/** Like x, as it broadcasts. */
export function activations(x: Tensor, { outer, channels, inner }: MixtureView): Tensor4D {
  return reshape(x, [outer, channels, inner, 1]);
}

/** Section 1 of spec.md up to the responsibilities, by TensorFlow.js operations. */
export function mixtureOf(inputs: MixtureTensors, { epsilon, formula }: NormAttrs, view: MixtureView): Mixture {
  const isUcb = formula === "ucb";
  const x = activations(inputs.x, view);
  const mean = spread(inputs.mean, view);
  const variance = maximum(add(spread(inputs.variance, view), epsilon), LEAST_VARIANCE);
  const deviation = sqrt(variance);
  const prior = isUcb ? scalar(1 + epsilon) : maximum(reshape(inputs.prior, [1, 1, 1, view.components]), LEAST_PRIOR);
  const reach = mul(deviation, FAR);
  const near = minimum(maximum(x, min(sub(mean, reach), -1, true)), max(add(mean, reach), -1, true));
  const exponent = div(square(sub(near, mean)), mul(variance, -2));
  const density = isUcb ? exponent : add(sub(log(prior), mul(log(variance), 0.5)), exponent);
  // NaN, and nothing else, where x is not finite: `near` and some backends' maximum are finite there.
  const tau = add(isUcb ? softmaxWith(density, epsilon) : softmax(density), sub(x, x));
  const z = clipByValue(div(sub(x, mean), deviation), -MOST, MOST);
  return { x, mean, variance, deviation, prior, tau, z };
}

/** e^ℓ / (Σ e^ℓ + epsilon) over the last axis. */
function softmaxWith(density: Tensor, epsilon: number): Tensor {
  if (epsilon < LEAST_EPSILON) return softmax(density);
  const none: [number, number] = [0, 0];
  const all = softmax(pad(density, [none, none, none, [0, 1]], Math.log(epsilon)));
  return slice(all, [0, 0, 0, 0], density.shape);
}

/** z where its square is needed. */
export function squarable(z: Tensor): Tensor {
  return clipByValue(z, -LARGE, LARGE);
}
