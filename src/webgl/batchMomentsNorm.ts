import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import { MIN_PRIOR, MIN_TAU, MIN_VARIANCE } from "../constants.js";
import type { BatchMomentsAttrs, BatchMomentsGradInputs, BatchMomentsInputs } from "../kernels/batchMomentsNorm.js";
import { forEach, KAPPA, mixtureValues, sumOf, takesMixture } from "../shaders/mixture.js";
import { quotient, remainder, type WebGLBackend } from "../tensorflow/webgl.js";
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
import { drawMixtureMoments } from "./mixtureMoments.js";
import { drawSums } from "./sums.js";

// Normalization by moments of the batch as fragment shaders: docs/math.md, section 2.7.

/** Mass, mean, variance, and what the mean lost when it was rounded, [K, C]. */
type Moments = Pick<BatchMomentsGradInputs, "mass" | "batchMean" | "batchVariance" | "residual">;

/** Rows of `standard` for each component: E_k, what this lost when it was rounded, by s_k, then s_k itself, and V_k s_k². */
const ROWS = 4;
/** Rows of `pulls`: w_k γ times the sums of dy τ_k and ½ dy τ_k u_k, by N_k, and the second of them by V_k s_k². */
const PULLS = 3;

/** The moments of the batch; in inference those of no activations. */
function momentsOf(backend: WebGLBackend, inputs: BatchMomentsInputs, attrs: BatchMomentsAttrs, view: MixtureView): Moments {
  const { mean, variance } = inputs;
  const { shape } = mean;
  if (attrs.inference) {
    const zeros = () => drawNumbers(backend, shape, {}, { value: "0.0" });
    const copy = (tensor: TensorInfo) => drawNumbers(backend, shape, { tensor }, { value: "tensorAt(i)" });
    return { mass: zeros(), batchMean: copy(mean), batchVariance: copy(variance), residual: zeros() };
  }
  const { sums, center } = drawMixtureMoments(backend, inputs, attrs, view);
  const made = (inputs: Record<string, TensorInfo>, value: string) =>
    drawNumbers(
      backend,
      shape,
      { sums, center, ...inputs },
      {
        statements: /* glsl */ `${ofComponent(view)}
  float offset = sums.x == 0.0 ? 0.0 : sums.y / sums.x;
  float whole = stored(centerAt(i) + offset);`,
        value,
      },
    );
  const moments = {
    mass: made({}, "sums.x"),
    batchMean: made({}, "whole"),
    batchVariance: made({ variance }, "sums.x == 0.0 ? varianceAt(i) : atLeast(sums.z / sums.x - offset * offset, 0.0)"),
    residual: made({}, "rounded(centerAt(i) - whole) + offset"),
  };
  for (const { dataId } of [sums, center]) backend.disposeData(dataId);
  return moments;
}

/** What activations are normalized by, [ROWS · K, C]: the moments of the batch, shrunk toward the moving ones by the prior mass. */
function standardOf(
  backend: WebGLBackend,
  { movingMean, movingVariance, priorMass, ...moments }: Moments & Omit<BatchMomentsInputs, "x">,
  { epsilon, inference }: BatchMomentsAttrs,
  { channels, components }: MixtureView,
): TensorInfo {
  const { mass, batchMean, batchVariance, residual } = moments;
  const ofBatch = inference ? {} : { mass, batchMean, batchVariance, residual, priorMass };
  return drawNumbers(
    backend,
    [ROWS * components, channels],
    { movingMean, movingVariance, ...ofBatch },
    {
      uniforms: { epsilon },
      statements: /* glsl */ `
  int row = ${quotient("i", channels)};
  int here = ${quotient("row", ROWS)} * ${channels} + ${remainder("i", channels)};
  float whole = movingMeanAt(here);
  float residue = 0.0;
  float both = movingVarianceAt(here);
  ${
    inference
      ? ""
      : /* glsl */ `
  float mass = massAt(here);
  float prior = priorMassAt(0);
  float share = mass + prior == 0.0 ? 0.0 : mass / (mass + prior);
  // On a GPU, n/n need not be 1: the smaller part is not what the larger one leaves.
  float rest = prior < mass ? prior / (mass + prior) : 1.0 - share;
  float center = batchMeanAt(here);
  float lost = residualAt(here);
  float way = rounded(whole - center) - lost;
  float offset = lost + rest * way;
  whole = stored(center + offset);
  residue = rounded(center - whole) + offset;
  both = share * batchVarianceAt(here) + rest * (both + share * way * way);`
  }
  float s = 1.0 / sqrt(atLeast(both + epsilon, ${glsl(MIN_VARIANCE)}));
  int of = ${remainder("row", ROWS)};`,
      value: "of == 0 ? whole : of == 1 ? residue * s : of == 2 ? s : both * s * s",
    },
  );
}

