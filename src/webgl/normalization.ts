import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { PriorInputs, View } from "../arguments.js";
import { MAX_FLOAT32, STANDARD_ROWS } from "../constants.js";
import type { NormalizationAttrs, NormalizationGradInputs, NormalizationInputs } from "../kernels/normalization.js";
import { asOneSlice, type NormalizationInferenceAttrs } from "../kernels/normalizationInference.js";
import type { ShrunkNormalizationGradInputs, ShrunkNormalizationInputs } from "../kernels/shrunkNormalization.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, type Entries, entriesIn, glsl } from "./blocks.js";
import { drawMoments, drawSums, type Sets, WHOLE } from "./sums.js";

// Normalization by mean and variance as fragment shaders: docs/math.md, section 4.

/** x with a channel for each group: [outer, groups, channels of a group · inner] in each slice, in as few slices as will do. */
function setsOf({ slices, outer, channels, inner, groups }: NormalizationAttrs): Sets {
  const size = slices * outer * channels * inner;
  const ofGroup = (channels / groups) * inner;
  const [rows, columns] = groups === 1 ? [1, outer * ofGroup] : [outer, ofGroup];
  if (rows === 1) return { slices: 1, outer: 1, channels: slices * groups, inner: columns, size };
  return { slices, outer: rows, channels: groups, inner: columns, size };
}

/** The sets of the numbers of a block, and their channels. */
function entriesOf(x: TensorInfo, attrs: NormalizationAttrs): { set: Entries; channel: Entries } {
  const { slices = 1, outer, channels, inner } = setsOf(attrs);
  const sets = [
    { step: inner, count: channels },
    ...(slices === 1 ? [] : [{ step: outer * channels * inner, count: slices, stride: channels }]),
  ];
  return {
    set: entriesIn(x.shape, "set", sets),
    channel: entriesIn(x.shape, "channel", [{ step: attrs.inner, count: attrs.channels }]),
  };
}

/** Constants of a set: those of Z. `away` is of a rounded product, so that it is not put together with center. */
function setConstants({ type, each, of }: Pick<Entries, "type" | "each" | "of">, slices: number): string {
  // In one slice they are a row of numbers, which `of` may read in pairs.
  const read = slices === 1 ? of : (name: string) => each((set) => `${name}At(${set})`);
  return /* glsl */ `
  ${type} center = ${read("mean")};
  ${type} scale = 1.0 / sqrt(${read("variance")} + epsilon);
  ${type} away = rounded(${read("residual")} * scale);`;
}

/** The normalized number. */
const zOf = (x: string, spread: (values: string) => string) =>
  `((${x} - ${spread("center")}) * ${spread("scale")} - ${spread("away")})`;

/** One number, of `set`. */
const ONE = {
  type: "float",
  each: (code: (set: string) => string) => code("set"),
  of: (name: string) => `${name}At(set)`,
} as const;

interface SetMoments {
  mean: TensorInfo;
  variance: TensorInfo;
  residual: TensorInfo;
}

/** Mean, variance and residual of each set. */
function momentsOf(backend: WebGLBackend, x: TensorInfo, sets: Sets, isCentered: boolean, shape: number[]): SetMoments {
  const moments = drawMoments(backend, x, sets, isCentered);
  const one = (value: string) =>
    drawNumbers(backend, shape, { texels: moments }, { statements: `  vec4 moments = texelsTexel(i);\n${WHOLE}`, value });
  const made = { mean: one("whole"), variance: one("moments.z"), residual: one("residue") };
  backend.disposeData(moments.dataId);
  return made;
}

/**
 * The moments of each channel of a batch, shrunk toward a prior's if there is one (section 2.5): the batch's own mean and variance, and
 * what the activations are standardized by, [STANDARD_ROWS, channels].
 */
