// What tfjs-uan/standalone runs: index.ts has these too.
export { batch_moments_norm_finalize } from "./batchMomentsNorm/accumulate";
export {
  batch_moments_norm_grad_finalize,
  batch_moments_norm_grad_prepare,
  batch_moments_norm_grad_sums_finalize,
} from "./batchMomentsNorm/gradFinalize";
export {
  batch_moments_norm_accumulate,
  batch_moments_norm_apply,
  batch_moments_norm_grad_accumulate,
  batch_moments_norm_grad_apply,
} from "./batchMomentsNorm/passes";
export {
  batch_moments_norm_accumulator_count,
  batch_moments_norm_grad_accumulator_count,
  batch_moments_norm_prepare,
} from "./batchMomentsNorm/table";
export { mixture_prepare } from "./mixture/prepare";
export { mixture_merge, mixture_slot_count, mixture_table_bytes } from "./mixture/table";
export { mixture_moments_accumulate, mixture_moments_accumulator_count, mixture_moments_finalize } from "./mixtureMoments";
export { mixture_responsibilities_apply } from "./mixtureResponsibilities";
export { norm_grad_apply } from "./normalization/grad";
export { norm_moments_accumulate, norm_moments_merge } from "./normalization/moments";
export { chunkAlignment as walk_alignment } from "./simd/walk";
export { uan_grad_accumulator_count } from "./unsupervisedAdaptiveNorm/accumulators";
export { uan_apply } from "./unsupervisedAdaptiveNorm/apply";
export { uan_grad_apply } from "./unsupervisedAdaptiveNorm/grad";
export { uan_grad_finalize } from "./unsupervisedAdaptiveNorm/gradFinalize";
export {
  uan_standardized_apply,
  uan_standardized_finalize,
  uan_standardized_prepare,
  uan_standardized_table_bytes,
} from "./unsupervisedAdaptiveNorm/standardized";
export {
  uan_standardized_grad_apply,
  uan_standardized_grad_finalize,
  uan_standardized_grad_merge,
  uan_standardized_grad_prepare,
} from "./unsupervisedAdaptiveNorm/standardizedGrad";
