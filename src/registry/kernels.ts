import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import { composedActivationGrad } from "../composed/activationGrad.js";
import { composedBatchMomentsNorm, composedBatchMomentsNormGrad } from "../composed/batchMomentsNorm.js";
import { composedMixtureMoments } from "../composed/mixtureMoments.js";
import { composedEStep, composedKMeansInit, composedMixtureNorm, composedMixtureNormGrad } from "../composed/mixtureNorm.js";
import { composedMixtureResponsibilities } from "../composed/mixtureResponsibilities.js";
import {
  composedNormalization,
  composedNormalizationGrad,
  composedNormalizationInference,
  composedNormalizationInferenceGrad,
} from "../composed/normalization.js";
import { composedAdamUpdate, composedMomentumUpdate, composedSgdUpdate } from "../composed/optimizers.js";
import { composedShrunkNormalization, composedShrunkNormalizationGrad } from "../composed/shrunkNormalization.js";
import { composedStandardizedMixtureNorm, composedStandardizedMixtureNormGrad } from "../composed/standardizedMixtureNorm.js";
import type { Tensors } from "../composed/tensors.js";
import { composedUnsupervisedAdaptiveNorm, composedUnsupervisedAdaptiveNormGrad } from "../composed/unsupervisedAdaptiveNorm.js";
import { ActivationGrad } from "../kernels/activationGrad.js";
import { AdamUpdate } from "../kernels/adamUpdate.js";
import { BatchMomentsNorm, BatchMomentsNormGrad } from "../kernels/batchMomentsNorm.js";
import {
  Equal,
  FloorDiv,
  Greater,
  GreaterEqual,
  Less,
  LessEqual,
  LogicalAnd,
  LogicalOr,
  LogicalXor,
  Maximum,
  Minimum,
  NotEqual,
} from "../kernels/broadcast.js";
import { Conv2D, FusedConv2D } from "../kernels/conv2d.js";
import { Conv2DBackpropFilter } from "../kernels/conv2dBackpropFilter.js";
import { Conv2DBackpropInput } from "../kernels/conv2dBackpropInput.js";
import { Conv3D } from "../kernels/conv3d.js";
import { Conv3DBackpropFilterV2, Conv3DBackpropInputV2 } from "../kernels/conv3dBackprop.js";
import type { AnyKernel, AnyNamesakeKernel, KernelDeclaration } from "../kernels/declaration.js";
import { DepthwiseConv2dNative, FusedDepthwiseConv2D } from "../kernels/depthwiseConv2d.js";
import { DepthwiseConv2dNativeBackpropFilter, DepthwiseConv2dNativeBackpropInput } from "../kernels/depthwiseConv2dBackprop.js";
import { BatchMatMul, FusedMatMul } from "../kernels/matMul.js";
import { MixtureMoments } from "../kernels/mixtureMoments.js";
import { MixtureNorm, MixtureNormGrad } from "../kernels/mixtureNorm.js";
import { MixtureNormEStep } from "../kernels/mixtureNormEStep.js";
import { MixtureNormKMeansInit } from "../kernels/mixtureNormKMeansInit.js";
import { MixtureResponsibilities } from "../kernels/mixtureResponsibilities.js";
import {
  type AnyMovingKernel,
  BatchToSpaceND,
  Cast,
  Concat,
  DepthToSpace,
  GatherV2,
  Identity,
  Pack,
  PadV2,
  Reverse,
  Slice,
  SpaceToBatchND,
  SplitV,
  StridedSlice,
  Tile,
  Transpose,
  Unpack,
} from "../kernels/moving.js";
import { Normalization, NormalizationGrad } from "../kernels/normalization.js";
import { FusedBatchNorm, NormalizationInference, NormalizationInferenceGrad } from "../kernels/normalizationInference.js";
import { AvgPool, MaxPool } from "../kernels/pool.js";
import { AvgPool3D, AvgPool3DGrad, MaxPool3D, MaxPool3DGrad } from "../kernels/pool3d.js";
import { AvgPoolGrad, MaxPoolGrad } from "../kernels/poolGrad.js";
import { Max, Mean, Min, Prod, Sum } from "../kernels/reduction.js";
import { Select } from "../kernels/select.js";
import { MomentumUpdate, SgdUpdate } from "../kernels/sgdUpdate.js";
import { ShrunkNormalization, ShrunkNormalizationGrad } from "../kernels/shrunkNormalization.js";
import { Softmax } from "../kernels/softmax.js";
import { StandardizedMixtureNorm, StandardizedMixtureNormGrad } from "../kernels/standardizedMixtureNorm.js";
import { Elu, Erf, Exp, Expm1, LeakyRelu, Log, Rsqrt, Selu, Sigmoid, Softplus, Sqrt, Tanh } from "../kernels/unary.js";
import { UnsortedSegmentSum } from "../kernels/unsortedSegmentSum.js";
import { UnsupervisedAdaptiveNorm, UnsupervisedAdaptiveNormGrad } from "../kernels/unsupervisedAdaptiveNorm.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import type { WebGPUBackend } from "../tensorflow/webgpu.js";
import { webglBatchMomentsNorm, webglBatchMomentsNormGrad } from "../webgl/batchMomentsNorm.js";
import { webglMixtureMoments, webglMixtureResponsibilities } from "../webgl/mixtureMoments.js";
import { webglMixtureNorm, webglMixtureNormGrad } from "../webgl/mixtureNorm.js";
import { webglMixtureNormEStep } from "../webgl/mixtureNormEStep.js";
import {
  webglNormalization,
  webglNormalizationGrad,
  webglShrunkNormalization,
  webglShrunkNormalizationGrad,
} from "../webgl/normalization.js";
import { webglNormalizationInference, webglNormalizationInferenceGrad } from "../webgl/normalizationInference.js";
import {
  webglStandardizedMixtureNorm,
  webglStandardizedMixtureNormGrad,
  webglUnsupervisedAdaptiveNorm,
  webglUnsupervisedAdaptiveNormGrad,
} from "../webgl/unsupervisedAdaptiveNorm.js";
import { webgpuBatchMomentsNorm } from "../webgpu/batchMomentsNorm.js";
import { webgpuBatchMomentsNormGrad } from "../webgpu/batchMomentsNormGrad.js";
import { webgpuMixtureMoments, webgpuMixtureResponsibilities } from "../webgpu/mixtureMoments.js";
import { webgpuMixtureNorm, webgpuMixtureNormGrad } from "../webgpu/mixtureNorm.js";
import { webgpuEStep } from "../webgpu/mixtureNormEStep.js";
import { webgpuKMeansInit } from "../webgpu/mixtureNormKMeansInit.js";
import {
  webgpuNormalization,
  webgpuNormalizationGrad,
  webgpuShrunkNormalization,
  webgpuShrunkNormalizationGrad,
} from "../webgpu/normalization.js";
import { webgpuNormalizationInference, webgpuNormalizationInferenceGrad } from "../webgpu/normalizationInference.js";
import {
  webgpuStandardizedMixtureNorm,
  webgpuStandardizedMixtureNormGrad,
  webgpuUnsupervisedAdaptiveNorm,
  webgpuUnsupervisedAdaptiveNormGrad,
} from "../webgpu/unsupervisedAdaptiveNorm.js";

