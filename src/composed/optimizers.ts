import { add, div, mul, sqrt, square, type Tensor } from "@tensorflow/tfjs-core";
import { type AdamUpdateAttrs, adamFactors } from "../kernels/adamUpdate.js";
import type { SgdUpdateAttrs } from "../kernels/sgdUpdate.js";
import { factorsOf } from "../kernels/weightUpdate.js";
import { constant } from "../tensorflow/constants.js";

// Steps of optimizers (docs/math.md, section 7). A product with 1 is left out: it changes nothing.

const kept = (weight: Tensor, keep: number) => (keep === 1 ? weight : mul(weight, constant(keep)));

interface AdamInputs {
  gradient: Tensor;
  weight: Tensor;
  m: Tensor;
  v: Tensor;
}

export function composedAdamUpdate({ gradient, weight, m, v }: AdamInputs, attrs: AdamUpdateAttrs): Tensor[] {
  const { beta1, beta2, epsilon } = attrs;
  const { gain1, gain2, correction1, correction2, step, keep } = adamFactors(attrs);
  const newM = add(mul(m, constant(beta1)), mul(gradient, constant(gain1)));
  const newV = add(mul(v, constant(beta2)), mul(square(gradient), constant(gain2)));
  // √(v/(1 − β₂ᵗ)) + ε, and what is divided by it, without the root's factor.
  const root = Math.sqrt(correction2);
  const direction = div(mul(newM, constant((step * correction1) / root)), add(sqrt(newV), constant(epsilon / root)));
  return [add(direction, kept(weight, keep)), newM, newV];
}

interface SgdInputs {
  gradient: Tensor;
  weight: Tensor;
}

export function composedSgdUpdate({ gradient, weight }: SgdInputs, attrs: SgdUpdateAttrs): Tensor {
  const { step, keep } = factorsOf(attrs);
  return add(mul(gradient, constant(step)), kept(weight, keep));
}

export function composedMomentumUpdate(
  { gradient, weight, accumulation }: SgdInputs & { accumulation: Tensor },
  attrs: SgdUpdateAttrs,
): Tensor[] {
  const { momentum, nesterov } = attrs;
  const { step, keep } = factorsOf(attrs);
  const newAccumulation = add(mul(accumulation, constant(momentum)), gradient);
  const direction = nesterov ? add(gradient, mul(newAccumulation, constant(momentum))) : newAccumulation;
  return [add(mul(direction, constant(step)), kept(weight, keep)), newAccumulation];
}
