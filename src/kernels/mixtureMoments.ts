import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import { composedMoments } from "../composed/mixtureMoments.js";
import { MixtureMoments as binary } from "../jobs/mixtureMoments.js";
import type { KernelSpec } from "../registry/run.js";

export const MixtureMoments: KernelSpec<MixtureInputs, MixtureAttrs, MixtureView> = { ...binary, composed: composedMoments };
