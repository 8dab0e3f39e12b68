import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { PriorInputs, View } from "../arguments.js";
import { MAX_FLOAT32, STANDARD_ROWS } from "../constants.js";
import type { NormalizationAttrs, NormalizationGradInputs, NormalizationInputs } from "../kernels/normalization.js";
import { asOneSlice, type NormalizationInferenceAttrs } from "../kernels/normalizationInference.js";
import type { ShrunkNormalizationGradInputs, ShrunkNormalizationInputs } from "../kernels/shrunkNormalization.js";
import { LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { chunkMoments, MOMENTS, momentsDeclarations, NORMALIZER, walkMoments, writeMoments } from "./moments.js";
import {
  CHUNK_UNIFORMS,
  chunksOf,
  ofChunks,
  partialsOf,
  runWalk,
  type Slices,
  sumLanes,
  TREE,
  WALK_BEGIN,
  WALK_LANES,
  WALK_UNIFORMS,
  type Walk,
  type WalkProgram,
  WIDTH,
  walkLoop,
  walkOver,
  writePartials,
} from "./walk.js";

// Normalization by mean and variance as shaders: docs/math.md, section 4. Numbers that share a mean and a variance are a set of a walk.

/** x with a channel for each group: [outer, groups, channels of a group · inner] in each slice, in as few slices as will do. */
function setsOf({ slices, outer, channels, inner, groups }: NormalizationAttrs): Slices {
  const size = slices * outer * channels * inner;
  const ofGroup = (channels / groups) * inner;
  const [rows, columns] = groups === 1 ? [1, outer * ofGroup] : [outer, ofGroup];
  if (rows === 1) return { slices: 1, outer: 1, channels: slices * groups, inner: columns, size };
  return { slices, outer: rows, channels: groups, inner: columns, size };
}

const SET_UNIFORMS = { ...WALK_UNIFORMS, ofChannel: "u32", allChannels: "u32", epsilon: "f32" } as const;
const setValues = ({ channels, inner, epsilon }: NormalizationAttrs) => ({ ofChannel: inner, allChannels: channels, epsilon });
const SET_CHUNK_UNIFORMS = { ...CHUNK_UNIFORMS, epsilon: "f32", count: "f32" } as const;

/** A channel's parameter for the number at `position`. */
const parameter = (name: string, given: readonly string[], missing: string) =>
  given.includes(name) ? `${name}[position / uniforms.ofChannel % uniforms.allChannels]` : missing;

/** Writes mean, variance and residual of a set. */
const finishMoments = (isCentered: boolean, at: string) => /* wgsl */ `
    let spread = moments.squares / moments.count;
    let own = ${isCentered ? "about(moments.pivot, moments.offset, spread)" : "Normalizer(0.0, 0.0, spread)"};
    mean[${at}] = own.mean;
    variance[${at}] = own.variance;
    residual[${at}] = own.residual;`;

const momentsOfChunks = (isCentered: boolean) =>
  ({
    key: `moments ${isCentered}`,
    inputs: ["x"],
    outputs: ["partials"],
    streamed: ["x"],
    uniforms: WALK_UNIFORMS,
    declarations: () => momentsDeclarations(),
    body: () => WALK_BEGIN + walkMoments(isCentered) + writeMoments(),
  }) as const satisfies WalkProgram<string, string, keyof typeof WALK_UNIFORMS>;

const momentsOfSets = (isCentered: boolean) =>
  ({
    key: `moments of sets ${isCentered}`,
    inputs: ["x"],
    outputs: ["mean", "variance", "residual"],
    streamed: ["x"],
    uniforms: WALK_UNIFORMS,
    declarations: () => momentsDeclarations() + NORMALIZER,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${walkMoments(isCentered)}
  if (isActive && outerLane == 0u && innerLane == 0u) {
${finishMoments(isCentered, "setIndex")}
  }`,
  }) as const satisfies WalkProgram<string, string, keyof typeof WALK_UNIFORMS>;

const mergedMoments = (isCentered: boolean) =>
  ({
    key: `merged moments ${isCentered}`,
    inputs: ["partials"],
    outputs: ["mean", "variance", "residual"],
    uniforms: CHUNK_UNIFORMS,
    declarations: () => momentsDeclarations() + NORMALIZER,
    body: () => /* wgsl */ `
${chunkMoments()}
  if (isActive && chunkLane == 0u) {
${finishMoments(isCentered, "channel")}
  }`,
  }) as const satisfies Program<string, string, keyof typeof CHUNK_UNIFORMS>;

/**
 * The moments of each channel of a batch, shrunk toward a prior's if there is one (section 2.5): the batch's own mean and variance, and
 * what the activations are standardized by.
 */
const shrunkMoments = (hasPrior: boolean) =>
  ({
    key: `shrunk moments ${hasPrior}`,
    inputs: ["partials", ...(hasPrior ? PRIOR : [])],
    outputs: ["ownMean", "ownVariance", "standard"] as const,
    uniforms: CHUNK_UNIFORMS,
    declarations: () => momentsDeclarations() + NORMALIZER,
    body: () => /* wgsl */ `
${chunkMoments()}
  if (isActive && chunkLane == 0u) {
    let own = about(moments.pivot, moments.offset, moments.squares / moments.count);
    ownMean[channel] = own.mean;
    ownVariance[channel] = own.variance;
    ${
      hasPrior
        ? /* wgsl */ `let center = priorMean[channel];
    let spread = priorVariance[channel];
    let mass = priorMass[0];
    let by = shrunk(moments, own.variance, center, spread, mass);`
        : "let by = own; let center = 0.0; let spread = 0.0; let mass = 0.0;"
    }
    standard[channel] = by.mean;
    standard[uniforms.channels + channel] = by.variance;
    standard[2u * uniforms.channels + channel] = by.residual;
    standard[3u * uniforms.channels + channel] = center;
    standard[4u * uniforms.channels + channel] = spread;
    standard[5u * uniforms.channels + channel] = mass;
  }`,
  }) satisfies Program<string, "ownMean" | "ownVariance" | "standard", keyof typeof CHUNK_UNIFORMS>;

const PRIOR = ["priorMean", "priorVariance", "priorMass"] as const;

/** A batch's own mean and variance, and what it is standardized by, [STANDARD_ROWS, channels]: two dispatches. */
export function standardOf(backend: WebGPUBackend, inputs: PriorInputs & { x: TensorInfo }, view: View) {
  const { x, priorMean } = inputs;
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const { channels } = view;
  const { partials } = runWalk(backend, momentsOfChunks(true), walk, { x }, {}, { partials: partialsOf(walk, MOMENTS) });
  const chunks = chunksOf(walk);
  const shapes = { ownMean: [channels], ownVariance: [channels], standard: [STANDARD_ROWS, channels] };
  const program = shrunkMoments(priorMean !== undefined);
  const outputs = runProgram(backend, program, chunks.groups, named({ ...inputs, partials }), chunks.values, shapes);
  backend.disposeData(partials.dataId);
  return outputs;
}

/** Mean, variance and residual of each set: one dispatch, or two where a set is more than a work group takes. */
function momentsOf(backend: WebGPUBackend, x: TensorInfo, walk: Walk, isCentered: boolean, shape: number[]) {
  const shapes = { mean: shape, variance: shape, residual: shape };
  if (walk.windows * walk.chunks === 1) return runWalk(backend, momentsOfSets(isCentered), walk, { x }, {}, shapes);
  const { partials } = runWalk(backend, momentsOfChunks(isCentered), walk, { x }, {}, { partials: partialsOf(walk, MOMENTS) });
  const chunks = chunksOf(walk);
  const moments = runProgram(backend, mergedMoments(isCentered), chunks.groups, { partials }, chunks.values, shapes);
  backend.disposeData(partials.dataId);
  return moments;
}

/** Code for a set's constants, in an active lane: those of Z. `away` is of a rounded product, so that it is not put together with center. */
const SET_CONSTANTS = /* wgsl */ `
    let center = mean[setIndex];
    let scale = inverseSqrt(variance[setIndex] + uniforms.epsilon);
    let away = rounded(residual[setIndex] * scale);`;
/** The normalized number. */
const Z = "((xHere - center) * scale - away)";

const apply = (affine: readonly ("gamma" | "beta")[]) =>
  ({
    key: `normalization ${affine}`,
    inputs: ["x", "mean", "variance", "residual", ...affine],
    outputs: ["y"] as const,
    streamed: ["x", "y"],
    uniforms: SET_UNIFORMS,
    declarations: () => "",
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
${SET_CONSTANTS}
${walkLoop(
  ["x"],
  /* wgsl */ `
        let z = ${Z};
        y[at] = z * ${parameter("gamma", affine, "1.0")} + ${parameter("beta", affine, "0.0")};`,
)}
  }`,
  }) satisfies WalkProgram<string, "y", keyof typeof SET_UNIFORMS>;

function applied(
  backend: WebGPUBackend,
  inputs: NormalizationInputs & Record<"mean" | "variance" | "residual", TensorInfo>,
  attrs: NormalizationAttrs,
  sets: Slices,
): TensorInfo {
  const walk = walkOver(sets, LANES, maxWindow(backend));
  const affine = (["gamma", "beta"] as const).filter((name) => inputs[name]);
  return runWalk(backend, apply(affine), walk, named(inputs), setValues(attrs), { y: inputs.x.shape }).y;
}

/** y, mean, variance and residual; undefined where the composed form has to do it. */
export function webgpuNormalization(
  backend: WebGPUBackend,
  inputs: NormalizationInputs,
  attrs: NormalizationAttrs,
): TensorInfo[] | undefined {
  const { x } = inputs;
  const sets = setsOf(attrs);
  if (sets.size === 0) return undefined;
  const walk = walkOver(sets, WIDTH, maxWindow(backend));
  const moments = momentsOf(backend, x, walk, !attrs.rms, [attrs.slices, attrs.groups]);
  const y = applied(backend, { ...inputs, ...moments }, attrs, sets);
  return [y, moments.mean, moments.variance, moments.residual];
}

/** The sums of γ dy and γ dy z over each set; where a set is a channel, of dy and dy z. */
const gradientSums = (affine: readonly "gamma"[]) =>
  ({
    key: `normalization gradient sums ${affine}`,
    inputs: ["x", "dy", "mean", "variance", "residual", ...affine],
    outputs: ["partials"] as const,
    streamed: ["x", "dy"],
    uniforms: SET_UNIFORMS,
    declarations: () => TREE,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  var sums : array<f32, 2>;
  if (isActive) {
${SET_CONSTANTS}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let u = dyHere * ${parameter("gamma", affine, "1.0")};
        sums[0] += u;
        sums[1] += u * ${Z};`,
)}
  }
${sumLanes("sums", 2, WALK_LANES)}
${writePartials(2)}`,
  }) satisfies WalkProgram<string, "partials", keyof typeof SET_UNIFORMS>;

/** The means of section 4.4, a and b, of each set. */
const gradientMeans = (isCentered: boolean) =>
  ({
    key: `normalization gradient means ${isCentered}`,
    inputs: ["partials"],
    outputs: ["means"],
    uniforms: SET_CHUNK_UNIFORMS,
    declarations: () => TREE,
    body: () =>
      ofChunks(
        2,
        /* wgsl */ `
    means[2u * channel] = ${isCentered ? "sums[0] / uniforms.count" : "0.0"};
    means[2u * channel + 1u] = sums[1] / uniforms.count;`,
      ),
  }) as const satisfies Program<string, string, keyof typeof SET_CHUNK_UNIFORMS>;

/** The same of sets that are channels, and the gradients of their parameters. */
const batchGradientMeans = (affine: readonly "gamma"[], hasPrior: boolean) =>
  ({
    key: `batch normalization gradient means ${affine} ${hasPrior}`,
    inputs: ["partials", ...affine, ...(hasPrior ? ["priorMass"] : [])],
    outputs: ["means", "dgamma", "dbeta"] as const,
    uniforms: SET_CHUNK_UNIFORMS,
    declarations: () => TREE,
    body: () =>
      ofChunks(
        2,
        /* wgsl */ `
    let scale = ${affine.length > 0 ? "gamma[channel]" : "1.0"};
    ${hasPrior ? "let mass = priorMass[0];" : "let mass = 0.0;"}
    let isAll = mass >= ${MAX_FLOAT32}f;
    means[2u * channel] = select(sums[0] * scale / (uniforms.count + mass), 0.0, isAll);
    means[2u * channel + 1u] = select(sums[1] * scale / (uniforms.count + mass), 0.0, isAll);
    dbeta[channel] = sums[0];
    dgamma[channel] = sums[1];`,
      ),
  }) satisfies Program<string, "means" | "dgamma" | "dbeta", keyof typeof SET_CHUNK_UNIFORMS>;

const gradientOfX = (affine: readonly "gamma"[]) =>
  ({
    key: `normalization gradient ${affine}`,
    inputs: ["x", "dy", "mean", "variance", "residual", "means", ...affine],
    outputs: ["dx"] as const,
    streamed: ["x", "dy", "dx"],
    uniforms: SET_UNIFORMS,
    declarations: () => "",
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
${SET_CONSTANTS}
    let across = means[2u * setIndex];
    let along = means[2u * setIndex + 1u];
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let z = ${Z};
        dx[at] = scale * ((dyHere * ${parameter("gamma", affine, "1.0")} - across) - along * z);`,
)}
  }`,
  }) satisfies WalkProgram<string, "dx", keyof typeof SET_UNIFORMS>;

const CHANNEL_UNIFORMS = { ...WALK_UNIFORMS, rows: "u32", ofGroup: "u32", groups: "u32", epsilon: "f32" } as const;

/** The sums of dy and dy z over each channel, whose numbers may be of several sets. */
const channelSums = {
  key: "normalization channel sums",
  inputs: ["x", "dy", "mean", "variance", "residual"],
  outputs: ["partials"],
  streamed: ["x", "dy"],
  uniforms: CHANNEL_UNIFORMS,
  declarations: () => TREE,
  body: () => /* wgsl */ `
${WALK_BEGIN}
  var sums : array<f32, 2>;
  if (isActive) {
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let here = row / uniforms.rows * uniforms.groups + channel / uniforms.ofGroup;
        let z = (rounded(xHere - mean[here]) - residual[here]) * inverseSqrt(variance[here] + uniforms.epsilon);
        sums[0] += dyHere;
        sums[1] += dyHere * z;`,
)}
  }
