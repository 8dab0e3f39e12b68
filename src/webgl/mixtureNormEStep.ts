import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureInputs, MixtureView } from "../arguments.js";
import { MAX_FLOAT32, MAX_SQUARABLE, MIN_PRIOR, MIN_RESPONSIBILITY, MIN_VARIANCE } from "../constants.js";
import type { EStepAttrs } from "../kernels/mixtureNormEStep.js";
import { takesMixture } from "../shaders/mixture.js";
import { quotient, remainder, type WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, glsl } from "./blocks.js";
import { ofComponent } from "./mixture.js";
import { drawSums } from "./sums.js";

// A step of EM of mixture normalization, on rows x [N, C], as fragment shaders: docs/math.md, section 5.

/** Components of a texel. */
const PER_TEXEL = 4;

const lanes = ({ components }: MixtureView, code: (lane: number) => string): string =>
  Array.from({ length: Math.min(components, PER_TEXEL) }, (_, lane) => code(lane)).join("\n");

/**
 * Log densities of the components at each row, less that of the first, without λ: texels of four components. Differences are summed over
 * channels: sums of many keep their digits. All are NaN where a row is not finite.
 */
function densitiesOf(
  backend: WebGLBackend,
  { x, mean, variance }: MixtureInputs,
  epsilon: number,
  view: MixtureView,
): TensorInfo {
  const { outer, channels, components, size } = view;
  // 1/√v and its logarithm, which the rows share.
  const scales = drawNumbers(
    backend,
    [2 * components, channels],
    { variance },
    {
      uniforms: { epsilon },
      statements: /* glsl */ `
  int row = ${quotient("i", channels)};
  int here = (row >> 1) * ${channels} + ${remainder("i", channels)};
  float v = atLeast(varianceAt(here) + epsilon, ${glsl(MIN_VARIANCE)});`,
      value: "(row & 1) == 0 ? 1.0 / sqrt(v) : -0.5 * log(v)",
    },
  );
  const density = (k: string) => /* glsl */ `
      float z = clamp((xHere - meanIn(${k}, j)) * scalesIn(2 * ${k}, j), ${glsl(-MAX_SQUARABLE)}, ${glsl(MAX_SQUARABLE)});
      float density = scalesIn(2 * ${k} + 1, j) - 0.5 * z * z;`;
  const densities = drawSums(backend, {
    sets: { outer: 1, channels: outer, inner: channels, size },
    parts: Math.ceil(components / PER_TEXEL),
    shape: x.shape,
    streams: ["x"],
    inputs: { x, mean, scales },
    body: /* glsl */ `
    float base = 0.0;
    {${density("0")}
      base = density;
    }
    if (notFinite(xHere)) sums += NAN;
${lanes(
  view,
  (lane) => /* glsl */ `
    {
      int k = min(part * ${PER_TEXEL} + ${lane}, ${components - 1});${density("k")}
      sums[${lane}] += density - base;
    }`,
)}`,
  });
  backend.disposeData(scales.dataId);
  return densities;
}

/** ν, [N, K]. */
function responsibilitiesOf(backend: WebGLBackend, inputs: MixtureInputs, epsilon: number, view: MixtureView): TensorInfo {
  const { outer, components } = view;
  const densities = densitiesOf(backend, inputs, epsilon, view);
  const texels = Math.ceil(components / PER_TEXEL);
  const each = (code: (k: number) => string) => Array.from({ length: components }, (_, k) => code(k)).join("\n");
  // Of the first, the difference is 0 or NaN.
  const read = (row: string, k: number) => `densitiesTexel(${row} * ${texels} + ${Math.floor(k / PER_TEXEL)})[${k % PER_TEXEL}]`;
  const nu = drawBlocks(
    backend,
    [outer, components],
    { densities, prior: inputs.prior },
    {},
    /* glsl */ `
  int below = min(at.y + 1, ${outer - 1});
  vec2 whole = vec2(0.0);
  vec2 most = vec2(${glsl(-MAX_FLOAT32)});
  bvec4 isBad = notFinite(vec2(${read("at.y", 0)}, ${read("below", 0)}).xxyy);
${each(
  (k) => /* glsl */ `
  vec2 share${k} = vec2(${read("at.y", k)}, ${read("below", k)}) + log(atLeast(priorAt(${k}), ${glsl(MIN_PRIOR)}));
  share${k} = clamp(share${k}, ${glsl(-MAX_FLOAT32)}, ${glsl(MAX_FLOAT32)});
  most = max(most, share${k});`,
)}
${each(
  (k) => /* glsl */ `
  share${k} = exp(share${k} - most);
  share${k} = mix(share${k}, vec2(0.0), lessThan(share${k}, vec2(${glsl(MIN_RESPONSIBILITY)})));
  whole += share${k};`,
)}
  block = vec4(0.0);
${each((k) => `  if (at.z == ${k}) block.xz = share${k} / whole; if (at.z + 1 == ${k}) block.yw = share${k} / whole;`)}
  block = mix(block, vec4(NAN), isBad);`,
  );
  backend.disposeData(densities.dataId);
  return nu;
}

