import type { DataId, TensorInfo } from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { bindBinary } from "../../src/binary/module.js";
import { ActivationGrad } from "../../src/kernels/activationGrad.js";
import { AdamUpdate } from "../../src/kernels/adamUpdate.js";
import { Maximum, Minimum } from "../../src/kernels/broadcast.js";
import { FusedConv2D } from "../../src/kernels/conv2d.js";
import { Conv2DBackpropFilter } from "../../src/kernels/conv2dBackpropFilter.js";
import { Conv2DBackpropInput } from "../../src/kernels/conv2dBackpropInput.js";
import { Conv3D } from "../../src/kernels/conv3d.js";
import { Conv3DBackpropFilterV2, Conv3DBackpropInputV2 } from "../../src/kernels/conv3dBackprop.js";
import type { AnyBinaryKernel } from "../../src/kernels/declaration.js";
import { FusedDepthwiseConv2D } from "../../src/kernels/depthwiseConv2d.js";
import {
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
} from "../../src/kernels/depthwiseConv2dBackprop.js";
import { BatchMatMul, FusedMatMul } from "../../src/kernels/matMul.js";
import { MixtureMoments } from "../../src/kernels/mixtureMoments.js";
import { MixtureNorm, MixtureNormGrad } from "../../src/kernels/mixtureNorm.js";
import { MixtureNormEStep } from "../../src/kernels/mixtureNormEStep.js";
import { MixtureResponsibilities } from "../../src/kernels/mixtureResponsibilities.js";
import { Normalization, NormalizationGrad } from "../../src/kernels/normalization.js";
import { NormalizationInference } from "../../src/kernels/normalizationInference.js";
import { AvgPool, MaxPool } from "../../src/kernels/pool.js";
import { AvgPool3D, AvgPool3DGrad, MaxPool3D, MaxPool3DGrad } from "../../src/kernels/pool3d.js";
import { AvgPoolGrad, MaxPoolGrad } from "../../src/kernels/poolGrad.js";
import { Max, Mean, Prod, Sum } from "../../src/kernels/reduction.js";
import { MomentumUpdate } from "../../src/kernels/sgdUpdate.js";
import { ShrunkNormalization, ShrunkNormalizationGrad } from "../../src/kernels/shrunkNormalization.js";
import { Softmax } from "../../src/kernels/softmax.js";
import { StandardizedMixtureNorm, StandardizedMixtureNormGrad } from "../../src/kernels/standardizedMixtureNorm.js";
import { Elu, Sigmoid, Tanh } from "../../src/kernels/unary.js";
import { UnsortedSegmentSum } from "../../src/kernels/unsortedSegmentSum.js";
import { UnsupervisedAdaptiveNorm, UnsupervisedAdaptiveNormGrad } from "../../src/kernels/unsupervisedAdaptiveNorm.js";
import { runInPlace } from "../../src/launch/inPlace.js";
import { chunkCount } from "../../src/launch/launch.js";
import { setThreadCount, workerPoolOver } from "../../src/launch/workerPools.js";
import type { WasmBackend } from "../../src/tensorflow/wasmHeap.js";

/** What the library wants of the WASM backend, over a memory of its own that is shared or is not. Nothing is ever freed. */
class Heap {
  readonly memory: WebAssembly.Memory;
  private end = 64;
  private readonly places = new Map<DataId, number>();

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: 512, maximum: 65536, shared });
  }

  readonly wasm = {
    _malloc: (bytes: number) => {
      const at = this.end;
      this.end += Math.ceil(bytes / 8) * 8;
      return at;
    },
    _free: () => {},
  };

  makeOutput(shape: number[]): TensorInfo {
    const dataId = {};
    this.places.set(dataId, this.wasm._malloc(4 * shape.reduce((a, b) => a * b, 1)));
    return { dataId, shape, dtype: "float32" };
  }

  getMemoryOffset(dataId: DataId): number {
    return this.places.get(dataId) as number;
  }

  disposeData(): void {}

  put(shape: number[], values: Float32Array | Int32Array): TensorInfo {
    const tensor = this.makeOutput(shape);
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    new Uint32Array(this.memory.buffer, this.getMemoryOffset(tensor.dataId), words.length).set(words);
    return { ...tensor, dtype: values instanceof Int32Array ? "int32" : "float32" };
  }

  values({ dataId, shape }: TensorInfo): Float32Array {
    return new Float32Array(
      this.memory.buffer,
      this.getMemoryOffset(dataId),
      shape.reduce((a, b) => a * b, 1),
    );
  }
}

