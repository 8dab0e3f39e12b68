import { conv3d, engine, getGradient, reshape, type Tensor, type Tensor5D, zeros } from "@tensorflow/tfjs-core";
import type { AnyKernel, GradientDeclaration } from "../kernels/declaration.js";
import { isRecording } from "../tensorflow/tape.js";
import { isOurs, putGradient } from "./copies.js";
import { compose, run } from "./run.js";

/** Registers a kernel's gradient as it is declared. */
export function registerKernelGradient(
  { name }: AnyKernel,
  { kernel, savedInputs, savedOutputs = [], gradients, constants = {} }: GradientDeclaration,
): void {
  const savedNames = [...savedInputs, ...savedOutputs.filter((output) => output !== undefined)];
  putGradient({
    kernelName: name,
    inputsToSave: [...savedInputs],
    outputsToSave: savedOutputs.map((output) => output !== undefined),
    gradFunc: (dys, tensors, attrs) => {
      const saved: { [name: string]: Tensor } = {};
      savedNames.forEach((savedName, i) => {
        saved[savedName] = tensors[i] as Tensor;
      });
      const dy = Array.isArray(dys) ? (dys[0] as Tensor) : dys;
      // The gradient kernel has no gradient of its own; the operations that it is composed of have.
      const compute = isRecording() ? compose : run;
      const outputs = compute(kernel, { ...saved, dy }, attrs) as Tensor[];
      return Object.fromEntries([
        ...gradients.map((input, i) => [input, () => like(saved[input], outputs[i] as Tensor)]),
        ...Object.entries(constants).map(([input, shapeOf]) => [input, () => zeros(shapeOf(saved, attrs))]),
      ]);
    },
  });
}

/** A gradient in the shape of its input: a prior may be [K, 1]. */
function like(input: Tensor | undefined, gradient: Tensor): Tensor {
  return input === undefined || input.rank === gradient.rank ? gradient : reshape(gradient, input.shape);
}

/** TensorFlow.js has no gradient of the kernel of transposed convolutions of volumes, which is linear in both inputs. */
export function registerConv3DTransposeGradient(): void {
  const kernelName = "Conv3DBackpropInputV2";
  const there = getGradient(kernelName);
  if (there && !isOurs(there)) return;
  putGradient({
    kernelName,
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
