import { conv3d, engine, getGradient, registerGradient, reshape, type Tensor, type Tensor5D } from "@tensorflow/tfjs-core";
import type { NormAttrs } from "../arguments.js";
import { Normalization, type NormalizationAttrs, NormalizationGrad } from "../kernels/normalization.js";
import { UnsupervisedAdaptiveNorm } from "../kernels/unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNormGrad } from "../kernels/unsupervisedAdaptiveNormGrad.js";
import { compose, run } from "./run.js";

/** Whether TensorFlow.js records what is computed, so that a gradient computed now may itself be differentiated. */
export function isRecording(): boolean {
  return engine().state.gradientDepth > 0;
}

/** Runs f unrecorded: to gradients, what it makes are constants. */
export function unrecorded<T>(f: () => T): T {
  const { state } = engine();
  // Nothing is recorded of what a kernel does by other kernels.
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

registerGradient({
  kernelName: UnsupervisedAdaptiveNorm.name,
  inputsToSave: ["x", "mean", "variance", "prior", "gamma"],
  gradFunc: (dy, saved, attrs) => {
    const [x, mean, variance, prior, gamma] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const inputs = { x, dy: dy as Tensor, mean, variance, prior, gamma };
    const normAttrs = attrs as unknown as NormAttrs;
    // The fused kernel has no gradient of its own; the operations it stands for have.
    const compute = isRecording() ? compose : run;
    const gradients = compute(UnsupervisedAdaptiveNormGrad, inputs, normAttrs) as Tensor[];
    const [dx, dmean, dvariance, dprior, dgamma, dbeta] = gradients as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    return {
      x: () => dx,
      mean: () => dmean,
      variance: () => dvariance,
      prior: () => (prior.rank === 1 ? dprior : reshape(dprior, prior.shape)),
      gamma: () => dgamma,
      beta: () => dbeta,
    };
  },
});

registerGradient({
  kernelName: Normalization.name,
  inputsToSave: ["x", "gamma"],
  outputsToSave: [false, true, true],
  // Mean and variance carry no gradient: they are there for who keeps moving ones.
  gradFunc: (dys, saved, attrs) => {
    const [x, gamma, mean, variance] = saved as [Tensor, Tensor, Tensor, Tensor];
    const inputs = { x, dy: (dys as Tensor[])[0] as Tensor, mean, variance, gamma };
    const compute = isRecording() ? compose : run;
    const gradients = compute(NormalizationGrad, inputs, attrs as unknown as NormalizationAttrs) as Tensor[];
    const [dx, dgamma, dbeta] = gradients as [Tensor, Tensor, Tensor];
    return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
  },
});

// TensorFlow.js has no gradient for what transposed convolutions of volumes are computed by. They are linear in both inputs.
if (!getGradient("Conv3DBackpropInputV2")) {
  registerGradient({
    kernelName: "Conv3DBackpropInputV2",
    inputsToSave: ["dy", "filter"],
    gradFunc: (ddx, saved, attrs) => {
      const [dy, filter] = saved as [Tensor5D, Tensor5D];
      const { strides, pad } = attrs as unknown as { strides: [number, number, number]; pad: "same" | "valid" };
      const x = ddx as Tensor5D;
      const filterAttrs = { strides, pad, filterShape: filter.shape };
      return {
        dy: () => conv3d(x, filter, strides, pad),
        filter: () => engine().runKernel<Tensor>("Conv3DBackpropFilterV2", { x, dy }, filterAttrs),
      };
    },
  });
}