type Values = { [input: string]: [shape: number[], values: Float32Array | Int32Array] };

/** A kernel's outputs over a memory of that kind. */
function outputs(kernel: AnyBinaryKernel, values: Values, attrs: object, heap: Heap): Float32Array[] {
  const inputs = Object.fromEntries(Object.entries(values).map(([name, [shape, array]]) => [name, heap.put(shape, array)]));
  const backend = heap as unknown as WasmBackend;
  const infos = runInPlace(backend, heap.memory, (binary) => {
    const plan = kernel.plan(binary, inputs, attrs, kernel.check(inputs, attrs));
    expect(chunkCount(plan)).toBeGreaterThan(1);
    return plan;
  });
  return infos.map((info) => heap.values(info).slice());
}

const random = generator(1);
const shape = [8, 24, 25, 14];
const numbers = (...shape: number[]): [number[], Float32Array] => [
  shape,
  normal(
    random,
    shape.reduce((a, b) => a * b, 1),
  ),
];
const positive = (...shape: number[]): [number[], Float32Array] => [
  shape,
  uniform(
    random,
    shape.reduce((a, b) => a * b, 1),
    0.2,
    2,
  ),
];

const mixture = { x: numbers(...shape), mean: numbers(3, 14), variance: positive(3, 14), prior: positive(3) };
const uan = { axis: -1, epsilon: 1e-3 };
const samples = { slices: 8, outer: 600, channels: 14, inner: 1, groups: 2, epsilon: 1e-3 };
const batch = { slices: 1, outer: 4800, channels: 14, inner: 1, groups: 14, epsilon: 1e-3 };
const channelsFirst = { slices: 1, outer: 8, channels: 24, inner: 350, groups: 24, epsilon: 1e-3 };
const perChannel = { gamma: numbers(14), beta: numbers(14) };

const prior: Values = { priorMean: numbers(14), priorVariance: positive(14), priorMass: [[], Float32Array.of(2)] };

/** Wide: so that squares of distances are not large, which are added in another order without SIMD. */
const rowMixture: Values = {
  mean: mixture.mean,
  variance: [[3, 14], uniform(random, 3 * 14, 3, 6)],
  prior: mixture.prior,
};
const dilated = { strides: 1, pad: "valid", dilations: [2, 1, 3] };

