import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_FLOAT32, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import type { NormGradInputs } from "../kernels/mixturePlan.js";
import type { StandardizedGradInputs, StandardizedInputs } from "../kernels/standardizedMixtureNorm.js";
import type { NormInputs } from "../kernels/unsupervisedAdaptiveNorm.js";
import { forEach, KAPPA, mixtureValues, sumOf, takesMixture } from "../shaders/mixture.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, glsl } from "./blocks.js";
import {
  type Channels,
  type ChannelVariant,
  channelsIn,
  channelVariantOf,
  mixtureConstants,
  ONE,
  ofComponent,
  ownComponent,
  responsibilities,
} from "./mixture.js";
import { standardOf } from "./normalization.js";
import { drawSums } from "./sums.js";

// Unsupervised Adaptive Normalization as fragment shaders: docs/math.md, sections 2.1 and 2.2.

/** By what x is standardized. */
const standardConstants = ({ type, of }: Channels) => /* glsl */ `
  ${type} center = ${of("standard", 0)};
  ${type} inverse = 1.0 / sqrt(${of("standard", 1)} + epsilon);
  ${type} away = rounded(${of("standard", 2)} * inverse);`;

/** The activation that the mixture sees: x, or x with a mean and a variance taken out. */
const activation = (x: string, isStandardized: boolean, { spread }: Channels) =>
  isStandardized ? `(${x} - ${spread("center")}) * ${spread("inverse")} - ${spread("away")}` : x;

