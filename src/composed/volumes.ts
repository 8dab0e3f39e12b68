import {
  add,
  backend_util,
  conv3d,
  equal,
  type KernelConfig,
  type KernelFunc,
  logicalAnd,
  logicalNot,
  logicalOr,
  matMul,
  maximum,
  mul,
  pad,
  type Rank,
  reshape,
  reverse,
  slice,
  stack,
  stridedSlice,
  type Tensor,
  type Tensor5D,
  tidy,
  transpose,
  zerosLike,
} from "@tensorflow/tfjs-core";

// Kernels of the 'wasm' backend of TensorFlow.js (4.22) whose values are wrong, out of its operations; they are not hot:
// - Conv3DBackpropInputV2, whatever the strides: the loop over depth ends in the wrong place.
// - Conv3DBackpropFilterV2, with strides: a quotient is rounded towards zero where it is to be rounded up.
// - MaxPool3D: 1.2e-38 for a window without a positive number; MaxPool3DGrad: no gradient for it.

type Triple = [number, number, number];
type Padding = "same" | "valid" | number;
interface ConvAttrs {
  strides: Triple | number;
  pad: "same" | "valid";
}
interface PoolAttrs {
  filterSize: Triple | number;
  strides: Triple | number;
  pad: Padding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}
type Shape5 = [number, number, number, number, number];

/** What convolution and pooling say about the three axes of space. */
function axesOf(info: backend_util.Conv3DInfo) {
  const { padInfo } = info;
  return {
    sizes: [info.inDepth, info.inHeight, info.inWidth] as Triple,
    outSizes: [info.outDepth, info.outHeight, info.outWidth] as Triple,
    windows: [info.filterDepth, info.filterHeight, info.filterWidth] as Triple,
    strides: [info.strideDepth, info.strideHeight, info.strideWidth] as Triple,
    before: [padInfo.front, padInfo.top, padInfo.left] as Triple,
    after: [padInfo.back, padInfo.bottom, padInfo.right] as Triple,
  };
}
type Axes = ReturnType<typeof axesOf>;

const map = (f: (axis: 0 | 1 | 2) => number): Triple => [f(0), f(1), f(2)];
const extent = ({ outSizes, strides }: Axes) => map((i) => (outSizes[i] - 1) * strides[i] + 1);

/** Negative margins take away: where strides exceed the window, TensorFlow.js's padding "same" is negative. */
function padSpace(x: Tensor, before: Triple, after: Triple, value = 0): Tensor {
  const [batch, depth, height, width, channels] = x.shape as Shape5;
  const sizes = [depth, height, width] as Triple;
  const cut = (margin: number) => Math.max(0, -margin);
  const kept = map((i) => sizes[i] - cut(before[i]) - cut(after[i]));
  const core = slice(x, [0, ...before.map(cut), 0], [batch, ...kept, channels]);
  const margins = before.map((b, i) => [Math.max(0, b), Math.max(0, after[i] as number)] as [number, number]);
  return pad(core, [[0, 0], ...margins, [0, 0]], value);
}

/** Zeros between what the strides leave out. */
function spread(x: Tensor, axes: Axes): Tensor {
  let wide = x;
  for (const i of [0, 1, 2] as const) {
    const stride = axes.strides[i];
    if (stride === 1) continue;
    const axis = i + 1;
    const { shape } = wide;
    const resized = (size: number) => shape.map((old, at) => (at === axis ? size : old));
    const flat = [...shape.slice(0, axis + 1), shape.slice(axis + 1).reduce((a, b) => a * b, 1)];
    const columns = reshape(wide, [-1, 1, flat[axis + 1] as number]);
    const padded = pad(columns, [
      [0, 0],
      [0, stride - 1],
      [0, 0],
    ]);
    const grown = reshape(padded, resized((shape[axis] as number) * stride));
    wide = slice(grown, [0, 0, 0, 0, 0], resized(extent(axes)[i]));
  }
  return wide;
}

function tapsOf({ windows: [depth, height, width] }: Axes): Triple[] {
  return Array.from({ length: depth * height * width }, (_, i) => [
    Math.floor(i / (height * width)),
    Math.floor(i / width) % height,
    i % width,
  ]);
}

