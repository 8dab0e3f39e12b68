import { customGrad, type Tensor } from "@tensorflow/tfjs-core";

/** Inputs that a kernel declares as TensorInfo, as the tensors that they are outside a backend. */
export type Tensors<I> = { [name in keyof I]: undefined extends I[name] ? Tensor | undefined : Tensor };

/** f(x), whose gradient is that of x. For bounds: TensorFlow.js's gradients of maximum and minimum do not sum over a broadcast. */
export function straightThrough(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  return customGrad((input) => ({ value: f(input as Tensor), gradFunc: (dy: Tensor) => dy.clone() }))(x);
}
