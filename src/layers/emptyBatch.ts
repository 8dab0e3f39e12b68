import { customGrad, type Tensor, zerosLike } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

/** What a layer makes of an empty batch: that. Its weights have gradients, of zeros, which TensorFlow.js's operations fail to give. */
export function ofEmptyBatch(x: Tensor, weights: (LayerVariable | null | undefined)[]): Tensor {
  const read = weights.flatMap((weight) => (weight ? [weight.read()] : []));
  return customGrad((...inputs) => {
    const [empty, ...others] = inputs.slice(0, read.length + 1) as [Tensor, ...Tensor[]];
    return { value: empty.clone(), gradFunc: (dy: Tensor) => [dy, ...others.map((other) => zerosLike(other))] };
  })(x, ...read);
}
