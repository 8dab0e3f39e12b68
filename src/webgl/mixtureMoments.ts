import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import { forEach, mixtureValues, takesMixture } from "../shaders/mixture.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, entriesIn } from "./blocks.js";
import { channelVariantOf, mixtureConstants, ONE, ofComponent, ownComponent, responsibilities } from "./mixture.js";
import { drawSums } from "./sums.js";

// Responsibilities and mixture moments as fragment shaders: docs/math.md, section 3.

/** x.shape + [K], by one draw; undefined where the composed form has to do it. */
export function webglMixtureResponsibilities(
  backend: WebGLBackend,
  { x, mean, variance, prior }: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { size, channels, inner, components } = view;
  const variant = channelVariantOf(view, attrs);
  const shape = [...x.shape, components];
  // A block has two components of two activations.
  const numbers = entriesIn(shape, "number", [{ step: components, count: size }]);
  const here = {
    ...entriesIn(shape, "channel", [{ step: inner * components, count: channels }]),
    activations: "vec4" as const,
  };
  const tau = drawBlocks(
    backend,
    shape,
    { x, mean, variance, prior },
    mixtureValues(attrs),
    /* glsl */ `
${numbers.declared}
${here.declared}
${mixtureConstants(variant, here)}
  vec4 given = ${numbers.spread(numbers.each((number) => `xAt(${number})`))};
${responsibilities(variant, here)}
  block = vec4(0.0);
${forEach(variant, (k) => `  if (at.z == ${k}) block.xz = e${k}.xz; if (at.z + 1 == ${k}) block.yw = e${k}.yw;`)}
  block = mix(block * share, vec4(NAN), isBad);`,
  );
  return [tau];
}

/**
 * Sums over each channel, a texel for each component: Σ τ, Σ τ d and Σ τ d². The distances d are from `center` [K, C], which is the mean
 * up to rounding: a pass over x makes it.
 */
export function drawMixtureMoments(
  backend: WebGLBackend,
  { x, mean, variance, prior }: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): Record<"sums" | "center", TensorInfo> {
  const variant = channelVariantOf(view, attrs);
  /** @param center GLSL for what distances are from */
  const sumsOf = (others: Record<string, TensorInfo>, center: string) =>
    drawSums(backend, {
      sets: view,
      parts: view.components,
      shape: x.shape,
      streams: ["x"],
      inputs: { x, mean, variance, prior, ...others },
      uniforms: mixtureValues(attrs),
      constants: `  int channel = set;\n${mixtureConstants(variant, ONE, ownComponent(variant))}\n  float center = ${center};`,
      body: /* glsl */ `
  float given = xHere;
${responsibilities(variant, ONE)}
  float tau = e0 * share + (isBad ? NAN : 0.0);
  float distance = value - center;
  // 0 where tau is 0, although a square may be infinite.
  float weighted = rounded(tau * distance);
  sums.xyz += vec3(tau, weighted, weighted * distance);`,
    });
  const first = sumsOf({}, "mean0");
  // An average, or the old value where nothing has mass.
  const center = drawNumbers(
    backend,
    mean.shape,
    { sums: first, mean },
    { statements: ofComponent(view), value: "sums.x == 0.0 ? meanAt(i) : meanAt(i) + sums.y / sums.x" },
  );
  backend.disposeData(first.dataId);
  return { sums: sumsOf({ center }, "centerIn(part, channel)"), center };
}

/** Mass, mean and variance; undefined where the composed form has to do it. */
export function webglMixtureMoments(
  backend: WebGLBackend,
  inputs: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { variance } = inputs;
  const { sums, center } = drawMixtureMoments(backend, inputs, attrs, view);
  const made = (value: string) =>
    drawNumbers(backend, variance.shape, { sums, variance }, { statements: ofComponent(view), value });
  const mass = made("sums.x");
  const newVariance = made("sums.x == 0.0 ? varianceAt(i) : sums.z / sums.x");
  backend.disposeData(sums.dataId);
  return [mass, center, newVariance];
}
