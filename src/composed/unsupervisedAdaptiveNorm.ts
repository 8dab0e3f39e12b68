import { add, div, mul, neg, sub, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { constant } from "../tensorflow/constants.js";
import { activations, type Each, each, first, type Layout, layoutOf, perChannel, reshaped, sumsOf, total } from "./layout.js";
import { type Mixture, type MixtureTensors, mixtureOf, responsibilitiesOf, scalesOf } from "./mixture.js";
import { sumAway } from "./sums.js";

/** y of docs/math.md, section 2.1, by either formula. It is Σ τ_k (x − μ_k)/√(λ_k v_k), also where x is too far out to compare densities. */
export function composedUnsupervisedAdaptiveNorm(
  inputs: MixtureTensors & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor {
  if (view.size === 0) return zerosLike(inputs.x);
  const layout = layoutOf(inputs.x.shape, view);
  const mixture = mixtureOf(inputs, attrs, layout);
  const scales = each(scalesOf(mixture), layout);
  const parts = mixture.shares.map((share, k) => mul(div(share, scales[k] as Tensor), mixture.distances[k] as Tensor));
  let y = div(total(parts, layout), mixture.sum);
  if (inputs.gamma) y = mul(y, perChannel(inputs.gamma, layout));
  if (inputs.beta) y = add(y, perChannel(inputs.beta, layout));
  return reshaped(y, inputs.x.shape);
}

/**
 * 2 (g_k − y°) where densities are compared: farther out it would be the small difference of large numbers. Where responsibilities sum
 * to 1, the first component's g is subtracted from both, so that components which are nearly the same give nearly 0.
 */
function excessesOf({ rootPrior, zs }: Mixture, taus: Each, isUcb: boolean, layout: Layout): Each {
  const gain = mul(rootPrior, constant(Math.SQRT1_2 / 2));
  const gains = isUcb ? zs.map(() => gain) : each(gain, layout);
  const all = zs.map((z, k) => div(z, gains[k] as Tensor));
  const reference = isUcb ? undefined : first(all, layout);
  const gs = reference ? all.map((g) => sub(g, reference)) : all;
  const y = total(
    gs.map((g, k) => mul(taus[k] as Tensor, g)),
    layout,
  );
  return gs.map((g) => sub(g, y));
}

/** Its gradients, as UnsupervisedAdaptiveNormGrad names them. */
export function composedUnsupervisedAdaptiveNormGrad(
  inputs: MixtureTensors & { dy: Tensor; gamma?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { mean, gamma } = inputs;
  const { channels, components: count } = view;
  if (view.size === 0) {
    return [zerosLike(inputs.x), zerosLike(mean), zerosLike(mean), zeros([count]), zeros([channels]), zeros([channels])];
  }
  const layout = layoutOf(inputs.x.shape, view);
  const mixture = mixtureOf(inputs, attrs, layout);
  const { variance, prior, zs, distances, widths } = mixture;
  const isUcb = attrs.formula === "ucb";
  const dy = activations(inputs.dy, layout);
  const taus = responsibilitiesOf(mixture);
  const excesses = excessesOf(mixture, taus, isUcb, layout);
  const scales = each(scalesOf(mixture), layout);
  // M_k, 2 P_k, P_k z_k² and u_k g_k of docs/math.md, section 2.2, but for γ, which they all have. Here z is z_k/√2.
  const terms = zs.map((z, k) => {
    const u = mul(dy, taus[k] as Tensor);
    const p = mul(u, excesses[k] as Tensor);
    const pz = mul(p, z);
    const slope = div(u, scales[k] as Tensor);
    return { m: sub(slope, div(pz, widths[k] as Tensor)), p, pzz: mul(pz, z), ug: mul(slope, distances[k] as Tensor) };
  });
  const of = (name: "m" | "p" | "pzz" | "ug") => terms.map((term) => term[name]);
  const [m, p, pzz, ug, dbeta] = sumsOf([of("m"), of("p"), of("pzz"), of("ug"), [dy]], layout) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const half = constant(0.5);
  const halfGamma = gamma ? mul(gamma, half) : half;
  const dx = total(of("m"), layout);
  const ofVariance = sub(isUcb ? pzz : sub(pzz, mul(p, half)), ug);
  const negative = neg(m);
  return [
    reshaped(gamma ? mul(dx, perChannel(gamma, layout)) : dx, inputs.x.shape),
    gamma ? mul(negative, gamma) : negative,
    div(mul(ofVariance, halfGamma), variance),
    isUcb ? zeros([count]) : div(sumAway(mul(sub(p, ug), halfGamma), [1]), reshaped(prior, [count])),
    sumAway(ug, [0]),
    reshaped(dbeta, [channels]),
  ];
}