/** Constants of the components of channels: those of the mixture and of `standard`. */
function constantsOf(variant: ChannelVariant, here: Channels, component?: (k: number) => string): string {
  const { type, of } = here;
  const index = component ?? ((k) => `${k}`);
  return `${mixtureConstants(variant, here, component)}
${forEach(
  variant,
  (k) => /* glsl */ `
  ${type} center${k} = ${of("standard", `${ROWS} * ${index(k)}`)};
  ${type} away${k} = ${of("standard", `${ROWS} * ${index(k)} + 1`)};
  ${type} s${k} = ${of("standard", `${ROWS} * ${index(k)} + 2`)};`,
)}`;
}

/** τ_k and u_k of the activations `given`; u_k is 0 where the component is not responsible: there it could be infinite. */
function normalizedBy(variant: ChannelVariant, here: Channels): string {
  const { activations, spread } = here;
  const counts = activations === "float" ? (k: number) => `tau${k} > least` : (k: number) => `greaterThan(tau${k}, least)`;
  return `${responsibilities(variant, here)}
  ${activations} least = ${activations}(${glsl(MIN_TAU)});
${forEach(
  variant,
  (k) => /* glsl */ `
  ${activations} tau${k} = e${k} * share;
  ${activations} u${k} = (value - ${spread(`center${k}`)}) * ${spread(`s${k}`)} - ${spread(`away${k}`)};
  u${k} = mix(${activations}(0.0), u${k}, ${counts(k)});`,
)}`;
}

/** w_k of the component whose index is GLSL. */
const weightOf = ({ componentWeights }: BatchMomentsAttrs, k: string) =>
  componentWeights === "prior" ? `(1.0 / sqrt(atLeast(priorAt(${k}), ${glsl(MIN_PRIOR)})))` : "1.0";

/** y, and the moments of the batch; undefined where the composed form has to do it. */
export function webglBatchMomentsNorm(
  backend: WebGLBackend,
  inputs: BatchMomentsInputs,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { x, mean, variance, prior, gamma, beta } = inputs;
  const moments = momentsOf(backend, inputs, attrs, view);
  const standard = standardOf(backend, { ...inputs, ...moments }, attrs, view);
  const variant = channelVariantOf(view, attrs);
  const here = channelsIn(x, view);
  const { declared, of, spread } = here;
  const y = drawBlocks(
    backend,
    x.shape,
    { x, mean, variance, prior, gamma, beta, standard },
    mixtureValues(attrs),
    /* glsl */ `
${declared}
${constantsOf(variant, here)}
  vec4 given = xBlock(at);
${normalizedBy(variant, here)}
  block = ${sumOf(variant, (k) => `tau${k} * ${weightOf(attrs, `${k}`)} * u${k}`)};
  ${gamma ? `block *= ${spread(of("gamma"))};` : ""}
  ${beta ? `block += ${spread(of("beta"))};` : ""}
  block = mix(block, vec4(NAN), isBad);`,
  );
  backend.disposeData(standard.dataId);
  return [y, moments.mass, moments.batchMean, moments.batchVariance, moments.residual];
}

/** The gradients' constants of the components: w_k γ, and those of `pulls`. */
const pullsOf = (
  variant: ChannelVariant,
  attrs: BatchMomentsAttrs,
  { type, of }: Channels,
  hasGamma: boolean,
  index = (k: number) => `${k}`,
) =>
  forEach(
    variant,
    (k) => /* glsl */ `
  ${type} slope${k} = ${type}(${weightOf(attrs, index(k))})${hasGamma ? ` * ${of("gamma")}` : ""};
  ${type} meanPull${k} = ${of("pulls", `${PULLS} * ${index(k)}`)};
  ${type} spreadPull${k} = ${of("pulls", `${PULLS} * ${index(k)} + 1`)};
  ${type} offset${k} = ${of("pulls", `${PULLS} * ${index(k)} + 2`)};`,
  );

/** Terms of the activations `given`, whose gradients are `dy`: `direct`, of dx, and dℓ_k, `d${k}`. */
const termsOf = (variant: ChannelVariant, { activations, spread }: Channels) => /* glsl */ `
  dy = mix(dy, ${activations}(NAN), isBad);
  ${activations} direct = ${activations}(0.0);
${forEach(
  variant,
  (k) => /* glsl */ `
  ${activations} pull${k} = u${k} * ${spread(`spreadPull${k}`)};
  ${activations} inner${k} = dy * ${spread(`slope${k}`)} - ${spread(`meanPull${k}`)} - pull${k};
  direct += tau${k} * ${spread(`s${k}`)} * (inner${k} - pull${k});
  ${activations} d${k} = u${k} * inner${k} + ${spread(`offset${k}`)};`,
)}
  ${activations} expected = ${sumOf(variant, (k) => `tau${k} * d${k}`)};
${forEach(variant, (k) => `  d${k} = tau${k} * (d${k} - expected);`)}`;

