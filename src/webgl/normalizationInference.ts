import type { TensorInfo } from "@tensorflow/tfjs-core";
import type {
  NormalizationInferenceAttrs,
  NormalizationInferenceGradInputs,
  NormalizationInferenceInputs,
} from "../kernels/normalizationInference.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, entriesIn } from "./blocks.js";
import { drawSums } from "./sums.js";

// Normalization by a given mean and variance as fragment shaders: docs/math.md, sections 4.1 and 4.4.

/** The channels of a block of x, and `scale`, γ/√(variance + epsilon). */
function channelsIn({ x, gamma }: NormalizationInferenceInputs, { inner, channels }: NormalizationInferenceAttrs) {
  const { type, declared, of, spread } = entriesIn(x.shape, "channel", [{ step: inner, count: channels }]);
  const constants = /* glsl */ `
${declared}
  ${type} scale = 1.0 / sqrt(${of("variance")} + epsilon);
  ${gamma ? `scale *= ${of("gamma")};` : ""}`;
  return { type, constants, of, spread };
}

/** y, by one draw; undefined where the composed form has to do it. */
export function webglNormalizationInference(
  backend: WebGLBackend,
  inputs: NormalizationInferenceInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const { x, mean, variance, gamma, beta } = inputs;
  const { outer, channels, inner, epsilon } = attrs;
  if (outer * channels * inner === 0) return undefined;
  const { type, constants, of, spread } = channelsIn(inputs, attrs);
  const y = drawBlocks(
    backend,
    x.shape,
    { x, mean, variance, gamma, beta },
    { epsilon },
    /* glsl */ `
${constants}
  ${type} center = ${of("mean")};
  block = (xBlock(at) - ${spread("center")}) * ${spread("scale")};
  ${beta ? `block += ${spread(of("beta"))};` : ""}`,
  );
  return [y];
}

/** The gradients of x, mean, variance, gamma and beta; undefined where the composed form has to do it. */
export function webglNormalizationInferenceGrad(
  backend: WebGLBackend,
  inputs: NormalizationInferenceGradInputs,
  attrs: NormalizationInferenceAttrs,
): TensorInfo[] | undefined {
  const { x, dy, mean, variance, gamma } = inputs;
  const { outer, channels, inner, epsilon } = attrs;
  const size = outer * channels * inner;
  if (size === 0) return undefined;
  // Σ dy and Σ dy x̂.
  const sums = drawSums(backend, {
    sets: { outer, channels, inner, size },
    shape: x.shape,
    streams: ["x", "dy"],
    inputs: { x, dy, mean, variance },
    uniforms: { epsilon },
    constants: "  float center = meanAt(set);\n  float inverse = 1.0 / sqrt(varianceAt(set) + epsilon);",
    body: "    sums.xy += vec2(dyHere, dyHere * (rounded(xHere - center) * inverse));",
  });
  const ofChannel = (value: string) =>
    drawNumbers(
      backend,
      [channels],
      { sums, variance, gamma },
      {
        uniforms: { epsilon },
        statements: /* glsl */ `
  vec4 sums = sumsTexel(i);
  float inverse = 1.0 / sqrt(varianceAt(i) + epsilon);
  float scale = inverse${gamma ? " * gammaAt(i)" : ""};`,
        value,
      },
    );
  const ofParameters = ["-sums.x * scale", "-0.5 * sums.y * scale * inverse", "sums.y", "sums.x"].map(ofChannel);
  backend.disposeData(sums.dataId);
  const { constants, spread } = channelsIn(inputs, attrs);
  const dx = drawBlocks(
    backend,
    x.shape,
    { dy, variance, gamma },
    { epsilon },
    `${constants}\n  block = dyBlock(at) * ${spread("scale")};`,
  );
  return [dx, ...ofParameters];
}
