import {
  add,
  clipByValue,
  div,
  exp,
  fill,
  log,
  max,
  maximum,
  min,
  minimum,
  mul,
  reshape,
  scalar,
  sqrt,
  square,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor3D,
  unstack,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_FLOAT32, MAX_SQUARABLE, MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";

// A mixture composed of TensorFlow.js operations, component by component: a GPU is slow at sums over an axis as short as K.

/** Densities of activations farther out than this many deviations are compared there: their squares stay exact enough. */
const MAX_DEVIATIONS = 1000;

export type MixtureTensors = Record<"x" | "mean" | "variance" | "prior", Tensor>;

/** A component over x: numbers of a channel, [1, channels, 1], and of an activation, [outer, channels, inner]. */
export interface Component {
  deviation: Tensor;
  /** √prior, one number: g_k is z_k divided by it. */
  root: Tensor;
  /** Responsibilities. */
  tau: Tensor;
  /** (x − mean)/deviation, finite where x is. */
  z: Tensor;
}

export interface Mixture {
  x: Tensor3D;
  /** [K, C], with epsilon */
  variance: Tensor;
  /** [K] */
  prior: Tensor;
  components: Component[];
}

/** [K, C] as it broadcasts, component by component. */
export function spread(parameter: Tensor, { channels, components }: MixtureView): Tensor[] {
  return unstack(reshape(parameter, [components, 1, channels, 1]));
}

/** [outer, channels, inner] of every component, summed to [K, C]. */
export function gathered(perActivation: Tensor[]): Tensor {
  return stack(perActivation.map((tensor) => sum(tensor, [0, 2])));
}

/** The sum of tensors of one shape. Not tf.addN: on 'webgpu' it is silently wrong for more tensors than a shader may read. */
export function total(tensors: Tensor[]): Tensor {
  return tensors.reduce((a, b) => add(a, b));
}

/** One number a channel, as it broadcasts. */
export function perChannel(parameter: Tensor, { channels }: MixtureView): Tensor {
  return reshape(parameter, [1, channels, 1]);
}

/** Like x, as it broadcasts. */
export function activations(x: Tensor, { outer, channels, inner }: MixtureView): Tensor3D {
  return reshape(x, [outer, channels, inner]);
}

/** docs/math.md, section 2.1, up to the responsibilities. */
export function mixtureOf(inputs: MixtureTensors, { epsilon, formula }: NormAttrs, view: MixtureView): Mixture {
  const isUcb = formula === "ucb";
  const x = activations(inputs.x, view);
  const variance = maximum(add(inputs.variance, epsilon), MIN_VARIANCE);
  const deviation = sqrt(variance);
  const given = maximum(reshape(inputs.prior, [view.components]), MIN_PRIOR);
  const prior = isUcb ? fill([view.components], 1 + epsilon) : given;
  const reach = mul(deviation, MAX_DEVIATIONS);
  const lowest = perChannel(min(sub(inputs.mean, reach), 0), view);
  const highest = perChannel(max(add(inputs.mean, reach), 0), view);
  const near = minimum(maximum(x, lowest), highest);
  // The part of a density's logarithm that does not depend on x.
  const constants = isUcb ? zerosLike(variance) : sub(reshape(log(prior), [view.components, 1]), mul(log(variance), 0.5));

  const means = spread(inputs.mean, view);
  const deviations = spread(deviation, view);
  const halves = spread(mul(deviation, Math.SQRT2), view);
  const densities = spread(constants, view).map((constant, k) => {
    return sub(constant, square(div(sub(near, means[k] as Tensor), halves[k] as Tensor)));
  });
  // NaN, and nothing else, where x is not finite: `near` and some backends' maximum are finite there.
  const taus = softmaxOf(densities, isUcb && epsilon >= MIN_EPSILON ? [scalar(Math.log(epsilon))] : [], sub(x, x));
  const roots = unstack(reshape(sqrt(prior), [view.components, 1, 1, 1]));
  const components = taus.map((tau, k) => {
    const z = clipByValue(div(sub(x, means[k] as Tensor), deviations[k] as Tensor), -MAX_FLOAT32, MAX_FLOAT32);
    return { deviation: deviations[k] as Tensor, root: roots[k] as Tensor, tau, z };
  });
  return { x, variance, prior, components };
}

/** e^ℓ_k / Σ e^ℓ, over all logs and others. @param zero added to the sum */
function softmaxOf(logs: Tensor[], others: Tensor[], zero: Tensor): Tensor[] {
  const most = [...logs, ...others].reduce((a, b) => maximum(a, b));
  const exps = logs.map((one) => exp(sub(one, most)));
  const sum = total([...exps, ...others.map((one) => exp(sub(one, most))), zero]);
  return exps.map((one) => div(one, sum));
}

/** z, bounded so that its square is finite. */
export function squarable(z: Tensor): Tensor {
  return clipByValue(z, -MAX_SQUARABLE, MAX_SQUARABLE);
}
