import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, PerChannel } from "../arguments.js";
import { MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import type { MixtureNormAttrs, MixtureNormGradInputs } from "../kernels/mixtureNorm.js";
import type { RowInputs } from "../kernels/mixtureNormPlan.js";
import { sumOf, takesMixture } from "../shaders/mixture.js";
import type { WebGLBackend } from "../tensorflow/webgl.js";
import { drawBlocks, drawNumbers, type Entries, glsl } from "./blocks.js";
import { channelsIn } from "./mixture.js";
import { drawSums } from "./sums.js";

// Mixture normalization of rows x [N, C] as fragment shaders: docs/math.md, section 5. Its E step is in mixtureNormEStep.ts.

/** 1/√λ_k of the component whose index is GLSL. */
const rootOf = (k: string) => `(1.0 / sqrt(atLeast(priorAt(${k}), ${glsl(MIN_PRIOR)})))`;

/** Statements for component k of a block of x: E_k, r_k, and ν_k/√λ_k of its numbers, `given` by ν_k. */
const componentOf = ({ type, of }: Entries, rows: number, k: number) => /* glsl */ `
    ${type} center = ${of("mean", k)};
    ${type} inverse = 1.0 / sqrt(atLeast(${of("variance", k)} + epsilon, ${glsl(MIN_VARIANCE)}));
    vec4 nu = vec2(nuIn(at.y, ${k}), nuIn(min(at.y + 1, ${rows - 1}), ${k})).xxyy;
    vec4 weight = nu * ${rootOf(`${k}`)};`;

/** Statements for each component, in a scope of their own. */
const scopes = (components: number, code: (k: number) => string): string =>
  Array.from({ length: components }, (_, k) => `  {${code(k)}\n  }`).join("\n");

/** y, by one draw; undefined where the composed form has to do it. */
export function webglMixtureNorm(
  backend: WebGLBackend,
  { x, nu, mean, variance, prior, gamma, beta }: RowInputs & PerChannel,
  { epsilon }: MixtureNormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const here = channelsIn(x, view);
  const { declared, of, spread } = here;
  const y = drawBlocks(
    backend,
    x.shape,
    { x, nu, mean, variance, prior, gamma, beta },
    { epsilon },
    /* glsl */ `
${declared}
  vec4 given = xBlock(at);
  block = vec4(0.0);
${scopes(
  view.components,
  (k) => /* glsl */ `${componentOf(here, view.outer, k)}
    block += weight * ${spread("inverse")} * (given - ${spread("center")});`,
)}
  ${gamma ? `block *= ${spread(of("gamma"))};` : ""}
  ${beta ? `block += ${spread(of("beta"))};` : ""}`,
  );
  return [y];
}

/** The gradients of x, gamma and beta; undefined where the composed form has to do it. */
export function webglMixtureNormGrad(
  backend: WebGLBackend,
  { x, dy, nu, mean, variance, prior, gamma }: MixtureNormGradInputs,
  { epsilon, batch }: MixtureNormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { outer, channels, components } = view;
  // S_k, T_k, M_k and Σ dy of each channel, over the rows that have responsibilities.
  const sums = drawSums(backend, {
    sets: view,
    parts: components,
    shape: x.shape,
    streams: ["x", "dy"],
    inputs: { x, dy, nu, mean, variance },
    uniforms: { epsilon },
    constants: /* glsl */ `
  float center = meanIn(part, set);
  float inverse = 1.0 / sqrt(atLeast(varianceIn(part, set) + epsilon, ${glsl(MIN_VARIANCE)}));`,
    body: /* glsl */ `
    float nu = nuIn(j, part);
    float u = nu * dyHere;
    vec4 terms = vec4(u, u * (rounded(xHere - center) * inverse), nu, dyHere);
    sums += notFinite(nu) ? vec4(0.0) : terms;`,
  });
  const ofChannel = (value: string) => drawNumbers(backend, [channels], { sums, prior }, { value });
  const texel = (k: number) => `sumsTexel(i * ${components} + ${k})`;
  const dgamma = ofChannel(sumOf(view, (k) => `${rootOf(`${k}`)} * ${texel(k)}.y`));
  const dbeta = ofChannel(`${texel(0)}.w`);
  const here = channelsIn(x, view);
  const { type, declared, each, of, spread } = here;
  /** A sum of each channel by the component's mass, 0 where that is 0. */
  const average = (sum: "x" | "y", k: number) =>
    each((channel) => {
      const texel = `sumsTexel(${channel} * ${components} + ${k})`;
      return `(${texel}.z == 0.0 ? 0.0 : ${texel}.${sum} / ${texel}.z)`;
    });
  const dx = drawBlocks(
    backend,
    x.shape,
    { x: batch ? x : undefined, dy, nu, mean, variance, prior, gamma, sums: batch ? sums : undefined },
    { epsilon },
    /* glsl */ `
${declared}
  ${batch ? "vec4 given = xBlock(at);" : ""}
  vec4 upstream = dyBlock(at);
  bvec4 isBad;
  block = vec4(0.0);
${scopes(
  components,
  (k) => /* glsl */ `${componentOf(here, outer, k)}
    isBad = notFinite(nu);
    vec4 inner = upstream;
    ${
      batch
        ? /* glsl */ `
    ${type} across = ${average("x", k)};
    ${type} along = ${average("y", k)};
    inner = inner - ${spread("across")} - (given - ${spread("center")}) * ${spread("inverse * along")};`
        : ""
    }
    block += weight * ${spread("inverse")} * inner;`,
)}
  ${gamma ? `block *= ${spread(of("gamma"))};` : ""}
  block = mix(block, vec4(NAN), isBad);`,
  );
  backend.disposeData(sums.dataId);
  return [dx, dgamma, dbeta];
}
