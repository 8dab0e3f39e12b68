import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import { composedResponsibilities } from "../composed/mixtureResponsibilities.js";
import { MixtureResponsibilities as binary } from "../jobs/mixtureResponsibilities.js";
import type { KernelSpec } from "../registry/run.js";

export const MixtureResponsibilities: KernelSpec<MixtureInputs, MixtureAttrs, MixtureView> = {
  ...binary,
  composed: composedResponsibilities,
};
