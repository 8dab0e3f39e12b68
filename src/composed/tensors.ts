import type { Tensor } from "@tensorflow/tfjs-core";

/** Inputs that a kernel declares as TensorInfo, as the tensors that they are outside a backend. */
export type Tensors<I> = { [name in keyof I]: undefined extends I[name] ? Tensor | undefined : Tensor };
