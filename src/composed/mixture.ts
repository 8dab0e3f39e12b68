import { add, div, exp, log, max, maximum, min, minimum, mul, neg, sqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import type { NormAttrs } from "../arguments.js";
import { MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import { constant } from "../tensorflow/constants.js";
import { unrecorded } from "../tensorflow/tape.js";
import { activations, type Each, each, type Layout, largest, parameters, total } from "./layout.js";
import { straightThrough } from "./tensors.js";

// A mixture composed of TensorFlow.js operations.

/** Densities of activations farther out than this many deviations are compared there: their squares stay exact enough. */
const MAX_DEVIATIONS = 1000;

export type MixtureTensors = Record<"x" | "mean" | "variance" | "prior", Tensor>;

/** What is called a parameter has the shape that `parameters` gives; the rest is for each component, and like x. */
export interface Mixture {
  x: Tensor;
  /** With epsilon, [K, C]. */
  variance: Tensor;
  /** As it came, [K] or [K, 1]; with the formula "ucb" it has no part. */
  prior: Tensor;
  /** A parameter: √variance. */
  deviation: Tensor;
  /** A parameter: √prior. */
  rootPrior: Tensor | number;
  /** √(2 v_k) */
  widths: Each;
  /** x − μ_k */
  distances: Each;
  /** z_k/√2 where densities are compared: finite, and its square too. */
  zs: Each;
  /** Responsibilities, times `sum`. */
  shares: Each;
  /** Of the shares: NaN, and nothing else, where x is not finite. */
  sum: Tensor;
}

/** docs/math.md, section 2.1, up to the responsibilities. */
export function mixtureOf(inputs: MixtureTensors, { epsilon, formula }: Omit<NormAttrs, "axis">, layout: Layout): Mixture {
  const isUcb = formula === "ucb";
  const x = activations(inputs.x, layout);
  const variance = straightThrough(add(inputs.variance, constant(epsilon)), (v) => maximum(v, constant(MIN_VARIANCE)));
  const deviation = sqrt(parameters(variance, layout));
  const prior = isUcb ? inputs.prior : straightThrough(inputs.prior, (prior) => maximum(prior, constant(MIN_PRIOR)));
  const mean = parameters(inputs.mean, layout);
  const reach = mul(deviation, constant(MAX_DEVIATIONS));
  const lowest = min(sub(mean, reach), 0);
  const highest = max(add(mean, reach), 0);
  const near = straightThrough(x, (far) => minimum(maximum(far, lowest), highest));
  const means = each(mean, layout);
  const widths = each(mul(deviation, constant(Math.SQRT2)), layout);
  const zs = means.map((mean, k) => div(sub(near, mean), widths[k] as Tensor));
  const priors = isUcb ? undefined : parameters(prior, layout);
  // The part of a density's logarithm that does not depend on x.
  const constants = priors && each(sub(log(priors), log(deviation)), layout);
  const logs = zs.map((z, k) => (constants ? sub(constants[k] as Tensor, square(z)) : neg(square(z))));
  const other = isUcb && epsilon >= MIN_EPSILON ? constant(Math.log(epsilon)) : undefined;
  return {
    x,
    variance,
    prior,
    deviation,
    rootPrior: priors ? sqrt(priors) : constant(Math.sqrt(1 + epsilon)),
    widths,
    distances: means.map((mean) => sub(x, mean)),
    zs,
    ...softmaxOf(logs, other, x, layout),
  };
}

/** e^ℓ_k, but for a factor, and the sum over all logs and another one. */
function softmaxOf(logs: Each, other: Tensor | number | undefined, x: Tensor, layout: Layout): Pick<Mixture, "shares" | "sum"> {
  // Softmax is the same whatever is subtracted.
  const most = unrecorded(() => (other === undefined ? largest(logs, layout) : maximum(largest(logs, layout), other)));
  const shares = logs.map((one) => exp(sub(one, most)));
  // The bounds of `near`, and some backends' maximum, are finite where x is not.
  const zero = unrecorded(() => sub(x, x));
  const sum = add(total(shares, layout), zero);
  return { shares, sum: other === undefined ? sum : add(sum, exp(sub(other, most))) };
}

/** τ_k */
export const responsibilitiesOf = ({ shares, sum }: Mixture): Each => shares.map((share) => div(share, sum));

/** A parameter: √(λ_k v_k). */
export const scalesOf = ({ deviation, rootPrior }: Mixture): Tensor => mul(deviation, rootPrior);