const CASES: [string, AnyBinaryKernel, Values, object][] = [
  ["UAN", UnsupervisedAdaptiveNorm, { ...mixture, ...perChannel }, uan],
  ["UAN, ucb", UnsupervisedAdaptiveNorm, mixture, { ...uan, formula: "ucb" }],
  ["UAN's gradient", UnsupervisedAdaptiveNormGrad, { ...mixture, dy: numbers(...shape), gamma: perChannel.gamma }, uan],
  [
    "UAN's gradient along axis 1",
    UnsupervisedAdaptiveNormGrad,
    { ...mixture, mean: numbers(2, 24), variance: positive(2, 24), prior: positive(2), dy: numbers(...shape) },
    { ...uan, axis: 1 },
  ],
  ["UAN, standardized", StandardizedMixtureNorm, { ...mixture, ...perChannel, ...prior }, uan],
  [
    "the gradient of UAN, standardized",
    StandardizedMixtureNormGrad,
    {
      ...{ ...mixture, dy: positive(...shape), gamma: positive(14) },
      standard: positive(6, 14),
    },
    uan,
  ],
  ["batch normalization with a prior mass", ShrunkNormalization, { x: mixture.x, ...perChannel, ...prior }, batch],
  [
    "the gradient of batch normalization with a prior mass",
    ShrunkNormalizationGrad,
    {
      ...{ x: mixture.x, dy: numbers(...shape), gamma: perChannel.gamma, ...prior },
      ...{ mean: numbers(14), variance: positive(14), residual: numbers(14) },
    },
    batch,
  ],
  ["responsibilities", MixtureResponsibilities, mixture, uan],
  ["moments", MixtureMoments, mixture, uan],
  ["batch normalization", Normalization, { x: mixture.x, ...perChannel }, batch],
  [
    "batch normalization's gradient",
    NormalizationGrad,
    {
      x: mixture.x,
      dy: numbers(...shape),
      mean: numbers(1, 14),
      variance: positive(1, 14),
      residual: numbers(1, 14),
      gamma: perChannel.gamma,
    },
    batch,
  ],
  [
    "batch normalization's gradient along axis 1",
    NormalizationGrad,
    { x: mixture.x, dy: numbers(...shape), mean: numbers(1, 24), variance: positive(1, 24), residual: numbers(1, 24) },
    channelsFirst,
  ],
  [
    "batch normalization at inference",
    NormalizationInference,
    { x: mixture.x, mean: numbers(14), variance: positive(14), ...perChannel },
    batch,
  ],
  ["sums of columns", Sum, { x: numbers(4800, 14) }, { axis: 0 }],
  ["means of many columns", Mean, { x: numbers(100, 672) }, { axis: 0 }],
  ["maxima of all", Max, { x: mixture.x }, { reductionIndices: null }],
  ["sums of images' channels", Sum, { x: mixture.x }, { axis: [1, 2] }],
  ["hyperbolic tangents", Tanh, { x: mixture.x }, {}],
  ["sigmoids", Sigmoid, { x: mixture.x }, {}],
  ["exponential linear units", Elu, { x: mixture.x }, {}],
  ["softmax of long rows", Softmax, { logits: numbers(131, 1003) }, { dim: 1 }],
  ["softmax of short rows", Softmax, { logits: numbers(13, 1717, 3) }, { dim: 2 }],
  ["the gradient of softmax", ActivationGrad, { dy: numbers(271, 130), x: positive(271, 130) }, { activation: "Softmax" }],
  ["maxima of pairs", Maximum, { a: mixture.x, b: numbers(...shape) }, {}],
  ["maxima of pairs, broadcast", Maximum, { a: mixture.x, b: numbers(24, 1, 14) }, {}],
  ["minima of pairs of long rows, broadcast", Minimum, { a: numbers(40, 1), b: numbers(1700) }, {}],
  ["products of every other axis", Prod, { x: numbers(30, 8, 40, 7) }, { axis: [0, 2] }],
  ["group normalization", Normalization, { x: mixture.x, ...perChannel }, samples],
  [
    "group normalization's gradient",
    NormalizationGrad,
    {
      x: mixture.x,
      dy: numbers(...shape),
      mean: numbers(8, 2),
      variance: positive(8, 2),
      residual: numbers(8, 2),
      gamma: perChannel.gamma,
    },
    samples,
  ],
  [
    "a matrix product",
    FusedMatMul,
    { a: numbers(200, 301), b: numbers(300, 200), bias: numbers(300) },
    { transposeA: true, transposeB: true, activation: "relu" },
  ],
  [
    "a matrix product of few rows, by columns",
    FusedMatMul,
    { a: numbers(9, 700), b: numbers(700, 517), bias: numbers(517), preluActivationWeights: numbers(517) },
    { activation: "prelu" },
  ],
  ["a product of a row, by columns", BatchMatMul, { a: numbers(1, 3000), b: numbers(3000, 1030) }, {}],
  [
    "a product with a transposed matrix, by columns",
    BatchMatMul,
    { a: numbers(33, 600), b: numbers(200, 600) },
    { transposeB: true },
  ],
  [
    "a matrix product with many shared numbers, by these",
    FusedMatMul,
    { a: numbers(5003, 37), b: numbers(5003, 29), bias: numbers(29) },
    { transposeA: true, activation: "relu" },
  ],
  ["a product of few transposed rows", BatchMatMul, { a: numbers(600, 100), b: numbers(600, 57) }, { transposeA: true }],
  ["a product of transposed rows", BatchMatMul, { a: numbers(300, 150), b: numbers(300, 97) }, { transposeA: true }],
  ["a product with a column", BatchMatMul, { a: numbers(2050, 1100), b: numbers(1100, 1) }, {}],
  [
    "a convolution after Winograd",
    FusedConv2D,
    { x: numbers(5, 31, 30, 12), filter: numbers(3, 3, 12, 33), bias: numbers(33) },
    { strides: 1, pad: "same", activation: "relu" },
  ],
  [
    "the gradient of its input",
    Conv2DBackpropInput,
    { dy: numbers(5, 31, 30, 33), filter: numbers(3, 3, 12, 33) },
    { strides: 1, pad: "same", inputShape: [5, 31, 30, 12] },
  ],
  [
    "the gradient of its filter",
    Conv2DBackpropFilter,
    { x: numbers(5, 31, 29, 13), dy: numbers(5, 31, 29, 33) },
    { strides: 1, pad: "same", filterShape: [3, 3, 13, 33] },
  ],
  [
    "the gradient of a wide filter after Winograd",
    Conv2DBackpropFilter,
    { x: numbers(1, 16, 15, 34), dy: numbers(1, 14, 13, 141) },
    { strides: 1, pad: "valid", filterShape: [3, 3, 34, 141] },
  ],
  [
    "a convolution by the taps",
    FusedConv2D,
    { x: numbers(3, 41, 79, 3), filter: numbers(5, 5, 3, 32), bias: numbers(32) },
    {
      strides: [2, 1],
      pad: [
        [0, 0],
        [4, 4],
        [3, 2],
        [0, 0],
      ],
      dimRoundingMode: "floor",
      activation: "relu6",
    },
  ],
  [
    "the gradient of its input by the taps",
    Conv2DBackpropInput,
    { dy: numbers(3, 20, 40, 21), filter: numbers(5, 3, 13, 21) },
    { strides: [2, 1], pad: "same", inputShape: [3, 39, 40, 13] },
  ],
  [
    "the gradient of its input, dilated, with few channels",
    Conv2DBackpropInput,
    { dy: numbers(5, 35, 28, 24), filter: numbers(5, 5, 2, 24) },
    { strides: 1, pad: "same", dilations: [2, 1], inputShape: [5, 35, 28, 2] },
  ],
  [
    "the gradient of its input, channels first",
    Conv2DBackpropInput,
    { dy: numbers(5, 24, 30, 31), filter: numbers(5, 5, 6, 24) },
    { strides: 1, pad: "same", dataFormat: "NCHW", inputShape: [5, 6, 30, 31] },
  ],
  [
    "the gradient of its filter by the taps",
    Conv2DBackpropFilter,
    { x: numbers(7, 39, 40, 3), dy: numbers(7, 20, 40, 37) },
    { strides: [2, 1], pad: "same", filterShape: [5, 3, 3, 37] },
  ],
  [
    "the gradient of its filter, of one image, channels first",
    Conv2DBackpropFilter,
    { x: numbers(1, 13, 41, 40), dy: numbers(1, 21, 37, 36) },
    { strides: 1, pad: "valid", dataFormat: "NCHW", filterShape: [5, 5, 13, 21] },
  ],
  [
    "the gradient of a large filter by the taps",
    Conv2DBackpropFilter,
    { x: numbers(2, 15, 14, 150), dy: numbers(2, 8, 7, 301) },
    { strides: 2, pad: "same", filterShape: [3, 3, 150, 301] },
  ],
  [
    "a convolution to one channel",
    FusedConv2D,
    { x: numbers(2, 75, 80, 24), filter: numbers(3, 3, 24, 1), bias: numbers(1) },
    {
      strides: 1,
      pad: "same",
      activation: "leakyrelu",
      leakyreluAlpha: 0.1,
    },
  ],
  [
    "a convolution of volumes",
    Conv3D,
    { x: numbers(2, 5, 13, 22, 11), filter: numbers(3, 3, 2, 11, 13) },
    { strides: [1, 2, 1], pad: "same", dilations: 1 },
  ],
  ["a convolution of volumes, dilated", Conv3D, { x: numbers(1, 9, 13, 30, 8), filter: numbers(2, 3, 3, 8, 10) }, dilated],
  [
    "the gradient of a filter of volumes",
    Conv3DBackpropFilterV2,
    { x: numbers(2, 5, 13, 22, 11), dy: numbers(2, 5, 7, 22, 13) },
    { strides: [1, 2, 1], pad: "same", filterShape: [3, 5, 2, 11, 13] },
  ],
  [
    "the gradient of a small filter of volumes",
    Conv3DBackpropFilterV2,
    { x: numbers(3, 7, 33, 23, 3), dy: numbers(3, 7, 33, 23, 18) },
    { strides: 1, pad: "same", filterShape: [3, 3, 2, 3, 18] },
  ],
  [
    "the gradient of a filter that is larger than its volumes",
    Conv3DBackpropFilterV2,
    { x: numbers(4, 2, 2, 60, 9), dy: numbers(4, 4, 4, 62, 17) },
    { strides: 1, pad: 3, filterShape: [5, 5, 5, 9, 17] },
  ],
  [
    "the gradient of volumes",
    Conv3DBackpropInputV2,
    { dy: numbers(2, 3, 13, 11, 13), filter: numbers(3, 2, 3, 11, 13) },
    { strides: [2, 1, 2], pad: "same", inputShape: [2, 5, 13, 22, 11] },
  ],
  [
    "the gradient of volumes between which there is nothing",
    Conv3DBackpropInputV2,
    { dy: numbers(3, 3, 13, 22, 13), filter: numbers(2, 3, 3, 40, 13) },
    { strides: [3, 1, 1], pad: "valid", inputShape: [3, 9, 15, 24, 40] },
  ],
  ["a step of EM", MixtureNormEStep, { x: numbers(8195, 14), ...rowMixture }, { epsilon: 1e-3, moments: true }],
  ["responsibilities of rows", MixtureNormEStep, { x: numbers(8195, 14), ...rowMixture }, { epsilon: 1e-3, moments: false }],
  [
    "mixture normalization",
    MixtureNorm,
    { x: numbers(8195, 14), nu: positive(8195, 3), ...rowMixture, ...perChannel },
    { epsilon: 1e-3, batch: true },
  ],
  [
    "the gradient of mixture normalization",
    MixtureNormGrad,
    { x: numbers(8195, 14), dy: numbers(8195, 14), nu: positive(8195, 3), ...rowMixture, gamma: perChannel.gamma },
    { epsilon: 1e-3, batch: true },
  ],
  [
    "sums of segments",
    UnsortedSegmentSum,
    { x: numbers(1200, 15, 15), segmentIds: [[1200], Int32Array.from({ length: 1200 }, (_, i) => ((i * i) % 1900) - 1)] },
    { numSegments: 1800 },
  ],
  [
    "a depthwise convolution",
    FusedDepthwiseConv2D,
    { x: numbers(3, 71, 45, 19), filter: numbers(3, 5, 19, 1), bias: numbers(19), preluActivationWeights: numbers(19) },
    { strides: 1, pad: "same", activation: "prelu" },
  ],
  [
    "a depthwise convolution with strides and two filters a channel",
    FusedDepthwiseConv2D,
    { x: numbers(5, 83, 61, 6), filter: numbers(5, 3, 6, 2) },
    { strides: 2, pad: "valid" },
  ],
  [
    "the gradient of a depthwise convolution's filter",
    DepthwiseConv2dNativeBackpropFilter,
    { x: numbers(3, 71, 45, 19), dy: numbers(3, 71, 45, 38) },
    { strides: 1, pad: "same", dilations: [2, 1], filterShape: [3, 5, 19, 2] },
  ],
  [
    "the gradient of a depthwise convolution's input",
    DepthwiseConv2dNativeBackpropInput,
    { dy: numbers(3, 36, 23, 38), filter: numbers(5, 3, 19, 2) },
    { strides: 2, pad: "same", inputShape: [3, 71, 45, 19] },
  ],
  [
    "the gradient of a depthwise convolution's input, dilated",
    DepthwiseConv2dNativeBackpropInput,
    { dy: numbers(2, 90, 33, 37), filter: numbers(3, 3, 37, 1) },
    { strides: 1, pad: "same", dilations: 3, inputShape: [2, 90, 33, 37] },
  ],
  ["maximum pools", MaxPool, { x: numbers(3, 75, 61, 19) }, { filterSize: [3, 2], strides: [2, 1], pad: "same" }],
  ["average pools", AvgPool, { x: numbers(3, 75, 61, 19) }, { filterSize: [2, 3], strides: [1, 2], pad: "same" }],
  [
    "the gradient of maximum pools",
    MaxPoolGrad,
    { dy: numbers(3, 75, 31, 37), input: numbers(3, 75, 61, 37) },
    { filterSize: 3, strides: [1, 2], pad: "same" },
  ],
  // Chunks that end in the middle of a window.
  [
    "the gradient of maximum pools without common pixels",
    MaxPoolGrad,
    { dy: numbers(3, 39, 31, 37), input: numbers(3, 77, 61, 37) },
    { filterSize: 2, strides: 2, pad: "same" },
  ],
  [
    "the gradient of average pools",
    AvgPoolGrad,
    { dy: numbers(2, 39, 61, 37), input: numbers(2, 77, 61, 37) },
    { filterSize: 4, strides: [2, 1], pad: "same" },
  ],
  ["maximum pools of volumes", MaxPool3D, { x: numbers(2, 11, 23, 25, 13) }, { filterSize: 3, strides: [2, 1, 1], pad: "same" }],
  ["average pools of volumes", AvgPool3D, { x: numbers(2, 11, 23, 25, 13) }, { filterSize: 2, strides: 1, pad: "same" }],
  [
    "the gradient of maximum pools of volumes",
    MaxPool3DGrad,
    { dy: numbers(3, 23, 12, 13, 19), input: numbers(3, 23, 23, 25, 19) },
    { filterSize: [2, 3, 2], strides: [1, 2, 2], pad: "same" },
  ],
  [
    "the gradient of average pools of volumes",
    AvgPool3DGrad,
    { dy: numbers(3, 12, 23, 25, 19), input: numbers(3, 23, 23, 25, 19) },
    { filterSize: [2, 3, 2], strides: [2, 1, 1], pad: "same" },
  ],
  ["a batch of matrix products", BatchMatMul, { a: numbers(5, 70, 300), b: numbers(300, 97) }, {}],
  [
    "a step of Adam",
    AdamUpdate,
    { gradient: numbers(70000), weight: numbers(70000), m: numbers(70000), v: positive(70000) },
    { of: "w", mayReplace: false, learningRate: 0.01, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, iteration: 3 },
  ],
  [
    "a step with momentum",
    MomentumUpdate,
    { gradient: numbers(70000), weight: numbers(70000), accumulation: numbers(70000) },
    { of: "w", mayReplace: false, learningRate: 0.01, weightDecay: 0, momentum: 0.9, nesterov: true },
  ],
  ["a batch of small matrix products", BatchMatMul, { a: numbers(12000, 5, 9), b: numbers(12000, 9, 5) }, {}],
];

