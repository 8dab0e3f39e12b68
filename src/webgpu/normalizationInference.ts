import type { TensorInfo } from "@tensorflow/tfjs-core";
import type {
  NormalizationInferenceAttrs,
  NormalizationInferenceGradInputs,
  NormalizationInferenceInputs,
} from "../kernels/normalizationInference.js";
import { LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import {
  CHUNK_UNIFORMS,
  chunksOf,
  ofChunks,
  partialsOf,
  runWalk,
  sumLanes,
  TREE,
  WALK_BEGIN,
  WALK_LANES,
  WALK_UNIFORMS,
  type WalkProgram,
  WIDTH,
  walkLoop,
  walkOver,
  writePartials,
} from "./walk.js";

// Normalization by a mean and a variance that are given, as shaders: batch normalization at inference.

const UNIFORMS = { ...WALK_UNIFORMS, epsilon: "f32" } as const;

const viewOf = ({ outer, channels, inner }: NormalizationInferenceAttrs) => ({
  ...{ outer, channels, inner },
  size: outer * channels * inner,
});

const forward = (affine: readonly ("gamma" | "beta")[]) =>
  ({
    key: `normalization inference ${affine}`,
    inputs: ["x", "mean", "variance", ...affine],
    outputs: ["y"] as const,
    streamed: ["x", "y"],
    uniforms: UNIFORMS,
    declarations: () => "",
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
    let center = mean[channel];
    let scale = inverseSqrt(variance[channel] + uniforms.epsilon)${affine.includes("gamma") ? " * gamma[channel]" : ""};
    let shift = ${affine.includes("beta") ? "beta[channel]" : "0.0"};
${walkLoop(["x"], "        y[at] = (xHere - center) * scale + shift;")}
  }`,
  }) satisfies WalkProgram<string, "y", keyof typeof UNIFORMS>;

/** y, by one dispatch; undefined where the composed form has to do it. */
export function webgpuNormalizationInference(
  backend: WebGPUBackend,
  inputs: NormalizationInferenceInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const view = viewOf(attrs);
  if (view.size === 0) return undefined;
  const walk = walkOver(view, LANES, maxWindow(backend));
  const affine = (["gamma", "beta"] as const).filter((name) => inputs[name]);
  return [runWalk(backend, forward(affine), walk, named(inputs), { epsilon: attrs.epsilon }, { y: inputs.x.shape }).y];
}

/** The gradient of x, and the sums of dy and dy (x − mean) over a chunk of each channel. */
const backward = (affine: readonly "gamma"[]) =>
  ({
    key: `normalization inference gradient ${affine}`,
    inputs: ["x", "dy", "mean", "variance", ...affine],
    outputs: ["dx", "partials"] as const,
    streamed: ["x", "dy", "dx"],
    uniforms: UNIFORMS,
    declarations: () => TREE,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  var sums : array<f32, 2>;
  if (isActive) {
    let center = mean[channel];
    let scale = inverseSqrt(variance[channel] + uniforms.epsilon)${affine.length > 0 ? " * gamma[channel]" : ""};
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        dx[at] = dyHere * scale;
        sums[0] += dyHere;
        sums[1] += dyHere * (xHere - center);`,
)}
  }
${sumLanes("sums", 2, WALK_LANES)}
${writePartials(2)}`,
  }) satisfies WalkProgram<string, "dx" | "partials", keyof typeof UNIFORMS>;

const PARAMETER_UNIFORMS = { ...CHUNK_UNIFORMS, epsilon: "f32" } as const;

const parameters = (affine: readonly "gamma"[]) =>
  ({
    key: `normalization inference parameters ${affine}`,
    inputs: ["partials", "variance", ...affine],
    outputs: ["dmean", "dvariance", "dgamma", "dbeta"] as const,
    uniforms: PARAMETER_UNIFORMS,
    declarations: () => TREE,
    body: () =>
      ofChunks(
        2,
        /* wgsl */ `
    let inverse = inverseSqrt(variance[channel] + uniforms.epsilon);
    let scale = inverse${affine.length > 0 ? " * gamma[channel]" : ""};
    let ofGamma = sums[1] * inverse;
    dmean[channel] = -sums[0] * scale;
    dvariance[channel] = -0.5 * ofGamma * scale * inverse;
    dgamma[channel] = ofGamma;
    dbeta[channel] = sums[0];`,
      ),
  }) satisfies Program<string, "dmean" | "dvariance" | "dgamma" | "dbeta", keyof typeof PARAMETER_UNIFORMS>;

/** The gradients of x, mean, variance, gamma and beta, by two dispatches. */
export function webgpuNormalizationInferenceGrad(
  backend: WebGPUBackend,
  inputs: NormalizationInferenceGradInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const { channels, epsilon } = attrs;
  const view = viewOf(attrs);
  if (view.size === 0) return undefined;
  const affine = inputs.gamma ? (["gamma"] as const) : [];
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const shapes = { dx: inputs.x.shape, partials: partialsOf(walk, 2) };
  const { dx, partials } = runWalk(backend, backward(affine), walk, named(inputs), { epsilon }, shapes);
  const chunks = chunksOf(walk);
  const { dmean, dvariance, dgamma, dbeta } = runProgram(
    backend,
    parameters(affine),
    chunks.groups,
    named({ ...inputs, partials }),
    { ...chunks.values, epsilon },
    { dmean: [channels], dvariance: [channels], dgamma: [channels], dbeta: [channels] },
  );
  backend.disposeData(partials.dataId);
  return [dx, dmean, dvariance, dgamma, dbeta];
}
