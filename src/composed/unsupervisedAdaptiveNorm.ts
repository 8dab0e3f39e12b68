import { add, div, mul, reshape, sqrt, sub, sum, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { activations, gathered, type MixtureTensors, mixtureOf, perChannel, squarable } from "./mixture.js";

/** y of section 1 of spec.md, by either formula. */
export function composedNorm(
  inputs: MixtureTensors & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor {
  if (view.size === 0) return zerosLike(inputs.x);
  const { tau, z, prior } = mixtureOf(inputs, attrs, view);
  let y = sum(mul(tau, div(z, sqrt(prior))), -1, true);
  if (inputs.gamma) y = mul(y, perChannel(inputs.gamma, view));
  if (inputs.beta) y = add(y, perChannel(inputs.beta, view));
  return reshape(y, inputs.x.shape);
}

/** Its gradients, as UnsupervisedAdaptiveNormGrad names them. */
export function composedNormGrad(
  inputs: MixtureTensors & { dy: Tensor; gamma?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { x, mean } = inputs;
  const { channels, components } = view;
  if (view.size === 0)
    return [zerosLike(x), zerosLike(mean), zerosLike(mean), zeros([components]), zeros([channels]), zeros([channels])];
  const mixture = mixtureOf(inputs, attrs, view);
  const { deviation, variance, prior, tau } = mixture;
  const isUcb = attrs.formula === "ucb";
  const z = squarable(mixture.z);
  const dy = activations(inputs.dy, view);
  const scaled = inputs.gamma ? mul(dy, perChannel(inputs.gamma, view)) : dy;
  const root = sqrt(prior);
  const g = div(z, root);
  const y = sum(mul(tau, g), -1, true);
  // M, P and u g of assembly/unsupervisedAdaptiveNormGrad.ts
  const u = mul(scaled, tau);
  const p = mul(u, sub(g, y));
  const ug = mul(u, g);
  const m = div(sub(mul(p, z), div(u, root)), deviation);
  const dx = reshape(mul(sum(m, -1), -1), x.shape);
  const pzz = mul(mul(p, z), z);
  const dvariance = div(sub(isUcb ? pzz : sub(pzz, p), ug), mul(variance, 2));
  const dprior = isUcb ? zeros([components]) : sum(div(sub(p, mul(ug, 0.5)), prior), [0, 1, 2]);
  return [
    dx,
    gathered(m),
    gathered(dvariance),
    dprior,
    reshape(sum(mul(dy, y), [0, 2]), [channels]),
    reshape(sum(dy, [0, 2]), [channels]),
  ];
}
