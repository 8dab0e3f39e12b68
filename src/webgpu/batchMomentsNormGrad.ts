import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import { MIN_TAU } from "../constants.js";
import type { BatchMomentsAttrs, BatchMomentsGradInputs } from "../kernels/batchMomentsNorm.js";
import { forEach, KAPPA, type MixtureVariant, sumOf, variantOf } from "../shaders/mixture.js";
import { named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import {
  BATCH_UNIFORMS,
  batchValues,
  componentConstants,
  componentRows,
  inTable,
  NORM_UNIFORMS,
  NORMALIZING,
  normalizedBy,
  tableOf,
  walkOf,
  weightOf,
} from "./batchMomentsTable.js";
import { keyOf, MIXTURE_FUNCTIONS, MIXTURE_INPUTS, mixtureConstants, responsibilities } from "./mixture.js";
import { rowSums } from "./rowSums.js";
import {
  CHUNK_UNIFORMS,
  chunksOf,
  inRow,
  ofChunks,
  partialsOf,
  runWalk,
  sumLanes,
  TREE,
  WALK_BEGIN,
  WALK_LANES,
  type WalkProgram,
  walkLoop,
  writePartials,
} from "./walk.js";

// The gradients of normalization by moments of the batch as shaders: docs/math.md, section 2.7. x and dy are read for the sums G_k and H_k,
// and then for dx and the sums that the mixture's gradients are made of.

/** Sums of the first pass: Σ dy τ_k and Σ dy τ_k u_k of each component, and Σ dy. */
const FIRST = 2;
/** Of the second, of each component: Σ dℓ_k, and κ Σ dℓ_k z_k and κ² Σ dℓ_k z_k². */
const SECOND = 3;

const PARAMETER_UNIFORMS = { ...CHUNK_UNIFORMS, ...BATCH_UNIFORMS } as const;

const first = (variant: MixtureVariant) => {
  const { components } = variant;
  const count = FIRST * components + 1;
  return {
    key: `batch moments gradient sums ${keyOf(variant)}`,
    inputs: ["x", "dy", ...MIXTURE_INPUTS, "table"],
    outputs: ["partials"] as const,
    streamed: ["x", "dy"],
    uniforms: NORM_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  var sums : array<f32, ${count}>;
  if (isActive) {
    ${componentConstants(variant, NORMALIZING, inTable)}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
        let bad = select(0.0, uniforms.NAN, isBad);
${forEach(
  variant,
  (k) => `        {
          let tau = exps[${k}] * share;
          let part = dyHere * tau;
          sums[${k}] += part + bad;
          sums[${components + k}] += select(0.0, part * ${normalizedBy(k)}, tau > ${MIN_TAU}f) + bad;
        }`,
)}
        sums[${FIRST * components}] += dyHere;`,
)}
  }
${sumLanes("sums", count, WALK_LANES)}
${writePartials(count)}`,
  } satisfies WalkProgram<string, "partials", keyof typeof NORM_UNIFORMS>;
};

/**
 * What the second pass needs of a component of a channel: the table's, w_k γ, G_k/N_k, ½ H_k/N_k, this times V_k s_k², and what the
 * gradient of a prior that is a weight loses, ½ H_k.
 */
const FLOW = [...NORMALIZING, "slope", "meanPull", "spreadPull", "level", "ofWeight"] as const;
const inFlow = componentRows("flow", FLOW);

/** The gradients of gamma and beta, and what flows through means and variances. */
const flows = (variant: MixtureVariant, affine: readonly "gamma"[]) => {
  const { components } = variant;
  return {
    key: `batch moments gradient flow ${keyOf(variant)} ${affine}`,
    inputs: ["partials", "prior", "table", ...affine],
    outputs: ["dgamma", "dbeta", "flow"] as const,
    uniforms: PARAMETER_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () =>
      ofChunks(
        FIRST * components + 1,
        /* wgsl */ `
    let scale = ${affine.length > 0 ? "gamma[channel]" : "1.0"};
    var ofGamma = 0.0;
${forEach(
  variant,
  (k) => `    {
      let weight = ${weightOf(k)};
      let slope = weight * scale;
      let halfSpread = 0.5 * slope * sums[${components + k}];
      let perMass = ${inTable("perMass", k)};
      let isConstant = perMass == 0.0;
      let spreadPull = select(halfSpread * perMass, 0.0, isConstant);
      ofGamma += weight * sums[${components + k}];
      ${NORMALIZING.map((kind) => `${inFlow(kind, k)} = ${inTable(kind, k)};`).join("\n      ")}
      ${inFlow("slope", k)} = slope;
      ${inFlow("meanPull", k)} = select(slope * sums[${k}] * perMass, 0.0, isConstant);
      ${inFlow("spreadPull", k)} = spreadPull;
      ${inFlow("level", k)} = spreadPull * ${inTable("level", k)};
      ${inFlow("ofWeight", k)} = select(0.0, halfSpread, uniforms.weighted == 1u);
    }`,
)}
    dgamma[channel] = ofGamma;
    dbeta[channel] = sums[${FIRST * components}];`,
      ),
  } satisfies Program<string, "dgamma" | "dbeta" | "flow", keyof typeof PARAMETER_UNIFORMS>;
};

/** The gradient of x, and the sums that those of the mixture are made of. */
const second = (variant: MixtureVariant) => {
  const { components } = variant;
  const count = SECOND * components;
  return {
    key: `batch moments gradient ${keyOf(variant)}`,
    inputs: ["x", "dy", ...MIXTURE_INPUTS, "flow"],
    outputs: ["dx", "partials"] as const,
    streamed: ["x", "dy", "dx"],
    uniforms: NORM_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  var sums : array<f32, ${count}>;
  if (isActive) {
    ${componentConstants(variant, [...NORMALIZING, "slope", "meanPull", "spreadPull", "level"], inFlow)}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
        let bad = select(0.0, uniforms.NAN, isBad);
        // dτ is compared with that of the component that is most responsible: what it is responsible for, but for rounding, is not lost.
        var dtaus : array<f32, ${components}>;
        var largest = -1.0;
        var compared = 0.0;
        var direct = 0.0;
${forEach(
  variant,
  (k) => `        {
          let tau = exps[${k}] * share;
          let u = select(0.0, ${normalizedBy(k)}, tau > ${MIN_TAU}f);
          let pull = u * spreadPull[${k}];
          let inner = (dyHere * slope[${k}] - meanPull[${k}]) - pull;
          direct += tau * inverse[${k}] * (inner - pull);
          dtaus[${k}] = u * inner + level[${k}];
          compared = select(compared, dtaus[${k}], exps[${k}] > largest);
          largest = max(largest, exps[${k}]);
        }`,
)}
        let middle = (${sumOf(variant, (k) => `exps[${k}] * (dtaus[${k}] - compared)`)}) * share;
        var through = bad;
${forEach(
  variant,
  (k) => `        {
          let d = exps[${k}] * share * (dtaus[${k}] - compared - middle) + bad;
          let dz = d * zs[${k}];
          through += dz * scales[${k}] * ${1 / KAPPA ** 2};
          sums[${k}] += d;
          sums[${components + k}] += dz;
          sums[${2 * components + k}] += dz * zs[${k}];
        }`,
)}
        dx[at] = direct - through;`,
)}
  }
${sumLanes("sums", count, WALK_LANES)}
${writePartials(count)}`,
  } satisfies WalkProgram<string, "dx" | "partials", keyof typeof NORM_UNIFORMS>;
};

/** The gradients of a channel's mixture. `priorTerms` [K, C] is each channel's part of dλ. */
const parameters = (variant: MixtureVariant) => {
  const { components } = variant;
  return {
    key: `batch moments parameters ${keyOf(variant)}`,
    inputs: ["partials", "variance", "prior", "flow"],
    outputs: ["dmean", "dvariance", "priorTerms"] as const,
    uniforms: PARAMETER_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () =>
      ofChunks(
        SECOND * components,
        forEach(
          variant,
          (k) => /* wgsl */ `    {
      let v = varianceOf(${inRow("variance", k)});
      ${inRow("dmean", k)} = sums[${components + k}] * ${1 / KAPPA} / sqrt(v);
      ${inRow("dvariance", k)} = (sums[${2 * components + k}] * ${1 / KAPPA ** 2} - sums[${k}]) * 0.5 / v;
      ${inRow("priorTerms", k)} = (sums[${k}] - ${inFlow("ofWeight", k)}) / priorOf(prior[${k}]);
    }`,
        ),
      ),
  } satisfies Program<string, "dmean" | "dvariance" | "priorTerms", keyof typeof PARAMETER_UNIFORMS>;
};

/** Its gradients, by six dispatches; undefined where the composed form has to do it. */
export function webgpuBatchMomentsNormGrad(
  backend: WebGPUBackend,
  inputs: BatchMomentsGradInputs,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  const { channels, components } = view;
  const walk = walkOf(backend, view);
  if (!walk) return undefined;
  const variant = variantOf(view, attrs);
  const affine = inputs.gamma ? (["gamma"] as const) : [];
  const values = batchValues(attrs);
  const chunks = chunksOf(walk);
  const table = tableOf(backend, inputs, attrs, view);
  const ofFirst = runWalk(backend, first(variant), walk, named({ ...inputs, table }), values, {
    partials: partialsOf(walk, FIRST * components + 1),
  });
  const { dgamma, dbeta, flow } = runProgram(
    backend,
    flows(variant, affine),
    chunks.groups,
    named({ ...inputs, table, partials: ofFirst.partials }),
    { ...chunks.values, ...values },
    { dgamma: [channels], dbeta: [channels], flow: [FLOW.length * components, channels] },
  );
  const { dx, partials } = runWalk(backend, second(variant), walk, named({ ...inputs, flow }), values, {
    dx: inputs.x.shape,
    partials: partialsOf(walk, SECOND * components),
  });
  const { shape } = inputs.mean;
  const { dmean, dvariance, priorTerms } = runProgram(
    backend,
    parameters(variant),
    chunks.groups,
    named({ ...inputs, flow, partials }),
    { ...chunks.values, ...values },
    { dmean: shape, dvariance: shape, priorTerms: shape },
  );
  const dprior = rowSums(backend, priorTerms, components, channels);
  for (const { dataId } of [table, ofFirst.partials, flow, partials, priorTerms]) backend.disposeData(dataId);
  return [dx, dmean, dvariance, dprior, dgamma, dbeta];
}
