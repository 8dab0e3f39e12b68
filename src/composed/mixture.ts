import {
  add,
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
  sub,
  type Tensor,
  type Tensor3D,
  unstack,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs, View } from "../arguments.js";
import { MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import { unrecorded } from "../tensorflow/tape.js";
import { sumsOver } from "./sums.js";
import { straightThrough } from "./tensors.js";

// A mixture composed of TensorFlow.js operations, component by component: a GPU is slow at sums over an axis as short as K.

/** Densities of activations farther out than this many deviations are compared there: their squares stay exact enough. */
const MAX_DEVIATIONS = 1000;

export type MixtureTensors = Record<"x" | "mean" | "variance" | "prior", Tensor>;

/** A component: numbers of a channel, [1, channels, 1], and of an activation, [outer, channels, inner]. */
export interface Component {
  mean: Tensor;
  /** Responsibilities. */
  tau: Tensor;
  /** z_k/√2 where densities are compared: finite, and its square too. */
  z: Tensor;
}

export interface Mixture {
  /** [outer, channels, inner] */
  x: Tensor3D;
  /** [K, C], with epsilon */
  variance: Tensor;
  /** √variance */
  deviation: Tensor;
  /** [K, 1] */
  prior: Tensor;
  components: Component[];
}

/** tf.unstack. TensorFlow.js's gradient of it throws where there is one tensor only. */
export function separate(tensor: Tensor): Tensor[] {
  const [count, ...shape] = tensor.shape;
  return count === 1 ? [reshape(tensor, shape)] : unstack(tensor);
}

/** [K, C] as it broadcasts, component by component. */
export function spread(parameter: Tensor, { channels, components }: MixtureView): Tensor[] {
  return separate(reshape(parameter, [components, 1, channels, 1]));
}

/** Tensors like x, each summed over a channel's activations: [tensors, channels]. */
export function gathered(perActivation: Tensor[], { channels }: MixtureView): Tensor {
  return reshape(sumsOver(perActivation, [0, 2]), [perActivation.length, channels]);
}

/** The sum of tensors of one shape. Not tf.addN: on 'webgpu' it is silently wrong for more tensors than a shader may read. */
export function total(tensors: Tensor[]): Tensor {
  return tensors.reduce((a, b) => add(a, b));
}

/** One number a channel, as it broadcasts. */
export function perChannel(parameter: Tensor, { channels }: View): Tensor {
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
  const ofComponent = [view.components, 1];
  const variance = straightThrough(add(inputs.variance, epsilon), (v) => maximum(v, MIN_VARIANCE));
  const deviation = sqrt(variance);
  const given = straightThrough(reshape(inputs.prior, ofComponent), (prior) => maximum(prior, MIN_PRIOR));
  const prior = isUcb ? fill(ofComponent, 1 + epsilon) : given;
  const reach = mul(deviation, MAX_DEVIATIONS);
  const lowest = perChannel(min(sub(inputs.mean, reach), 0), view);
  const highest = perChannel(max(add(inputs.mean, reach), 0), view);
  const near = straightThrough(x, (far) => minimum(maximum(far, lowest), highest));
  // The part of a density's logarithm that does not depend on x.
  const constants = isUcb ? zerosLike(variance) : sub(log(prior), mul(log(variance), 0.5));

  const means = spread(inputs.mean, view);
  const widths = spread(mul(deviation, Math.SQRT2), view);
  const zs = means.map((mean, k) => div(sub(near, mean), widths[k] as Tensor));
  const densities = spread(constants, view).map((constant, k) => sub(constant, square(zs[k] as Tensor)));
  const taus = softmaxOf(densities, isUcb && epsilon >= MIN_EPSILON ? [scalar(Math.log(epsilon))] : [], x);
  const components = taus.map((tau, k) => ({ mean: means[k] as Tensor, tau, z: zs[k] as Tensor }));
  return { x, variance, deviation, prior, components };
}

/** e^ℓ_k / Σ e^ℓ, over all logs and others: NaN, and nothing else, where x is not finite. */
function softmaxOf(logs: Tensor[], others: Tensor[], x: Tensor): Tensor[] {
  // Softmax is the same whatever is subtracted.
  const most = unrecorded(() => [...logs, ...others].reduce((a, b) => maximum(a, b)));
  const exps = logs.map((one) => exp(sub(one, most)));
  // The bounds of `near`, and some backends' maximum, are finite where x is not.
  const zero = unrecorded(() => sub(x, x));
  const sum = total([...exps, ...others.map((one) => exp(sub(one, most))), zero]);
  return exps.map((one) => div(one, sum));
}
