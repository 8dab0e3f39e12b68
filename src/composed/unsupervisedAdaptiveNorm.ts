import { add, div, mul, neg, reshape, split, sqrt, sub, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import {
  activations,
  type Component,
  gathered,
  type Mixture,
  type MixtureTensors,
  mixtureOf,
  perChannel,
  separate,
  spread,
  total,
} from "./mixture.js";
import { sumOver } from "./sums.js";

/** w_k = τ_k/√(λ_k v_k) and x − μ_k of every component. y° is Σ w_k (x − μ_k), also where x is too far out to compare densities. */
function weighted({ x, deviation, prior, components }: Mixture, view: MixtureView) {
  const scales = spread(mul(deviation, sqrt(prior)), view);
  return components.map(({ tau, mean }, k) => ({ weight: div(tau, scales[k] as Tensor), distance: sub(x, mean) }));
}

const sumOfProducts = (parts: ReturnType<typeof weighted>) => total(parts.map(({ weight, distance }) => mul(weight, distance)));

/**
 * g_k − y° where densities are compared: farther out it would be the small difference of large numbers. Where responsibilities sum to
 * 1, the first component's g is subtracted from both, so that components which are nearly the same give nearly 0.
 */
function excessesOf({ prior, components }: Mixture, isUcb: boolean): Tensor[] {
  const gains = separate(reshape(mul(sqrt(prior), Math.SQRT1_2), [-1, 1, 1, 1]));
  const all = components.map(({ z }, k) => div(z, gains[k] as Tensor));
  const gs = isUcb ? all : all.map((g) => sub(g, all[0] as Tensor));
  const y = total(gs.map((g, k) => mul((components[k] as Component).tau, g)));
  return gs.map((g) => sub(g, y));
}

/** y of docs/math.md, section 2.1, by either formula. */
export function composedUnsupervisedAdaptiveNorm(
  inputs: MixtureTensors & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor {
  if (view.size === 0) return zerosLike(inputs.x);
  let y = sumOfProducts(weighted(mixtureOf(inputs, attrs, view), view));
  if (inputs.gamma) y = mul(y, perChannel(inputs.gamma, view));
  if (inputs.beta) y = add(y, perChannel(inputs.beta, view));
  return reshape(y, inputs.x.shape);
}

/** Its gradients, as UnsupervisedAdaptiveNormGrad names them. */
export function composedUnsupervisedAdaptiveNormGrad(
  inputs: MixtureTensors & { dy: Tensor; gamma?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { mean } = inputs;
  const { channels, components: count } = view;
  if (view.size === 0) {
    return [zerosLike(inputs.x), zerosLike(mean), zerosLike(mean), zeros([count]), zeros([channels]), zeros([channels])];
  }
  const mixture = mixtureOf(inputs, attrs, view);
  const { variance, deviation, prior } = mixture;
  const isUcb = attrs.formula === "ucb";
  const dy = activations(inputs.dy, view);
  const scaled = inputs.gamma ? mul(dy, perChannel(inputs.gamma, view)) : dy;
  const excesses = excessesOf(mixture, isUcb);
  const parts = weighted(mixture, view);
  const widths = spread(mul(deviation, Math.SQRT1_2), view);
  // M_k, P_k, ½ P_k z_k² and u_k g_k of docs/math.md, section 2.2. Here z is z_k/√2.
  const terms = mixture.components.map(({ tau, z }, k) => {
    const { weight, distance } = parts[k] as (typeof parts)[number];
    const p = mul(mul(scaled, tau), excesses[k] as Tensor);
    const pz = mul(p, z);
    const slope = mul(scaled, weight);
    return { m: sub(slope, div(pz, widths[k] as Tensor)), p, pzz: mul(pz, z), ug: mul(slope, distance) };
  });
  const y = sumOfProducts(parts);
  const perActivation = (["m", "p", "pzz", "ug"] as const).flatMap((name) => terms.map((term) => term[name]));
  const sums = split(gathered([...perActivation, mul(dy, y), dy], view), [count, count, count, count, 1, 1]);
  const [m, p, pzz, ug, dgamma, dbeta] = sums as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  return [
    reshape(total(terms.map((term) => term.m)), inputs.x.shape),
    neg(m),
    div(sub(isUcb ? pzz : sub(pzz, mul(p, 0.5)), mul(ug, 0.5)), variance),
    isUcb ? zeros([count]) : reshape(div(sumOver(sub(p, mul(ug, 0.5)), [1]), prior), [count]),
    reshape(dgamma, [channels]),
    reshape(dbeta, [channels]),
  ];
}
