import { reshape, stack, type Tensor } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { type MixtureTensors, mixtureOf } from "./mixture.js";

/** τ of docs/math.md, section 2.1, x.shape + [K]. */
export function composedMixtureResponsibilities(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor {
  const taus = mixtureOf(inputs, attrs, view).components.map(({ tau }) => tau);
  return reshape(stack(taus, -1), [...inputs.x.shape, view.components]);
}
