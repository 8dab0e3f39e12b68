import { type GradConfig, getBackend, getGradient, type KernelFunc, type Tensor } from "@tensorflow/tfjs-core";
import { ActivationGrad, type ActivationGradAttrs } from "../kernels/activationGrad.js";
import { isRecording } from "../tensorflow/tape.js";
import { isOurs, putGradient, registry } from "./copies.js";
import { run } from "./run.js";

// TensorFlow.js's gradients of activations are two to five kernels. On 'wasm' they are one.

export const ACTIVATIONS = ["ClipByValue", "Relu", "Relu6", "Sigmoid", "Softmax", "Tanh"] as const;

/**
 * An activation's kernel, with a gradient that is one kernel. TensorFlow.js may register its gradient after the library has been
 * imported, so each call looks whether it has.
 */
export function withActivationGradient(activation: ActivationGradAttrs["activation"], kernel: KernelFunc): KernelFunc {
  return (call) => {
    const registered = getGradient(activation);
    if (registered && !isOurs(registered)) putActivationGradient(activation, registered);
    return kernel(call);
  };
}

function putActivationGradient(activation: ActivationGradAttrs["activation"], theirs: GradConfig): void {
  putGradient({
    ...theirs,
    gradFunc(dys, saved, attrs) {
      const dy = dys as Tensor;
      const x = saved[0] as Tensor;
      const isOne = getBackend() === "wasm" && registry.wanted && dy.dtype === "float32" && x.dtype === "float32";
      // The kernel has no gradient; what theirs is composed of has.
      if (!isOne || isRecording()) return theirs.gradFunc(dys, saved, attrs);
      const name = activation === "Softmax" ? "logits" : "x";
      return {
        [name]: () => run<object, ActivationGradAttrs, number, Tensor>(ActivationGrad, { dy, x }, { ...attrs, activation }),
      };
    },
  });
}