/** Which output is the residual, and of which it is. */
const RESIDUALS = new Map<AnyBinaryKernel, [number, number]>([
  [Normalization, [3, 1]],
  [ShrunkNormalization, [5, 3]],
]);

describe("over shared memory", () => {
  afterAll(() => setThreadCount(1));

  it.each(CASES)("%s: the values are those over a memory that is not", async (_, kernel, values, attrs) => {
    const alone = outputs(kernel, values, attrs, new Heap(false));
    let first: Float32Array[] | undefined;
    for (const threads of [1, 2, 4]) {
      setThreadCount(threads);
      const heap = new Heap(true);
      // Once before the threads have started, and again with them.
      const before = outputs(kernel, values, attrs, heap);
      const pool = workerPoolOver(heap.memory, bindBinary(heap.memory), heap.wasm._malloc);
      while ((pool?.started ?? 0) < threads - 1) await new Promise((resolve) => setTimeout(resolve, 5));
      const after = outputs(kernel, values, attrs, heap);
      first ??= before;
      expect(before).toEqual(first);
      expect(after).toEqual(first);
    }
    first?.forEach((output, i) => {
      const other = alone[i] as Float32Array;
      // The residual is what the mean loses when it is rounded: which of two neighbours the mean becomes, is chance.
      const [residual, mean] = RESIDUALS.get(kernel) ?? [];
      const comparable = i === residual ? (alone[mean as number] as Float32Array) : other;
      const scale = comparable.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
      const worst = output.reduce((most, value, j) => Math.max(most, Math.abs(value - (other[j] as number)) / scale), 0);
      expect(worst, `output ${i}`).toBeLessThan(1e-6);
    });
  });
});

describe("setThreadCount", () => {
  it.each([0, 1.5, 65, Number.NaN])("refuses %s", (count) => {
    expect(() => setThreadCount(count)).toThrow("setThreadCount: argument 'count' must be an integer from 1 to 64, got");
  });
});
