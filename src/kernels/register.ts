import { type KernelBackend, registerKernel } from "@tensorflow/tfjs-core";
import { endThreads } from "../backend/sharing.js";
import { memoryOf } from "../backend/wasmBackend.js";
import { Conv2DBackpropFilter } from "./conv2dBackpropFilter.js";
import { DepthwiseConv2dNativeBackpropFilter, DepthwiseConv2dNativeBackpropInput } from "./depthwiseConv2dBackprop.js";
import "./gradients.js";
import { type AnyBinaryKernel, type AnyKernel, onWasm, register } from "./kernel.js";
import { MixtureMoments } from "./mixtureMoments.js";
import { MixtureNorm } from "./mixtureNorm.js";
import { MixtureNormFit } from "./mixtureNormFit.js";
import { MixtureNormGrad } from "./mixtureNormGrad.js";
import { MixtureNormStart } from "./mixtureNormStart.js";
import { MixtureResponsibilities } from "./mixtureResponsibilities.js";
import { Normalization, NormalizationGrad } from "./normalization.js";
import { NormalizationGiven } from "./normalizationGiven.js";
import { replaceKernels } from "./replacement.js";
import { UnsortedSegmentSum } from "./unsortedSegmentSum.js";
import { UnsupervisedAdaptiveNorm } from "./unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNormGrad } from "./unsupervisedAdaptiveNormGrad.js";

/** The library's own kernels, for every backend. */
const KERNELS: AnyKernel[] = [
  MixtureMoments,
  MixtureNorm,
  MixtureNormFit,
  MixtureNormGrad,
  MixtureNormStart,
  MixtureResponsibilities,
  Normalization,
  NormalizationGiven,
  NormalizationGrad,
  UnsupervisedAdaptiveNorm,
  UnsupervisedAdaptiveNormGrad,
];

/** Kernels of TensorFlow.js that its 'wasm' backend lacks. */
const MISSING: AnyBinaryKernel[] = [
  Conv2DBackpropFilter,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  UnsortedSegmentSum,
];

for (const kernel of KERNELS) register(kernel);
for (const kernel of MISSING) {
  registerKernel({
    ...onWasm(kernel),
    setupFunc: () => replaceKernels(true),
    disposeFunc(backend) {
      const memory = memoryOf(backend as KernelBackend);
      if (memory) endThreads(memory);
    },
  });
}
replaceKernels(false);
