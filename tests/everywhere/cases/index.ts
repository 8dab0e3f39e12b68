import type { Case } from "./case.js";
import { CONTRACTS } from "./contracts.js";
import { KERNELS } from "./kernels.js";
import { LAYER_CASES } from "./layers.js";
import { OPTIMIZERS } from "./optimizers.js";

/** All cases. */
export const CASES: Case[] = [...CONTRACTS, ...KERNELS, ...LAYER_CASES, ...OPTIMIZERS];
