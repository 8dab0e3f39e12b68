// What tfjs-uan/standalone runs: index.ts has these too.
export { mixture_add_sums, mixture_prepare, mixture_slots, mixture_table_bytes } from "./mixture/table";
export { mixture_moments, mixture_moments_finish, mixture_moments_sums } from "./mixtureMoments";
export { mixture_responsibilities } from "./mixtureResponsibilities";
export { period as walk_period } from "./simd/walk";
export { uan_forward } from "./unsupervisedAdaptiveNorm";
export { uan_backward, uan_backward_finish, uan_backward_sums } from "./unsupervisedAdaptiveNormGrad";
