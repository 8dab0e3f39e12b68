import "./gradients.js";
import { type AnyKernel, register } from "./kernel.js";
import { MixtureMoments } from "./mixtureMoments.js";
import { MixtureResponsibilities } from "./mixtureResponsibilities.js";
import { UnsupervisedAdaptiveNorm } from "./unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNormGrad } from "./unsupervisedAdaptiveNormGrad.js";

/** Every kernel of the library. */
const KERNELS: AnyKernel[] = [MixtureMoments, MixtureResponsibilities, UnsupervisedAdaptiveNorm, UnsupervisedAdaptiveNormGrad];

for (const kernel of KERNELS) register(kernel);
