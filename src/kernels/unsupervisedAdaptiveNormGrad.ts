import type { MixtureView, NormAttrs } from "../arguments.js";
import { composedNormGrad } from "../composed/unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNormGrad as binary, type NormGradInputs } from "../jobs/unsupervisedAdaptiveNormGrad.js";
import type { KernelSpec } from "../registry/run.js";

export const UnsupervisedAdaptiveNormGrad: KernelSpec<NormGradInputs, NormAttrs, MixtureView> = {
  ...binary,
  composed: composedNormGrad,
};