function normalized(
  backend: WebGLBackend,
  inputs: NormInputs & { standard?: TensorInfo },
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo {
  const { x, mean, variance, prior, gamma, beta, standard } = inputs;
  const variant = channelVariantOf(view, attrs);
  const here = channelsIn(x, view);
  const { declared, of, spread } = here;
  return drawBlocks(
    backend,
    x.shape,
    { x, mean, variance, prior, gamma, beta, standard },
    mixtureValues(attrs),
    /* glsl */ `
${declared}
${mixtureConstants(variant, here)}
${standard ? standardConstants(here) : ""}
  vec4 given = ${activation("xBlock(at)", standard !== undefined, here)};
${responsibilities(variant, here)}
  block = (${sumOf(variant, (k) => `e${k} * ${spread(`weight${k}`)} * (value - ${spread(`mean${k}`)})`)}) * share;
  ${gamma ? `block *= ${spread(of("gamma"))};` : ""}
  ${beta ? `block += ${spread(of("beta"))};` : ""}
  block = mix(block, vec4(NAN), isBad);`,
  );
}

/** y, by one draw; undefined where the composed form has to do it. */
export function webglUnsupervisedAdaptiveNorm(
  backend: WebGLBackend,
  inputs: NormInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? [normalized(backend, inputs, attrs, view)] : undefined;
}

/** y, the batch's own mean and variance, and what it is standardized by. */
export function webglStandardizedMixtureNorm(
  backend: WebGLBackend,
  inputs: StandardizedInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { ownMean, ownVariance, standard } = standardOf(backend, inputs, view);
  return [normalized(backend, { ...inputs, standard }, attrs, view), ownMean, ownVariance, standard];
}

/** What the terms of section 2.2 of one component are made of: g_k less that of the first, and its mean, `middle`. */
function differences(variant: ChannelVariant, { activations, spread }: Channels): string {
  const gain = (k: number) => `z${k} * ${spread(`gain${k}`)}`;
  return /* glsl */ `
  ${activations} bad = mix(${activations}(0.0), ${activations}(NAN), isBad);
  ${activations} first = ${variant.isUcb ? `${activations}(0.0)` : gain(0)};
  ${activations} middle = (${sumOf(variant, (k) => `e${k} * (${gain(k)} - first)`)}) * share;`;
}

const gains = (variant: ChannelVariant, { type }: Channels) =>
  forEach(
    variant,
    (k) => `  ${type} slope${k} = scale${k} * ${glsl(1 / KAPPA ** 2)}; ${type} gain${k} = weight${k} / scale${k};`,
  );

/**
 * Sums over each channel, a texel for each component: Σ M_k, Σ P_k, κ² Σ P_k z_k², Σ u_k g_k, all without gamma. P of the last component
 * is minus the sum of the others: Σ dy is in its place. A draw has one output, so each component's texel evaluates the whole mixture. A
 * draw before it, of what the components share, would save little up to K = 8 (in software): it is a draw, and two more numbers to read.
 */
function sumsOf(
  backend: WebGLBackend,
  inputs: NormGradInputs & { standard?: TensorInfo },
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo {
  const { x, dy, mean, variance, prior, standard } = inputs;
  const variant = channelVariantOf(view, attrs);
  const { components } = variant;
  return drawSums(backend, {
    sets: view,
    parts: components,
    shape: x.shape,
    streams: ["x", "dy"],
    inputs: { x, dy, mean, variance, prior, standard },
    uniforms: mixtureValues(attrs),
    constants: /* glsl */ `
  int channel = set;
${mixtureConstants(variant, ONE, ownComponent(variant))}
${gains(variant, ONE)}
${standard ? standardConstants(ONE) : ""}`,
    // An invocation's own component is number 0.
    body: /* glsl */ `
  float given = ${activation("xHere", standard !== undefined, ONE)};
${responsibilities(variant, ONE)}
${differences(variant, ONE)}
  // What is bad comes to all sums by u.
  float u = e0 * share * (dyHere + bad);
  float p = u * (z0 * gain0 - first - middle);
  float pz = p * z0;
  sums += vec4(u * weight0 - pz * slope0, part == ${components - 1} ? dyHere : p, pz * z0, u * weight0 * (value - mean0));`,
  });
}

/** Σ P_k of component k, whose texel is given. */
const sumOfP = ({ components }: ChannelVariant, texel: string) => {
  const others = Array.from({ length: components - 1 }, (_, other) => ` - sumsTexel(channel * ${components} + ${other}).y`);
  return `(k < ${components - 1} ? ${texel}.y : 0.0${others.join("")})`;
};

/** dλ, a sum over channels. */
function gradientOfPrior(
  backend: WebGLBackend,
  { prior, ...inputs }: { sums: TensorInfo; prior: TensorInfo; gamma: TensorInfo | undefined },
  variant: ChannelVariant,
): TensorInfo {
  const { channels, components } = variant;
  const terms = drawSums(backend, {
    sets: { outer: channels, channels: components, inner: 1, size: channels * components },
    shape: [channels, components],
    streams: [],
    inputs,
    constants: "  int k = set;",
    body: /* glsl */ `
    int channel = j;
    vec4 own = sumsTexel(channel * ${components} + k);
    sums.x += (${sumOfP(variant, "own")} - 0.5 * own.w) * ${inputs.gamma ? "gammaAt(channel)" : "1.0"};`,
  });
  const value = `termsTexel(i).x / atLeast(priorAt(i), ${glsl(MIN_PRIOR)})`;
  const dprior = drawNumbers(backend, [components], { terms, prior }, { value });
  backend.disposeData(terms.dataId);
  return dprior;
}

/** The gradients of x, mean, variance, prior, gamma and beta. */
function gradientsOf(
  backend: WebGLBackend,
  inputs: NormGradInputs & { standard?: TensorInfo },
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] {
  const { x, dy, mean, variance, prior, gamma, standard } = inputs;
  const { channels, components, size } = view;
  const variant = channelVariantOf(view, attrs);
  const { isUcb } = variant;
  const uniforms = mixtureValues(attrs);
  const scale = gamma ? "gammaAt(channel)" : "1.0";
  const sums = sumsOf(backend, inputs, attrs, view);
  const passing: TensorInfo[] = [sums];

  const dmean = drawNumbers(
    backend,
    mean.shape,
    { sums, gamma },
    { statements: ofComponent(variant), value: `-sums.x * ${scale}` },
  );
  const dvariance = drawNumbers(
    backend,
    mean.shape,
    { sums, variance, gamma },
    {
      uniforms,
      statements: ofComponent(variant),
      value: `(sums.z * ${glsl(1 / KAPPA ** 2)} - sums.w${isUcb ? "" : ` - ${sumOfP(variant, "sums")}`}) * 0.5 / atLeast(varianceAt(i) + epsilon, ${glsl(MIN_VARIANCE)}) * ${scale}`,
    },
  );
  const dprior = isUcb
    ? drawNumbers(backend, [components], {}, { value: "0.0" })
    : gradientOfPrior(backend, { sums, gamma, prior }, variant);
  const ofChannel = (k: number) => `sumsTexel(i * ${components} + ${k})`;
  const dgamma = drawNumbers(backend, [channels], { sums }, { value: sumOf(variant, (k) => `${ofChannel(k)}.w`) });
  const dbeta = drawNumbers(backend, [channels], { sums }, { value: `${ofChannel(components - 1)}.y` });

  // What flows through the batch's mean and variance: nothing, if they are all the prior's.
  let flow: TensorInfo | undefined;
  if (standard) {
    flow = drawNumbers(
      backend,
      [2, channels],
      { sums, mean, standard, gamma },
      {
        statements: /* glsl */ `
  int channel = i % ${channels};
  float mass = standardIn(5, channel);
  float across = 0.0;
  float along = 0.0;
  for (int k = 0; k < ${components}; k++) {
    vec4 sums = sumsTexel(channel * ${components} + k);
    across += sums.x;
    // Σ M_k z, as z = μ_k + √v_k z_k.
    along += meanIn(k, channel) * sums.x + (sums.w - sums.z * ${glsl(1 / KAPPA ** 2)});
  }`,
        value: `mass >= ${glsl(MAX_FLOAT32)} ? 0.0 : (i < ${channels} ? across : along) * ${scale} / (${glsl(size / channels)} + mass)`,
      },
    );
    passing.push(flow);
  }
  const here = channelsIn(x, view);
  const { type, declared, of, spread } = here;
  const dx = drawBlocks(
    backend,
    x.shape,
    { x, dy, mean, variance, prior, gamma, standard, flow },
    uniforms,
    /* glsl */ `
${declared}
${mixtureConstants(variant, here)}
${gains(variant, here)}
${standard ? standardConstants(here) : ""}
  vec4 given = ${activation("xBlock(at)", standard !== undefined, here)};
${responsibilities(variant, here)}
${differences(variant, here)}
  vec4 u = (dyBlock(at) + bad) * share;
  ${gamma ? `u *= ${spread(of("gamma"))};` : ""}
  block = vec4(0.0);
${forEach(
  variant,
  (k) => /* glsl */ `
  {
    vec4 part = e${k} * u;
    vec4 p = part * (z${k} * ${spread(`gain${k}`)} - first - middle);
    block += part * ${spread(`weight${k}`)} - p * z${k} * ${spread(`slope${k}`)};
  }`,
)}
${
  standard
    ? /* glsl */ `
  ${type} across = ${of("flow", 0)};
  ${type} along = ${of("flow", 1)};
  block = ${spread("inverse")} * ((block - ${spread("across")}) - ${spread("along")} * given);`
    : ""
}`,
  );
  for (const { dataId } of passing) backend.disposeData(dataId);
  return [dx, dmean, dvariance, dprior, dgamma, dbeta];
}

/** Its gradients; undefined where the composed form has to do it. */
export function webglUnsupervisedAdaptiveNormGrad(
  backend: WebGLBackend,
  inputs: NormGradInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? gradientsOf(backend, inputs, attrs, view) : undefined;
}

/** The same of standardized activations. */
export function webglStandardizedMixtureNormGrad(
  backend: WebGLBackend,
  inputs: StandardizedGradInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? gradientsOf(backend, inputs, attrs, view) : undefined;
}
