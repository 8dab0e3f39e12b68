import { reshape, type Tensor } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { type MixtureTensors, mixtureOf } from "./mixture.js";

/** τ of section 1 of spec.md, x.shape + [K]. */
export function composedResponsibilities(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor {
  return reshape(mixtureOf(inputs, attrs, view).tau, [...inputs.x.shape, view.components]);
}
