import { stack, type Tensor, transpose } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureView } from "../arguments.js";
import { layoutOf, reshaped } from "./layout.js";
import { type MixtureTensors, mixtureOf, responsibilitiesOf } from "./mixture.js";

/** τ of docs/math.md, section 2.1, x.shape + [K]. */
export function composedMixtureResponsibilities(inputs: MixtureTensors, attrs: MixtureAttrs, view: MixtureView): Tensor {
  const { shape } = inputs.x;
  const layout = layoutOf(shape, view);
  const taus = responsibilitiesOf(mixtureOf(inputs, attrs, layout));
  const last = layout.isStacked ? transpose(taus[0] as Tensor, [...layout.shape.map((_, axis) => axis + 1), 0]) : stack(taus, -1);
  return reshaped(last, [...shape, view.components]);
}
