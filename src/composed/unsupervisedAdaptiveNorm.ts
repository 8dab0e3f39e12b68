import { add, div, mul, reshape, stack, sub, sum, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { activations, gathered, type MixtureTensors, mixtureOf, perChannel, squarable, total } from "./mixture.js";

/** y of docs/math.md, section 2.1, by either formula. */
export function composedUnsupervisedAdaptiveNorm(
  inputs: MixtureTensors & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  attrs: NormAttrs,
  view: MixtureView,
): Tensor {
  if (view.size === 0) return zerosLike(inputs.x);
  const { components } = mixtureOf(inputs, attrs, view);
  let y = total(components.map(({ tau, z, root }) => mul(tau, div(z, root))));
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
  const { x, mean } = inputs;
  const { channels } = view;
  if (view.size === 0)
    return [zerosLike(x), zerosLike(mean), zerosLike(mean), zeros([view.components]), zeros([channels]), zeros([channels])];
  const { variance, prior, components } = mixtureOf(inputs, attrs, view);
  const isUcb = attrs.formula === "ucb";
  const dy = activations(inputs.dy, view);
  const scaled = inputs.gamma ? mul(dy, perChannel(inputs.gamma, view)) : dy;
  const parts = components.map(({ tau, deviation, root, ...component }) => {
    const z = squarable(component.z);
    return { tau, deviation, root, z, g: div(z, root) };
  });
  const y = total(parts.map(({ tau, g }) => mul(tau, g)));
  // M, P and u g of assembly/unsupervisedAdaptiveNormGrad.ts, and the summands of dσ² and dλ
  const sums = parts.map(({ tau, deviation, root, z, g }) => {
    const u = mul(scaled, tau);
    const p = mul(u, sub(g, y));
    const pz = mul(p, z);
    const ug = mul(u, g);
    const pzz = mul(pz, z);
    return {
      m: div(sub(pz, div(u, root)), deviation),
      ofVariance: sub(isUcb ? pzz : sub(pzz, p), ug),
      ofPrior: sub(p, mul(ug, 0.5)),
    };
  });
  return [
    reshape(mul(total(sums.map(({ m }) => m)), -1), x.shape),
    gathered(sums.map(({ m }) => m)),
    div(gathered(sums.map(({ ofVariance }) => ofVariance)), mul(variance, 2)),
    isUcb ? zeros([view.components]) : div(stack(sums.map(({ ofPrior }) => sum(ofPrior))), prior),
    sum(mul(dy, y), [0, 2]),
    sum(dy, [0, 2]),
  ];
}
