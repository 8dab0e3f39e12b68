import { type KernelBackend, registerKernel } from "@tensorflow/tfjs-core";
import { Conv2DBackpropFilter } from "../kernels/conv2dBackpropFilter.js";
import { DepthwiseConv2dNativeBackpropFilter, DepthwiseConv2dNativeBackpropInput } from "../kernels/depthwiseConv2dBackprop.js";
import { memoryOf } from "../launch/inPlace.js";
import { endThreads } from "../launch/workerPools.js";
import "./gradients.js";
import { MixtureMoments } from "../kernels/mixtureMoments.js";
import { MixtureNorm } from "../kernels/mixtureNorm.js";
import { MixtureNormFit } from "../kernels/mixtureNormEStep.js";
import { MixtureNormGrad } from "../kernels/mixtureNormGrad.js";
import { MixtureNormStart } from "../kernels/mixtureNormKMeansInit.js";
import { MixtureResponsibilities } from "../kernels/mixtureResponsibilities.js";
import { Normalization, NormalizationGrad } from "../kernels/normalization.js";
import { NormalizationGiven } from "../kernels/normalizationInference.js";
import { UnsortedSegmentSum } from "../kernels/unsortedSegmentSum.js";
import { UnsupervisedAdaptiveNorm } from "../kernels/unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNormGrad } from "../kernels/unsupervisedAdaptiveNormGrad.js";
import { replaceKernels } from "./replacement.js";
import { type AnyBinaryKernel, type AnyKernel, onWasm, register } from "./run.js";

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
