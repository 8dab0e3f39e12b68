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
export { broadcast_apply, broadcast_scratch_bytes, broadcast_table_bytes } from "./broadcast";
export { conv2d_apply } from "./convolution/conv2d";
export { conv2d_backprop_filter_accumulate, conv2d_backprop_filter_finalize } from "./convolution/conv2dBackpropFilter";
export { conv2d_backprop_input_apply, conv2d_backprop_input_filter_apply } from "./convolution/conv2dBackpropInput";
export { conv3d_apply, conv3d_filter_apply } from "./convolution/conv3d";
export {
  conv3d_backprop_filter_accumulate,
  conv3d_backprop_filter_apply,
  conv3d_backprop_filter_finalize,
  conv3d_backprop_filter_merge,
  conv3d_backprop_filter_reset,
  conv3d_backprop_input_apply,
  conv3d_backprop_input_filter_apply,
} from "./convolution/conv3dBackprop";
export {
  depthwise_apply,
  depthwise_backprop_filter_accumulate,
  depthwise_backprop_filter_finalize,
  depthwise_backprop_filter_merge,
  depthwise_backprop_filter_prepare,
  depthwise_backprop_input_apply,
} from "./convolution/depthwise";
export { convolution_table_bytes, gemm_column_count } from "./convolution/plan";
export {
  average_pool_apply,
  average_pool_grad_apply,
  max_pool_apply,
  max_pool_grad_apply,
  max_pool3d_grad_apply,
} from "./convolution/pooling";
export { copy_apply, fill_apply, gather_apply, gather_check } from "./copy";
export {
  mat_mul_accumulate,
  mat_mul_apply,
  mat_mul_columns_apply,
  mat_mul_finalize,
  mat_mul_merge,
  mat_mul_reset,
} from "./matMul/apply";
export { mat_mul_scratch_bytes, mat_mul_table_bytes } from "./matMul/plan";
export { mixture_prepare } from "./mixture/prepare";
export { mixture_merge, mixture_slot_count, mixture_table_bytes } from "./mixture/table";
export { mixture_moments_accumulate, mixture_moments_accumulator_count, mixture_moments_finalize } from "./mixtureMoments";
export { mixture_norm_merge } from "./mixtureNorm/accumulate";
export { mixture_norm_apply } from "./mixtureNorm/apply";
export { mixture_norm_e_step_accumulate, mixture_norm_e_step_apply, mixture_norm_m_step_finalize } from "./mixtureNorm/em";
export { mixture_norm_grad_accumulate, mixture_norm_grad_apply, mixture_norm_grad_finalize } from "./mixtureNorm/grad";
export {
  mixture_norm_kmeans_accumulate,
  mixture_norm_kmeans_finalize,
  mixture_norm_kmeans_scratch_bytes,
} from "./mixtureNorm/kmeansInit";
export { mixture_norm_prepare, mixture_norm_table_bytes } from "./mixtureNorm/table";
export { mixture_responsibilities_apply } from "./mixtureResponsibilities";
export { norm_apply, norm_inference_prepare, norm_moments_finalize } from "./normalization/apply";
export {
  norm_grad_accumulate,
  norm_grad_apply,
  norm_grad_finalize,
  norm_grad_merge,
  norm_grad_params_finalize,
  norm_grad_params_merge,
  norm_grad_params_reset,
  norm_grad_prepare,
} from "./normalization/grad";
export { norm_inference_apply } from "./normalization/inference";
export { norm_moments_accumulate, norm_moments_merge } from "./normalization/moments";
export { norm_shrink_finalize } from "./normalization/shrink";
export { norm_grad_slices_apply, norm_slices_apply } from "./normalization/slices";
export { norm_moments_reset, norm_prepare, norm_rms_prepare, norm_table_bytes } from "./normalization/table";
export { adam_update_apply, adam_update_prepare, adam_update_table_bytes } from "./optimizer/adamUpdate";
export {
  sgd_update_apply,
  sgd_update_momentum_apply,
  sgd_update_prepare,
  sgd_update_table_bytes,
} from "./optimizer/sgdUpdate";
export {
  reduction_accumulate,
  reduction_apply,
  reduction_finalize,
  reduction_merge,
  reduction_prepare,
  reduction_table_bytes,
} from "./reduction";
export { select_apply } from "./select";
export { chunkAlignment as walk_alignment } from "./simd/walk";
export { softmax_apply, softmax_grad_apply, softmax_prepare, softmax_table_bytes } from "./softmax";
export { unary_apply, unary_prepare, unary_table_bytes } from "./unary";
export {
  unsorted_segment_sum_accumulate,
  unsorted_segment_sum_prepare,
  unsorted_segment_sum_reset,
  unsorted_segment_sum_table_bytes,
} from "./unsortedSegmentSum";
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
export { winograd_apply } from "./winograd/apply";
export { winograd_backprop_filter_accumulate, winograd_backprop_filter_apply } from "./winograd/backpropFilter";
export {
  winograd_backprop_filter_scratch_bytes,
  winograd_scratch_bytes,
  winograd_shared_bytes,
  winograd_table_bytes,
} from "./winograd/plan";
export { winograd_filter_apply } from "./winograd/transforms";
