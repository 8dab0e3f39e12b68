import type { Case } from "./case.js";
import { KERNELS } from "./kernels.js";
import { LAYER_CASES } from "./layers.js";
import { MIXTURE } from "./mixture.js";
import { MIXTURE_NORMALIZATION } from "./mixtureNormalization.js";
import { NORMALIZATION } from "./normalization.js";

/** All cases. */
export const CASES: Case[] = [...MIXTURE, ...NORMALIZATION, ...MIXTURE_NORMALIZATION, ...KERNELS, ...LAYER_CASES];