export function standardOf(backend: WebGLBackend, inputs: PriorInputs & { x: TensorInfo }, view: View) {
  const { x, priorMean, priorVariance, priorMass } = inputs;
  const { outer, channels, inner } = view;
  const moments = drawMoments(backend, x, view, true);
  const own = (value: string) =>
    drawNumbers(backend, [channels], { texels: moments }, { statements: `  vec4 moments = texelsTexel(i);\n${WHOLE}`, value });
  const hasPrior = priorMean !== undefined;
  const count = glsl(outer * inner);
  const standard = drawNumbers(
    backend,
    [STANDARD_ROWS, channels],
    { texels: moments, priorMean, priorVariance, priorMass },
    {
      statements: /* glsl */ `
  int channel = i % ${channels};
  vec4 moments = texelsTexel(channel);
${WHOLE}
  float both = moments.z;
  ${
    hasPrior
      ? /* glsl */ `
  float mass = priorMassAt(0);
  float center = priorMeanAt(channel);
  float spread = priorVarianceAt(channel);
  float share = ${count} / (${count} + mass);
  // On a GPU, n/n need not be 1: the smaller part is not what the larger one leaves.
  float rest = mass < ${count} ? mass / (${count} + mass) : 1.0 - share;
  float distance = rounded(center - moments.x) - moments.y;
  float offset = moments.y + rest * distance;
  whole = stored(moments.x + offset);
  residue = rounded(moments.x - whole) + offset;
  both = share * moments.z + rest * (spread + share * distance * distance);
  // If all is the prior's, the batch counts for nothing, not even if it has NaN.
  if (mass >= ${glsl(MAX_FLOAT32)}) {
    whole = center;
    residue = 0.0;
    both = spread;
  }`
      : "float mass = 0.0; float center = 0.0; float spread = 0.0;"
  }
  int row = i / ${channels};`,
      value: "row < 3 ? (row == 0 ? whole : row == 1 ? both : residue) : row == 3 ? center : row == 4 ? spread : mass",
    },
  );
  const made = { ownMean: own("whole"), ownVariance: own("moments.z"), standard };
  backend.disposeData(moments.dataId);
  return made;
}

function applied(
  backend: WebGLBackend,
  { x, mean, variance, residual, gamma, beta }: NormalizationInputs & SetMoments,
  attrs: NormalizationAttrs,
): TensorInfo {
  const { set, channel } = entriesOf(x, attrs);
  return drawBlocks(
    backend,
    x.shape,
    { x, mean, variance, residual, gamma, beta },
    { epsilon: attrs.epsilon },
    /* glsl */ `
${set.declared}
${channel.declared}
${setConstants(set, attrs.slices)}
  block = ${zOf("xBlock(at)", set.spread)};
  ${gamma ? `block *= ${channel.spread(channel.of("gamma"))};` : ""}
  ${beta ? `block += ${channel.spread(channel.of("beta"))};` : ""}`,
  );
}

/** y, mean, variance and residual; undefined where the composed form has to do it. */
export function webglNormalization(
  backend: WebGLBackend,
  inputs: NormalizationInputs,
  attrs: NormalizationAttrs,
): TensorInfo[] | undefined {
  const sets = setsOf(attrs);
  if (sets.size === 0) return undefined;
  const moments = momentsOf(backend, inputs.x, sets, !attrs.rms, [attrs.slices, attrs.groups]);
  return [applied(backend, { ...inputs, ...moments }, attrs), moments.mean, moments.variance, moments.residual];
}

/** The gradients of gamma and beta where sets are not channels. */
function parametersOf(backend: WebGLBackend, inputs: NormalizationGradInputs, attrs: NormalizationAttrs, size: number) {
  const { x, dy, mean, variance, residual } = inputs;
  const { slices, outer, channels, inner, groups, epsilon } = attrs;
  return drawSums(backend, {
    sets: { outer: slices * outer, channels, inner, size },
    shape: x.shape,
    streams: ["x", "dy"],
    inputs: { x, dy, mean, variance, residual },
    uniforms: { epsilon },
    body: /* glsl */ `
    int here = j / ${outer * inner} * ${groups} + set / ${channels / groups};
    float z = (rounded(xHere - meanAt(here)) - residualAt(here)) / sqrt(varianceAt(here) + epsilon);
    sums.xy += vec2(dyHere, dyHere * z);`,
  });
}

