import { greaterEqual, lessEqual, logicalAnd, mul, step, sub, sum, type Tensor, where, zerosLike } from "@tensorflow/tfjs-core";
import type { ActivationGradAttrs } from "../kernels/activationGrad.js";

type Inputs = { dy: Tensor; x: Tensor };

/** ActivationGrad: TensorFlow.js's gradients. */
export function composedActivationGrad(
  { dy, x }: Inputs,
  { activation, clipValueMin = 0, clipValueMax = 0 }: ActivationGradAttrs,
) {
  if (activation === "Relu") return mul(dy, step(x));
  if (activation === "Relu6") return mul(dy, mul(lessEqual(x, 6), step(x)));
  if (activation === "Tanh") return mul(sub(1, mul(x, x)), dy);
  if (activation === "Sigmoid") return mul(dy, mul(x, sub(1, x)));
  if (activation === "Softmax") return mul(x, sub(dy, sum(mul(dy, x), -1, true)));
  return where(logicalAnd(greaterEqual(x, clipValueMin), lessEqual(x, clipValueMax)), dy, zerosLike(dy));
}