${sumLanes("sums", 2, WALK_LANES)}
${writePartials(2)}`,
} as const satisfies WalkProgram<string, string, keyof typeof CHANNEL_UNIFORMS>;

const parameterGradients = {
  key: "normalization parameters",
  inputs: ["partials"],
  outputs: ["dgamma", "dbeta"],
  uniforms: CHUNK_UNIFORMS,
  declarations: () => TREE,
  body: () =>
    ofChunks(
      2,
      /* wgsl */ `
    dbeta[channel] = sums[0];
    dgamma[channel] = sums[1];`,
    ),
} as const satisfies Program<string, string, keyof typeof CHUNK_UNIFORMS>;

/** The gradients of gamma and beta where sets are not channels. */
function parametersOf(backend: WebGPUBackend, inputs: NormalizationGradInputs, attrs: NormalizationAttrs, size: number) {
  const { slices, outer, channels, inner, groups, epsilon } = attrs;
  const walk = walkOver({ outer: slices * outer, channels, inner, size }, WIDTH, maxWindow(backend));
  const values = { rows: outer, ofGroup: channels / groups, groups, epsilon };
  const { partials } = runWalk(backend, channelSums, walk, named(inputs), values, { partials: partialsOf(walk, 2) });
  const chunks = chunksOf(walk);
  const gradients = runProgram(backend, parameterGradients, chunks.groups, { partials }, chunks.values, {
    dgamma: [channels],
    dbeta: [channels],
  });
  backend.disposeData(partials.dataId);
  return gradients;
}

/** The gradients of x, gamma and beta; undefined where the composed form has to do it. */
export function webgpuNormalizationGrad(
  backend: WebGPUBackend,
  inputs: NormalizationGradInputs & Pick<PriorInputs, "priorMass">,
  attrs: NormalizationAttrs,
): TensorInfo[] | undefined {
  const { x, priorMass } = inputs;
  const { slices, channels, groups, rms, epsilon } = attrs;
  const sets = setsOf(attrs);
  if (sets.size === 0) return undefined;
  const affine = inputs.gamma ? (["gamma"] as const) : [];
  const isBatch = !rms && slices === 1 && groups === channels;
  const walk = walkOver(sets, WIDTH, maxWindow(backend));
  const count = sets.size / (slices * groups);
  const { partials } = runWalk(backend, gradientSums(isBatch ? [] : affine), walk, named(inputs), setValues(attrs), {
    partials: partialsOf(walk, 2),
  });
  const chunks = chunksOf(walk);
  const values = { ...chunks.values, epsilon, count };
  const means = [slices, groups, 2];
  const ofSets = isBatch
    ? runProgram(
        backend,
        batchGradientMeans(affine, priorMass !== undefined),
        chunks.groups,
        named({ ...inputs, partials }),
        values,
        {
          means,
          dgamma: [channels],
          dbeta: [channels],
        },
      )
    : {
        ...runProgram(backend, gradientMeans(!rms), chunks.groups, { partials }, values, { means }),
        ...parametersOf(backend, inputs, attrs, sets.size),
      };
  const wide = walkOver(sets, LANES, maxWindow(backend));
  const tensors = named({ ...inputs, means: ofSets.means });
  const { dx } = runWalk(backend, gradientOfX(affine), wide, tensors, setValues(attrs), { dx: x.shape });
  for (const { dataId } of [partials, ofSets.means]) backend.disposeData(dataId);
  return [dx, ofSets.dgamma, ofSets.dbeta];
}

const split = {
  key: "standard",
  inputs: ["standard"],
  outputs: ["mean", "variance", "residual"],
  uniforms: { channels: "u32" },
  declarations: () => "",
  body: () => /* wgsl */ `
  let channel = group * ${LANES}u + localIndex;
  if (channel < uniforms.channels) {
    mean[channel] = standard[channel];
    variance[channel] = standard[uniforms.channels + channel];
    residual[channel] = standard[2u * uniforms.channels + channel];
  }`,
} as const satisfies Program<string, string, "channels">;

/** y, the batch's own mean and variance; mean, variance and residual by which it is normalized. */
export function webgpuShrunkNormalization(
  backend: WebGPUBackend,
  inputs: ShrunkNormalizationInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const { outer, channels, inner } = attrs;
  const view = { outer, channels, inner, size: outer * channels * inner };
  if (view.size === 0) return undefined;
  const { ownMean, ownVariance, standard } = standardOf(backend, inputs, view);
  const shapes = { mean: [channels], variance: [channels], residual: [channels] };
  const moments = runProgram(backend, split, Math.ceil(channels / LANES), { standard }, { channels }, shapes);
  backend.disposeData(standard.dataId);
  const y = applied(backend, { ...inputs, ...moments }, asOneSlice(attrs), view);
  return [y, ownMean, ownVariance, moments.mean, moments.variance, moments.residual];
}

/** The gradients of x, gamma and beta. */
export const webgpuShrunkNormalizationGrad = (
  backend: WebGPUBackend,
  inputs: ShrunkNormalizationGradInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined => webgpuNormalizationGrad(backend, inputs, asOneSlice(attrs));