/** The gradients of x, gamma and beta; undefined where the composed form has to do it. */
export function webglNormalizationGrad(
  backend: WebGLBackend,
  inputs: NormalizationGradInputs & Pick<PriorInputs, "priorMass">,
  attrs: NormalizationAttrs,
): TensorInfo[] | undefined {
  const { x, dy, mean, variance, residual, gamma, priorMass } = inputs;
  const { slices, channels, inner, groups, rms, epsilon } = attrs;
  const sets = setsOf(attrs);
  if (sets.size === 0) return undefined;
  const isBatch = !rms && slices === 1 && groups === channels;
  const tensors = { x, dy, mean, variance, residual };
  /** The sums of γ dy and γ dy z over each set; where a set is a channel, of dy and dy z. */
  const sums = drawSums(backend, {
    sets,
    shape: x.shape,
    streams: ["x", "dy"],
    inputs: { ...tensors, gamma: isBatch ? undefined : gamma },
    uniforms: { epsilon },
    constants: setConstants(ONE, 1),
    body: /* glsl */ `
    float u = dyHere${gamma && !isBatch ? ` * gammaAt(i / ${inner} % ${channels})` : ""};
    sums.xy += vec2(u, u * ${zOf("xHere", (value) => value)});`,
  });
  const ofChannels = isBatch ? sums : parametersOf(backend, inputs, attrs, sets.size);
  const one = (value: string) => drawNumbers(backend, [channels], { sums: ofChannels }, { value: `sumsTexel(i).${value}` });
  const [dgamma, dbeta] = [one("y"), one("x")];
  const { set, channel } = entriesOf(x, attrs);
  const { type, each, spread } = set;
  const count = glsl(sets.size / (slices * groups));
  const dx = drawBlocks(
    backend,
    x.shape,
    { ...tensors, gamma, sums, priorMass },
    { epsilon },
    /* glsl */ `
${set.declared}
${channel.declared}
${setConstants(set, attrs.slices)}
  float mass = ${priorMass ? "priorMassAt(0)" : "0.0"};
  bool isAll = mass >= ${glsl(MAX_FLOAT32)};
  float whole = ${count} + mass;
  ${type} across = ${rms ? `${type}(0.0)` : each((at) => `(isAll ? 0.0 : sumsTexel(${at}).x / whole)`)};
  ${type} along = ${each((at) => `(isAll ? 0.0 : sumsTexel(${at}).y / whole)`)};
  ${isBatch && gamma ? `across *= ${each((at) => `gammaAt(${at})`)}; along *= ${each((at) => `gammaAt(${at})`)};` : ""}
  block = dyBlock(at);
  ${gamma ? `block *= ${channel.spread(channel.of("gamma"))};` : ""}
  block = ${spread("scale")} * ((block - ${spread("across")}) - ${spread("along")} * ${zOf("xBlock(at)", spread)});`,
  );
  for (const { dataId } of new Set([sums, ofChannels])) backend.disposeData(dataId);
  return [dx, dgamma, dbeta];
}

/** y, the batch's own mean and variance; mean, variance and residual by which it is normalized. */
export function webglShrunkNormalization(
  backend: WebGLBackend,
  inputs: ShrunkNormalizationInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const { outer, channels, inner } = attrs;
  const view = { outer, channels, inner, size: outer * channels * inner };
  if (view.size === 0) return undefined;
  const { ownMean, ownVariance, standard } = standardOf(backend, inputs, view);
  const row = (at: number) => drawNumbers(backend, [channels], { standard }, { value: `standardAt(${at * channels} + i)` });
  const moments = { mean: row(0), variance: row(1), residual: row(2) };
  backend.disposeData(standard.dataId);
  const y = applied(backend, { ...inputs, ...moments }, asOneSlice(attrs));
  return [y, ownMean, ownVariance, moments.mean, moments.variance, moments.residual];
}

/** The gradients of x, gamma and beta. */
export const webglShrunkNormalizationGrad = (
  backend: WebGLBackend,
  inputs: ShrunkNormalizationGradInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined => webglNormalizationGrad(backend, inputs, asOneSlice(attrs));