// The list of all kernels. The plan of a kernel's declaration is its form for the binary.

/** The forms of a kernel beside its plan. */
export interface KernelForms<I, A, V> {
  /** TensorFlow.js operations: runs on every backend, and can be differentiated. */
  composed(inputs: Tensors<I>, attrs: A, view: V): Tensor | Tensor[];
  /**
   * Numbers in an input up to which the binary is faster, over copies, than native TensorFlow composes the kernel on the CPU. Default: any.
   */
  maxCopied?: number;
  /** Programs for these backends, or undefined where the composed form is to do it. Default: the composed form. */
  webgpu?(backend: WebGPUBackend, inputs: I, attrs: A, view: V): TensorInfo[] | undefined;
  webgl?(backend: WebGLBackend, inputs: I, attrs: A, view: V): TensorInfo[] | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of kernels holds forms of different inputs and attributes
export type AnyForms = KernelForms<any, any, any>;

// Numbers in a tensor up to which copies pay, measured on two cores: see `maxCopied`. A step of an optimizer does next to nothing with a
// number; a normalization does little, and where its tensors leave the caches the copies cost as much as TensorFlow's operations.
const MAX_COPIED_SGD = 2 ** 12;
const MAX_COPIED_ADAM = 2 ** 17;
const MAX_COPIED_INFERENCE = 2 ** 16;
const MAX_COPIED_K_MEANS = 2 ** 21;
const MAX_COPIED_NORMALIZATION = 2 ** 20;

const OWN = new Map<AnyKernel, AnyForms>();

function add<I, A, V>(kernel: KernelDeclaration<I, A, V>, forms: KernelForms<I, A, V>): void {
  OWN.set(kernel, forms);
}

add(AdamUpdate, { composed: composedAdamUpdate, maxCopied: MAX_COPIED_ADAM });
add(ActivationGrad, { composed: composedActivationGrad });
add(BatchMomentsNorm, { composed: composedBatchMomentsNorm, webgpu: webgpuBatchMomentsNorm, webgl: webglBatchMomentsNorm });
add(BatchMomentsNormGrad, {
  composed: composedBatchMomentsNormGrad,
  webgpu: webgpuBatchMomentsNormGrad,
  webgl: webglBatchMomentsNormGrad,
});
add(MixtureMoments, { composed: composedMixtureMoments, webgpu: webgpuMixtureMoments, webgl: webglMixtureMoments });
add(MixtureNorm, { composed: composedMixtureNorm, webgpu: webgpuMixtureNorm, webgl: webglMixtureNorm });
add(MixtureNormEStep, { composed: composedEStep, webgpu: webgpuEStep, webgl: webglMixtureNormEStep });
add(MixtureNormGrad, { composed: composedMixtureNormGrad, webgpu: webgpuMixtureNormGrad, webgl: webglMixtureNormGrad });
add(MixtureNormKMeansInit, { composed: composedKMeansInit, maxCopied: MAX_COPIED_K_MEANS, webgpu: webgpuKMeansInit });
add(MixtureResponsibilities, {
  composed: composedMixtureResponsibilities,
  webgpu: webgpuMixtureResponsibilities,
  webgl: webglMixtureResponsibilities,
});
add(MomentumUpdate, { composed: composedMomentumUpdate, maxCopied: MAX_COPIED_SGD });
add(Normalization, {
  composed: composedNormalization,
  maxCopied: MAX_COPIED_NORMALIZATION,
  webgpu: webgpuNormalization,
  webgl: webglNormalization,
});
add(NormalizationGrad, {
  composed: composedNormalizationGrad,
  maxCopied: MAX_COPIED_NORMALIZATION,
  webgpu: webgpuNormalizationGrad,
  webgl: webglNormalizationGrad,
});
add(NormalizationInference, {
  composed: composedNormalizationInference,
  maxCopied: MAX_COPIED_INFERENCE,
  webgpu: webgpuNormalizationInference,
  webgl: webglNormalizationInference,
});
add(NormalizationInferenceGrad, {
  composed: composedNormalizationInferenceGrad,
  webgpu: webgpuNormalizationInferenceGrad,
  webgl: webglNormalizationInferenceGrad,
});
add(SgdUpdate, { composed: composedSgdUpdate, maxCopied: MAX_COPIED_SGD });
add(ShrunkNormalization, {
  composed: composedShrunkNormalization,
  maxCopied: MAX_COPIED_NORMALIZATION,
  webgpu: webgpuShrunkNormalization,
  webgl: webglShrunkNormalization,
});
add(ShrunkNormalizationGrad, {
  composed: composedShrunkNormalizationGrad,
  maxCopied: MAX_COPIED_NORMALIZATION,
  webgpu: webgpuShrunkNormalizationGrad,
  webgl: webglShrunkNormalizationGrad,
});
add(StandardizedMixtureNorm, {
  composed: composedStandardizedMixtureNorm,
  webgpu: webgpuStandardizedMixtureNorm,
  webgl: webglStandardizedMixtureNorm,
});
add(StandardizedMixtureNormGrad, {
  composed: composedStandardizedMixtureNormGrad,
  webgpu: webgpuStandardizedMixtureNormGrad,
  webgl: webglStandardizedMixtureNormGrad,
});
add(UnsupervisedAdaptiveNorm, {
  composed: composedUnsupervisedAdaptiveNorm,
  webgpu: webgpuUnsupervisedAdaptiveNorm,
  webgl: webglUnsupervisedAdaptiveNorm,
});
add(UnsupervisedAdaptiveNormGrad, {
  composed: composedUnsupervisedAdaptiveNormGrad,
  webgpu: webgpuUnsupervisedAdaptiveNormGrad,
  webgl: webglUnsupervisedAdaptiveNormGrad,
});

/** The library's own kernels, for every backend, with their forms. */
export const OWN_KERNELS: ReadonlyMap<AnyKernel, AnyForms> = OWN;

/** Kernels of TensorFlow.js that its 'wasm' backend lacks. */
export const MISSING_KERNELS: AnyNamesakeKernel[] = [
  Conv2DBackpropFilter,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  UnsortedSegmentSum,
];

/** Kernels that take the place of those of the 'wasm' backend. */
export const REPLACING_KERNELS: AnyNamesakeKernel[] = [
  AvgPool,
  AvgPool3D,
  AvgPool3DGrad,
  AvgPoolGrad,
  BatchMatMul,
  Conv2DBackpropInput,
  Conv3D,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  Elu,
  Equal,
  Erf,
  Exp,
  Expm1,
  FloorDiv,
  FusedBatchNorm,
  FusedMatMul,
  Greater,
  GreaterEqual,
  LeakyRelu,
  Less,
  LessEqual,
  Log,
  LogicalAnd,
  LogicalOr,
  LogicalXor,
  Max,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  Maximum,
  Mean,
  Min,
  Minimum,
  NotEqual,
  Prod,
  Rsqrt,
  Select,
  Selu,
  Sigmoid,
  Softmax,
  Softplus,
  Sqrt,
  Sum,
  Tanh,
];

/**
 * Convolutions of the 'wasm' backend that run by its own kernels, and that the library mends: whether they are depthwise, and the kernel
 * that takes the calls that the backend's is slower at.
 */
export const MENDED_CONVOLUTIONS: { [kernelName: string]: { depthwise: boolean; faster?: AnyNamesakeKernel } } = {
  Conv2D: { depthwise: false, faster: Conv2D },
  FusedConv2D: { depthwise: false, faster: FusedConv2D },
  DepthwiseConv2dNative: { depthwise: true, faster: DepthwiseConv2dNative },
  FusedDepthwiseConv2D: { depthwise: true, faster: FusedDepthwiseConv2D },
};

/** Kernels that take the place of those of the 'wasm' backend that move elements. */
export const MOVING_KERNELS: AnyMovingKernel[] = [
  BatchToSpaceND,
  Cast,
  Concat,
  DepthToSpace,
  GatherV2,
  Identity,
  Pack,
  PadV2,
  Reverse,
  Slice,
  SpaceToBatchND,
  SplitV,
  StridedSlice,
  Tile,
  Transpose,
  Unpack,
];
