import {
  broadcast_util,
  engine,
  type GradConfig,
  getBackend,
  getGradient,
  type NamedAttrMap,
  type NamedTensorMap,
  type Rank,
  registerGradient,
  reshape,
  sum,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { composedDilatedFilterGradient, composedDilatedInputGradient, type DilatedConvolution } from "../composed/dilation.js";
import { areOne, type ConvolutionAttrs } from "../kernels/convolution.js";
import { isRecording, replaceGradient } from "../tensorflow/tape.js";

// TensorFlow.js refuses to differentiate dilated convolutions. On 'wasm' they have gradients: the kernels of the gradients take
// dilations. It refuses in two places: in the gradients that it registers for Conv2D and DepthwiseConv2dNative, and in the
// functions tf.fused.conv2d (which is also what tf.layers.conv2d calls) and tf.fused.depthwiseConv2d.

export const isDilated = ({ dilations }: ConvolutionAttrs): boolean => !areOne(dilations);

/** The functions that compute the gradients of a dilated convolution. */
function gradientsOf(convolution: DilatedConvolution, dy: Tensor4D): { x: () => Tensor; filter: () => Tensor } {
  const { x, filter, attrs, depthwise } = convolution;
  if (isRecording()) {
    return {
      x: () => composedDilatedInputGradient(convolution, dy),
      filter: () => composedDilatedFilterGradient(convolution, dy),
    };
  }
  const prefix = depthwise ? "DepthwiseConv2dNativeBackprop" : "Conv2DBackprop";
  const run = (kernel: string, inputs: NamedTensorMap, more: object) =>
    engine().runKernel<Tensor>(prefix + kernel, inputs, { ...attrs, ...more } as unknown as NamedAttrMap);
  return {
    x: () => run("Input", { dy, filter }, { inputShape: x.shape }),
    filter: () => run("Filter", { x, dy }, { filterShape: filter.shape }),
  };
}

function gradientConfig(kernelName: string, depthwise: boolean) {
  const state: { ours: GradConfig; theirs?: GradConfig } = {
    ours: {
      kernelName,
      inputsToSave: ["x", "filter"],
      gradFunc(dy, saved, attrs) {
        const [x, filter] = saved as [Tensor4D, Tensor4D];
        const convolution = { x, filter, attrs: attrs as unknown as ConvolutionAttrs, depthwise };
        if (isDilated(convolution.attrs) && getBackend() === "wasm") return gradientsOf(convolution, dy as Tensor4D);
        return (state.theirs as GradConfig).gradFunc(dy, saved, attrs);
      },
    },
  };
  return state;
}

const CONFIGS = [gradientConfig("Conv2D", false), gradientConfig("DepthwiseConv2dNative", true)];

/**
 * Puts gradients that take dilations in the place of those that TensorFlow.js has registered. It may register them after the
 * library has been imported. So this runs with every dilated convolution.
 */
function exchangeGradients(): void {
  for (const config of CONFIGS) {
    const registered = getGradient(config.ours.kernelName);
    if (!registered || registered === config.ours) continue;
    config.theirs ??= registered;
    registerGradient(config.ours);
  }
}

/** The gradient of tf.fused.conv2d without activation, which is how it runs while gradients are computed. */
function fusedGradient(dy: Tensor, saved: Tensor[], attrs: ConvolutionAttrs, depthwise: boolean) {
  const [filter, x, y, bias] = saved as [Tensor4D, Tensor4D, Tensor4D, Tensor?];
  const upstream = reshape<Rank.R4>(dy, y.shape);
  const gradients = gradientsOf({ x, filter, attrs, depthwise }, upstream);
  if (!bias) return [gradients.x, gradients.filter];
  const axes = broadcast_util.getReductionAxes(bias.shape, y.shape);
  return [gradients.x, gradients.filter, () => reshape(sum(upstream, axes), bias.shape)];
}

/** Sees to it that a dilated convolution that has just run can be differentiated. */
export function differentiateDilated(kernelName: string, attrs: ConvolutionAttrs, output: TensorInfo): void {
  if (!isRecording()) return;
  const depthwise = kernelName.includes("Depthwise");
  if (kernelName.startsWith("Fused")) replaceGradient(output, (dy, saved) => fusedGradient(dy, saved, attrs, depthwise));
  else exchangeGradients();
}
