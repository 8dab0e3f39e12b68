export { mixture_add_sums, mixture_prepare, mixture_slots, mixture_table_bytes } from "./mixture/table";
export { period as walk_period } from "./simd/walk";
export { uan_forward } from "./unsupervisedAdaptiveNorm";
export { uan_backward, uan_backward_finish, uan_backward_sums } from "./unsupervisedAdaptiveNormGrad";
export { mixture_moments, mixture_moments_finish, mixture_moments_sums } from "./mixtureMoments";
export { mixture_responsibilities } from "./mixtureResponsibilities";
export {
  norm_add_gradients, norm_add_sums, norm_backward, norm_backward_finish, norm_backward_prepare, norm_center, norm_forward, norm_given, norm_moments_finish, norm_sums, norm_sums_finish,
} from "./normalization/channels";
export { norm_add_moments, norm_moments } from "./normalization/moments";
export { norm_slabs_backward, norm_slabs_forward } from "./normalization/slabs";
export { norm_clear, norm_prepare, norm_table_bytes } from "./normalization/table";
export { mixture_norm_fit, mixture_norm_moments } from "./mixtureNorm/fit";
export {
  mixture_norm_backward, mixture_norm_backward_finish, mixture_norm_backward_sums, mixture_norm_forward,
} from "./mixtureNorm/norm";
export { mixture_norm_sample, mixture_norm_sample_bytes, mixture_norm_start } from "./mixtureNorm/start";
export { mixture_norm_prepare, mixture_norm_table_bytes } from "./mixtureNorm/table";
export { conv2d_backprop_filter } from "./convolution/conv2dBackpropFilter";
export { conv2d_backprop_input } from "./convolution/conv2dBackpropInput";
export { depthwise_backprop_filter, depthwise_backprop_input } from "./convolution/depthwise";
export { convolution_plan } from "./convolution/plan";
export { average_pool_grad, max_pool_grad } from "./convolution/pooling";
export { unsorted_segment_sum } from "./unsortedSegmentSum";