/** λ, E and Var of the rows that have responsibilities; a component without mass keeps its mean and variance. */
function momentsOf(
  backend: WebGLBackend,
  nu: TensorInfo,
  { x, mean, variance, prior }: MixtureInputs,
  view: MixtureView,
): TensorInfo[] {
  const { outer, components } = view;
  /** Sums for each component of each channel. @param statements change `sums`, by `nu` and `distance`, 0 for rows that do not count */
  const sumsOf = (others: Record<string, TensorInfo>, constants: string, statements: string) =>
    drawSums(backend, {
      sets: view,
      parts: components,
      shape: x.shape,
      streams: ["x"],
      inputs: { x, nu, ...others },
      constants,
      body: /* glsl */ `
    float nu = nuIn(j, part);
    float distance = xHere - center;
    if (notFinite(nu)) { nu = 0.0; distance = 0.0; }
    ${statements}`,
    });
  // Sums of ν and of the averages' N-th parts: those of ν (x − E) themselves could overflow.
  const first = sumsOf(
    { mean },
    "  float center = meanIn(part, set);",
    `sums.xy += vec2(nu, nu * (distance * ${glsl(1 / outer)}));`,
  );
  const of = ofComponent(view);
  const center = drawNumbers(
    backend,
    mean.shape,
    { sums: first, mean },
    {
      statements: of,
      value: `sums.x == 0.0 ? meanAt(i) : meanAt(i) + sums.y / sums.x * ${glsl(outer)}`,
    },
  );
  const second = sumsOf(
    { center, first },
    /* glsl */ `
  float center = centerIn(part, set);
  float mass = firstTexel(at.y).x;
  float share = mass == 0.0 ? 0.0 : 1.0 / mass;`,
    "float weighted = rounded(nu * share * distance); sums.xy += vec2(weighted, weighted * distance);",
  );
  const newMean = drawNumbers(backend, mean.shape, { sums: second, center }, { statements: of, value: "centerAt(i) + sums.x" });
  const newVariance = drawNumbers(
    backend,
    mean.shape,
    { sums: second, first, variance },
    {
      statements: of,
      value: `firstTexel(channel * ${components} + k).x == 0.0 ? varianceAt(i) : clamp(sums.y - sums.x * sums.x, 0.0, ${glsl(MAX_FLOAT32)})`,
    },
  );
  const masses = Array.from({ length: components }, (_, k) => `firstTexel(${k}).x`);
  const newPrior = drawNumbers(
    backend,
    [components],
    { first, prior },
    {
      statements: `  float rows = ${masses.join(" + ")};`,
      value: `rows > 0.0 ? firstTexel(i).x / atLeast(rows, ${glsl(MIN_PRIOR)}) : priorAt(i)`,
    },
  );
  for (const { dataId } of [first, center, second]) backend.disposeData(dataId);
  return [newPrior, newMean, newVariance];
}

/** ν, and the moments that it gives; undefined where the composed form has to do it. */
export function webglMixtureNormEStep(
  backend: WebGLBackend,
  inputs: MixtureInputs,
  { epsilon, moments }: EStepAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const nu = responsibilitiesOf(backend, inputs, epsilon, view);
  return moments ? [nu, ...momentsOf(backend, nu, inputs, view)] : [nu];
}
