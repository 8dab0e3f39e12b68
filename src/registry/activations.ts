import { getKernel, type KernelBackend, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";

/** Activations that the binary has not, and the kernels of TensorFlow.js that compute them. */
const KERNELS: { [activation: string]: string } = { elu: "Elu", sigmoid: "Sigmoid" };

/** A fused kernel of 'wasm' that has these activations, too: another kernel computes them of its result. */
export function withActivations(product: KernelFunc): KernelFunc {
  return (call) => {
    const kernelName = KERNELS[String(call.attrs?.activation)];
    const activation = kernelName && getKernel(kernelName, "wasm");
    if (!activation) return product(call);
    const backend = call.backend as KernelBackend;
    const x = product({ ...call, attrs: { ...call.attrs, activation: "linear" } }) as TensorInfo;
    try {
      return activation.kernelFunc({ inputs: { x }, backend, attrs: {} });
    } finally {
      backend.disposeData(x.dataId);
    }
  };
}