/** The gradients of x, mean, variance, prior, gamma and beta; undefined where the composed form has to do it. */
export function webglBatchMomentsNormGrad(
  backend: WebGLBackend,
  inputs: BatchMomentsGradInputs,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { x, dy, mean, variance, prior, gamma, mass, priorMass } = inputs;
  const { channels, components } = view;
  const variant = channelVariantOf(view, attrs);
  const uniforms = mixtureValues(attrs);
  const own = ownComponent(variant);
  const standard = standardOf(backend, inputs, attrs, view);
  const tensors = { x, dy, mean, variance, prior, standard };
  const sumsOf = (others: { pulls?: TensorInfo; gamma?: TensorInfo | undefined }, constants: string, body: string) =>
    drawSums(backend, {
      sets: view,
      parts: components,
      shape: x.shape,
      streams: ["x", "dy"],
      inputs: { ...tensors, ...others },
      uniforms,
      constants: `  int channel = set;\n${constantsOf(variant, ONE, own)}\n${constants}`,
      body: `  float given = xHere;\n${normalizedBy(variant, ONE)}\n${body}`,
    });

  // Σ dy τ_k, Σ dy τ_k u_k and Σ dy.
  const sums = sumsOf(
    {},
    "",
    /* glsl */ `
  float part0 = (dyHere + (isBad ? NAN : 0.0)) * tau0;
  sums += vec4(part0, part0 * u0, dyHere, 0.0);`,
  );
  const slope = `${weightOf(attrs, "k")}${gamma ? " * gammaAt(channel)" : ""}`;
  const pulls = drawNumbers(
    backend,
    [PULLS * components, channels],
    { sums, standard, prior, gamma, mass, priorMass },
    {
      statements: /* glsl */ `
  int row = ${quotient("i", channels)};
  int channel = ${remainder("i", channels)};
  int k = row / ${PULLS};
  int of = row % ${PULLS};
  vec4 sums = sumsTexel(channel * ${components} + k);
  float count = massAt(k * ${channels} + channel) + priorMassAt(0);
  float pull = ${slope} * (of == 0 ? sums.x : 0.5 * sums.y);
  if (of == 2) pull *= standardIn(${ROWS} * k + 3, channel);`,
      // In inference the moments are constants, also where the sums are NaN.
      value: attrs.inference ? "0.0" : "count == 0.0 ? 0.0 : pull / count",
    },
  );
  // Σ dℓ_k, Σ dℓ_k z_k/√v_k and Σ dℓ_k z_k².
  const densities = sumsOf(
    { pulls, gamma },
    pullsOf(variant, attrs, ONE, gamma !== undefined, own),
    /* glsl */ `
  float dy = dyHere;
${termsOf(variant, ONE)}
  sums += vec4(d0, d0 * z0 * scale0 * ${glsl(1 / KAPPA ** 2)}, d0 * z0 * z0 * ${glsl(1 / KAPPA ** 2)}, 0.0);`,
  );
  const finished = (value: string) =>
    drawNumbers(backend, mean.shape, { sums: densities, variance }, { uniforms, statements: ofComponent(view), value });
  const dmean = finished("sums.y");
  const dvariance = finished(`(sums.z - sums.x) * 0.5 / atLeast(varianceAt(i) + epsilon, ${glsl(MIN_VARIANCE)})`);
  const ofWeight = attrs.componentWeights === "prior" ? ` - 0.5 * ${slope} * sumsTexel(j * ${components} + k).y` : "";
  const terms = drawSums(backend, {
    sets: { outer: channels, channels: components, inner: 1, size: channels * components },
    shape: [channels, components],
    streams: [],
    inputs: { densities, sums, prior, gamma },
    constants: "  int k = set;",
    body: `  int channel = j;\n  sums.x += densitiesTexel(j * ${components} + k).x${ofWeight};`,
  });
  const dprior = drawNumbers(
    backend,
    [components],
    { terms, prior },
    { value: `termsTexel(i).x / atLeast(priorAt(i), ${glsl(MIN_PRIOR)})` },
  );
  const ofChannel = (k: number | string) => `sumsTexel(i * ${components} + ${k})`;
  const dgamma = drawNumbers(
    backend,
    [channels],
    { sums, prior },
    { value: sumOf(variant, (k) => `${weightOf(attrs, `${k}`)} * ${ofChannel(k)}.y`) },
  );
  const dbeta = drawNumbers(backend, [channels], { sums }, { value: `${ofChannel(0)}.z` });

  const here = channelsIn(x, view);
  const { declared, spread } = here;
  const dx = drawBlocks(
    backend,
    x.shape,
    { ...tensors, gamma, pulls },
    uniforms,
    /* glsl */ `
${declared}
${constantsOf(variant, here)}
${pullsOf(variant, attrs, here, gamma !== undefined)}
  vec4 given = xBlock(at);
${normalizedBy(variant, here)}
  vec4 dy = dyBlock(at);
${termsOf(variant, here)}
  block = direct - (${sumOf(variant, (k) => `d${k} * z${k} * ${spread(`scale${k}`)}`)}) * ${glsl(1 / KAPPA ** 2)};`,
  );
  for (const { dataId } of [standard, sums, pulls, densities, terms]) backend.disposeData(dataId);
  return [dx, dmean, dvariance, dprior, dgamma, dbeta];
}