/** Of the padded input, what a tap of the window sees. */
function seenBy(tap: Triple, padded: Tensor, axes: Axes): Tensor {
  const [batch, , , , channels] = padded.shape as Shape5;
  const ends = extent(axes);
  return stridedSlice(padded, [0, ...tap, 0], [batch, ...map((i) => tap[i] + ends[i]), channels], [1, ...axes.strides, 1]);
}

function inputGradient({ dy, filter }: Tensors, { inputShape, ...attrs }: ConvAttrs & { inputShape: Shape5 }): Tensor {
  const info = backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5, attrs.strides, 1, attrs.pad);
  const axes = axesOf(info);
  const { windows, sizes, before } = axes;
  const flipped = transpose(reverse(filter, [0, 1, 2]), [0, 1, 2, 4, 3]) as Tensor5D;
  const margins = map((i) => windows[i] - 1 - before[i]);
  const ends = extent(axes);
  const wide = padSpace(
    spread(dy, axes),
    margins,
    map((i) => sizes[i] + before[i] - ends[i]),
  );
  return conv3d(wide as Tensor5D, flipped, 1, "valid");
}

function filterGradient({ x, dy }: Tensors, { filterShape, ...attrs }: ConvAttrs & { filterShape: Shape5 }): Tensor {
  const axes = axesOf(backend_util.computeConv3DInfo(x.shape as Shape5, filterShape, attrs.strides, 1, attrs.pad));
  const padded = padSpace(x, axes.before, axes.after);
  const [, , , inChannels, outChannels] = filterShape;
  const right = reshape(dy, [-1, outChannels]);
  const products = tapsOf(axes).map((tap) => matMul(reshape(seenBy(tap, padded, axes), [-1, inChannels]), right, true));
  return reshape(stack(products), filterShape);
}

function poolAxes({ shape }: Tensor, { filterSize, strides, pad: padding, dimRoundingMode }: PoolAttrs): Axes {
  return axesOf(backend_util.computePool3DInfo(shape as Shape5, filterSize, strides, 1, padding, dimRoundingMode));
}

function maxPool({ x }: Tensors, attrs: PoolAttrs): Tensor {
  const axes = poolAxes(x, attrs);
  const padded = padSpace(x, axes.before, axes.after, Number.NEGATIVE_INFINITY);
  return tapsOf(axes)
    .map((tap) => seenBy(tap, padded, axes))
    .reduce((a, b) => maximum(a, b));
}

function maxPoolGradient({ dy, input, output }: Tensors, attrs: PoolAttrs): Tensor {
  const axes = poolAxes(input, attrs);
  const { before, after, sizes } = axes;
  const padded = padSpace(input, before, after, Number.NEGATIVE_INFINITY);
  const ends = extent(axes);
  let taken = logicalNot(equal(output, output));
  let dx = zerosLike(padded);
  // The last of equal ones has it all, as on 'cpu'.
  for (const tap of tapsOf(axes).reverse()) {
    const here = logicalAnd(equal(seenBy(tap, padded, axes), output), logicalNot(taken));
    taken = logicalOr(taken, here);
    const rest = map((i) => sizes[i] + before[i] + after[i] - tap[i] - ends[i]);
    dx = add(dx, padSpace(spread(mul(dy, here), axes), tap, rest));
  }
  const inverse = (margins: Triple) => map((i) => -margins[i]);
  return padSpace(dx, inverse(before), inverse(after));
}

type Tensors = Record<"x" | "dy" | "filter" | "input" | "output", Tensor<Rank>>;

function composed<A>(kernelName: string, gradient: (inputs: Tensors, attrs: A) => Tensor): KernelConfig {
  const kernelFunc: KernelFunc = ({ inputs, attrs }) => tidy(() => gradient(inputs as Tensors, attrs as A));
  return { kernelName, backendName: "wasm", kernelFunc };
}

/** For 'wasm', instead of what it has under these names. */
export const VOLUMES: KernelConfig[] = [
  composed("Conv3DBackpropInputV2", inputGradient),
  composed("Conv3DBackpropFilterV2", filterGradient),
  composed("MaxPool3D", maxPool),
  composed("MaxPool3DGrad", maxPoolGradient),
];
