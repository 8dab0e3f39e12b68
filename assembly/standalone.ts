// What tfjs-uan/standalone runs: index.ts has these too.
export { mixture_prepare } from "./mixture/prepare";
export { mixture_merge, mixture_slot_count, mixture_table_bytes } from "./mixture/table";
export { mixture_moments_accumulate, mixture_moments_accumulator_count, mixture_moments_finalize } from "./mixtureMoments";
export { mixture_responsibilities_apply } from "./mixtureResponsibilities";
export { chunkAlignment as walk_alignment } from "./simd/walk";
export { uan_grad_accumulator_count } from "./unsupervisedAdaptiveNorm/accumulators";
export { uan_apply } from "./unsupervisedAdaptiveNorm/apply";
export { uan_grad_apply } from "./unsupervisedAdaptiveNorm/grad";
export { uan_grad_finalize } from "./unsupervisedAdaptiveNorm/gradFinalize";
