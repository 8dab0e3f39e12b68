import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, entriesIn } from "./blocks.js";
import {
  forEach,
  mixtureConstants,
  mixtureUniforms,
  ONE,
  ownComponent,
  responsibilities,
  takesMixture,
  variantOf,
} from "./mixture.js";
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
  const variant = variantOf(view, attrs);
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
    mixtureUniforms(attrs),
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

/** Mass, mean and variance: a pass over x for the means, and one for squared distances from them. */
export function webglMixtureMoments(
  backend: WebGLBackend,
  { x, mean, variance, prior }: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { channels, components } = view;
  const variant = variantOf(view, attrs);
  /** Sums over each channel, a texel for each component. @param term changes `sums`, by `tau` */
  const sumsOf = (others: Record<string, TensorInfo>, term: string) =>
    drawSums(backend, {
      sets: view,
      parts: components,
      shape: x.shape,
      streams: ["x"],
      inputs: { x, mean, variance, prior, ...others },
      uniforms: mixtureUniforms(attrs),
      constants: `  int channel = set;\n${mixtureConstants(variant, ONE, ownComponent(variant))}`,
      body: /* glsl */ `
  float given = xHere;
${responsibilities(variant, ONE)}
  float tau = e0 * share + (isBad ? NAN : 0.0);
  ${term}`,
    });
  const finish = (inputs: Record<string, TensorInfo>, value: string) =>
    drawNumbers(backend, mean.shape, inputs, {
      statements: `  vec4 own = sumsTexel(i % ${channels} * ${components} + i / ${channels});`,
      value,
    });
  const first = sumsOf({}, "sums.xy += vec2(tau, tau * (value - mean0));");
  const mass = finish({ sums: first }, "own.x");
  // An average, or the old value where nothing has mass.
  const newMean = finish({ sums: first, mean }, "own.x == 0.0 ? meanAt(i) : meanAt(i) + own.y / own.x");
  const second = sumsOf(
    { newMean },
    "float distance = value - newMeanIn(part, channel); sums.xy += vec2(tau, tau * distance * distance);",
  );
  const newVariance = finish({ sums: second, variance }, "own.x == 0.0 ? varianceAt(i) : own.y / own.x");
  for (const { dataId } of [first, second]) backend.disposeData(dataId);
  return [mass, newMean, newVariance];
}
