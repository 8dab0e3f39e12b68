import type { MixtureView, NormAttrs } from "../arguments.js";
import { composedNorm } from "../composed/unsupervisedAdaptiveNorm.js";
import { UnsupervisedAdaptiveNorm as binary, type NormInputs } from "../jobs/unsupervisedAdaptiveNorm.js";
import type { KernelSpec } from "../registry/run.js";

export const UnsupervisedAdaptiveNorm: KernelSpec<NormInputs, NormAttrs, MixtureView> = { ...binary, composed: composedNorm };
