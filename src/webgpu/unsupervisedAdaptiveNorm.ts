import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_FLOAT32 } from "../constants.js";
import type { NormGradInputs } from "../kernels/mixturePlan.js";
import type { StandardizedGradInputs, StandardizedInputs } from "../kernels/standardizedMixtureNorm.js";
import type { NormInputs } from "../kernels/unsupervisedAdaptiveNorm.js";
import { forEach, KAPPA, type MixtureVariant, mixtureValues, sumOf, takesMixture, variantOf } from "../shaders/mixture.js";
import { LANES, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { keyOf, MIXTURE_FUNCTIONS, MIXTURE_UNIFORMS, mixtureConstants, responsibilities } from "./mixture.js";
import { standardOf } from "./normalization.js";
import { rowSums } from "./rowSums.js";
import {
  affineConstants,
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
  WALK_UNIFORMS,
  type WalkProgram,
  WIDTH,
  walkLoop,
  walkOver,
  writePartials,
} from "./walk.js";

// Unsupervised Adaptive Normalization as shaders: docs/math.md, sections 2.1 and 2.2.

type Optional = "gamma" | "beta" | "standard";
const present = (inputs: Partial<Record<Optional, TensorInfo | undefined>>, ...names: Optional[]) =>
  names.filter((name) => inputs[name]);

/** The activation that the mixture sees: x, or x with a mean and a variance taken out. @param given the optional inputs */
const STANDARD = /* wgsl */ `
    let center = standard[channel];
    let inverse = inverseSqrt(standard[uniforms.channels + channel] + uniforms.epsilon);
    let away = rounded(standard[2u * uniforms.channels + channel] * inverse);`;
const standardConstants = (given: Optional[]) => (given.includes("standard") ? STANDARD : "");
const activation = (given: Optional[]) => (given.includes("standard") ? "(xHere - center) * inverse - away" : "xHere");

const NORM_UNIFORMS = { ...WALK_UNIFORMS, ...MIXTURE_UNIFORMS };

function forward(variant: MixtureVariant, affine: Optional[]) {
  return {
    key: `uan ${keyOf(variant)} ${affine}`,
    inputs: ["x", "mean", "variance", "prior", ...affine],
    outputs: ["y"] as const,
    streamed: ["x", "y"],
    uniforms: NORM_UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  if (isActive) {
${affineConstants(affine)}
    ${standardConstants(affine)}
${walkLoop(
  ["x"],
  /* wgsl */ `
        let given = ${activation(affine)};
${responsibilities(variant)}
        let sum = ${sumOf(variant, (k) => `exps[${k}] * weights[${k}] * (value - means[${k}])`)};
        y[at] = select(sum * share * scale + shift, uniforms.NAN, isBad);`,
)}
  }`,
  } satisfies WalkProgram<string, "y", keyof typeof NORM_UNIFORMS>;
}

/** y, by one dispatch; undefined where the composed form has to do it. */
export function webgpuUnsupervisedAdaptiveNorm(
  backend: WebGPUBackend,
  inputs: NormInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? [normalized(backend, inputs, attrs, view)] : undefined;
}

function normalized(
  backend: WebGPUBackend,
  inputs: NormInputs & { standard?: TensorInfo },
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo {
  const walk = walkOver(view, LANES, maxWindow(backend));
  const program = forward(variantOf(view, attrs), present(inputs, "gamma", "beta", "standard"));
  const given = inputs as unknown as Record<string, TensorInfo>;
  return runWalk(backend, program, walk, given, mixtureValues(attrs), { y: inputs.x.shape }).y;
}

/** y, the batch's own mean and variance, and what it is standardized by: three dispatches. */
export function webgpuStandardizedMixtureNorm(
  backend: WebGPUBackend,
  inputs: StandardizedInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { ownMean, ownVariance, standard } = standardOf(backend, inputs, view);
  return [normalized(backend, { ...inputs, standard }, attrs, view), ownMean, ownVariance, standard];
}

/**
 * The sums of section 2.2, of each component: of M_k, P_k, κ² P_k z_k² and u_k g_k; then those of dy y° and dy; of standardized
 * activations z, that of dx z, too.
 */
const sumsOf = ({ components }: MixtureVariant, given: Optional[]) => 4 * components + (given.includes("standard") ? 3 : 2);

// Of standardized activations, a shader may not read all tensors at once: at most 8 are what every device has. So the constants of
// channels are first put together in a table [rows, C].

/** The first row of each kind in the table: 4 rows of the first for each component, 2 of the last. */
const tableRows = ({ components }: MixtureVariant) => {
  const rows = ["lowest", "highest", "scale", "center", "inverse", "away", "mass"] as const;
  const first = 4 * components;
  const named = Object.fromEntries(rows.map((name, i) => [name, first + i])) as Record<(typeof rows)[number], number>;
  const parameters = first + rows.length;
  return { ...named, parameters, count: parameters + 2 * components };
};

const inTable = (row: number) => inRow("table", row);
const COMPONENT_ROWS = ["means", "scales", "heights", "weights"] as const;

function mixtureTable(variant: MixtureVariant, given: Optional[]) {
  const rows = tableRows(variant);
  return {
    key: `uan table ${keyOf(variant)} ${given}`,
    inputs: ["mean", "variance", "prior", ...given],
    outputs: ["table"] as const,
    uniforms: TABLE_UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
  let channel = group * ${LANES}u + localIndex;
  let isActive = channel < uniforms.channels;
${mixtureConstants(variant)}
  if (isActive) {
${STANDARD}
${forEach(
  variant,
  (k) => `    ${COMPONENT_ROWS.map((name, i) => `${inTable(4 * k + i)} = ${name}[${k}];`).join(" ")}
    ${inTable(rows.parameters + 2 * k)} = varianceOf(variance[${k}u * uniforms.channels + channel]);
    ${inTable(rows.parameters + 2 * k + 1)} = priorOf(prior[${k}]);`,
)}
    ${inTable(rows.lowest)} = lowest;
    ${inTable(rows.highest)} = highest;
    ${inTable(rows.scale)} = ${given.includes("gamma") ? "gamma[channel]" : "1.0"};
    ${inTable(rows.center)} = center;
    ${inTable(rows.inverse)} = inverse;
    ${inTable(rows.away)} = away;
    ${inTable(rows.mass)} = standard[5u * uniforms.channels + channel];
  }`,
  } satisfies Program<string, "table", keyof typeof TABLE_UNIFORMS>;
}

const TABLE_UNIFORMS = { channels: "u32", ...MIXTURE_UNIFORMS } as const;

/** The same constants as mixtureConstants and STANDARD make, and gamma's, out of the table. */
function tableConstants(variant: MixtureVariant): string {
  const { components } = variant;
  const rows = tableRows(variant);
  return /* wgsl */ `
  ${COMPONENT_ROWS.map((name) => `var ${name} : array<f32, ${components}>;`).join(" ")}
  var lowest = 0.0;
  var highest = 0.0;
  var center = 0.0;
  var inverse = 0.0;
  var away = 0.0;
  var scale = 0.0;
  if (isActive) {
    ${forEach(variant, (k) => COMPONENT_ROWS.map((name, i) => `${name}[${k}] = ${inTable(4 * k + i)};`).join(" "))}
    ${(["lowest", "highest", "center", "inverse", "away", "scale"] as const).map((name) => `${name} = ${inTable(rows[name])};`).join(" ")}
  }`;
}

function backward(variant: MixtureVariant, given: Optional[]) {
  const { components, isUcb } = variant;
  const isStandardized = given.includes("standard");
  const count = sumsOf(variant, given);
  const constants = isStandardized
    ? tableConstants(variant)
    : /* wgsl */ `${mixtureConstants(variant)}
  var scale = 1.0;
  ${given.includes("gamma") ? "if (isActive) { scale = gamma[channel]; }" : ""}`;
  return {
    key: `uan gradient ${keyOf(variant)} ${given}`,
    inputs: ["x", "dy", ...(isStandardized ? ["table"] : ["mean", "variance", "prior", ...given])],
    outputs: ["dx", "partials"] as const,
    streamed: ["x", "dy", "dx"],
    uniforms: NORM_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${constants}
  var sums : array<f32, ${count}>;
  if (isActive) {
    var gains : array<f32, ${components}>;
    var slopes : array<f32, ${components}>;
    ${forEach(variant, (k) => `slopes[${k}] = scales[${k}] * ${1 / KAPPA ** 2}; gains[${k}] = weights[${k}] / scales[${k}];`)}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        let given = ${activation(given)};
${responsibilities(variant)}
        let bad = select(0.0, uniforms.NAN, isBad);
        // What is bad comes to dx and all sums by u.
        let u = dyHere * scale + bad;
        let shareOfU = u * share;
        let first = ${isUcb ? "0.0" : "zs[0] * gains[0]"};
        let middle = (${sumOf(variant, (k) => `exps[${k}] * (zs[${k}] * gains[${k}] - first)`)}) * share;
        var dxHere = 0.0;
        var yHere = 0.0;
${forEach(
  variant,
  (k) => `        {
          let part = exps[${k}] * shareOfU;
          let p = part * (zs[${k}] * gains[${k}] - first - middle);
          let pz = p * zs[${k}];
          let g = exps[${k}] * weights[${k}] * (value - means[${k}]);
          let m = part * weights[${k}] - pz * slopes[${k}];
          dxHere += m;
          yHere += g;
          sums[${k}] += m;
          sums[${components + k}] += p;
          sums[${2 * components + k}] += pz * zs[${k}];
          sums[${3 * components + k}] += shareOfU * g;
        }`,
)}
        dx[at] = dxHere;
        sums[${4 * components}] += dyHere * (yHere * share + bad);
        sums[${4 * components + 1}] += dyHere;
        ${isStandardized ? `sums[${4 * components + 2}] += dxHere * value;` : ""}`,
)}
  }
${sumLanes("sums", count, WALK_LANES)}
${writePartials(count)}`,
  } satisfies WalkProgram<string, "dx" | "partials", keyof typeof NORM_UNIFORMS>;
}

const PARAMETER_UNIFORMS = { ...CHUNK_UNIFORMS, ...MIXTURE_UNIFORMS, count: "f32" } as const;
const PARAMETERS = ["dmean", "dvariance", "dgamma", "dbeta", "priorTerms"] as const;

/** The gradients of a channel's parameters, out of its sums. `priorTerms` [K, C] is each channel's part of dλ. */
function parameters(variant: MixtureVariant, given: Optional[]) {
  const { components, isUcb } = variant;
  const isStandardized = given.includes("standard");
  const rows = tableRows(variant);
  const varianceAt = (k: number) => (isStandardized ? inTable(rows.parameters + 2 * k) : "varianceOf(variance[at])");
  const priorAt = (k: number) => (isStandardized ? inTable(rows.parameters + 2 * k + 1) : `priorOf(prior[${k}])`);
  return {
    key: `uan parameters ${keyOf(variant)} ${isStandardized}`,
    inputs: ["partials", ...(isStandardized ? ["table"] : ["variance", "prior"])],
    outputs: [...PARAMETERS, ...(isStandardized ? (["flow"] as const) : [])],
    uniforms: PARAMETER_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () =>
      ofChunks(
        sumsOf(variant, given),
        `${forEach(
          variant,
          (k) => /* wgsl */ `    {
      let at = ${k}u * uniforms.channels + channel;
      let p = sums[${components + k}];
      let pzz = sums[${2 * components + k}] * ${1 / KAPPA ** 2};
      let ug = sums[${3 * components + k}];
      dmean[at] = -sums[${k}];
      dvariance[at] = (pzz - ug${isUcb ? "" : " - p"}) * 0.5 / ${varianceAt(k)};
      priorTerms[at] = ${isUcb ? "0.0" : `(p - 0.5 * ug) / ${priorAt(k)}`};
    }`,
        )}
    dgamma[channel] = sums[${4 * components}];
    dbeta[channel] = sums[${4 * components + 1}];
    ${
      isStandardized
        ? /* wgsl */ `// What flows through mean and variance: nothing, if they are all the prior's.
    let mass = ${inTable(rows.mass)};
    let isAll = mass >= ${MAX_FLOAT32}f;
    let whole = uniforms.count + mass;
    flow[2u * channel] = select((${sumOf(variant, (k) => `sums[${k}]`)}) / whole, 0.0, isAll);
    flow[2u * channel + 1u] = select(sums[${4 * components + 2}] / whole, 0.0, isAll);`
        : ""
    }`,
      ),
  } satisfies Program<string, (typeof PARAMETERS)[number] | "flow", keyof typeof PARAMETER_UNIFORMS>;
}

/** The gradient of x, out of that of the standardized x. */
function throughStandard(variant: MixtureVariant) {
  const rows = tableRows(variant);
  return {
    key: `uan standard ${variant.components}`,
    inputs: ["x", "dz", "table", "flow"],
    outputs: ["dx"],
    streamed: ["x", "dz", "dx"],
    uniforms: WALK_UNIFORMS,
    declarations: () => "",
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
    let center = ${inTable(rows.center)};
    let inverse = ${inTable(rows.inverse)};
    let away = ${inTable(rows.away)};
    let across = flow[2u * channel];
    let along = flow[2u * channel + 1u];
${walkLoop(["x", "dz"], `        dx[at] = inverse * ((dzHere - across) - along * (${activation(["standard"])}));`)}
  }`,
  } as const satisfies WalkProgram<string, string, keyof typeof WALK_UNIFORMS>;
}

/** Its gradients, by three dispatches; undefined where the composed form has to do it. */
export function webgpuUnsupervisedAdaptiveNormGrad(
  backend: WebGPUBackend,
  inputs: NormGradInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? gradientsOf(backend, inputs, attrs, view) : undefined;
}

/** The same of standardized activations, by five dispatches. */
export function webgpuStandardizedMixtureNormGrad(
  backend: WebGPUBackend,
  inputs: StandardizedGradInputs,
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  return takesMixture(view) ? gradientsOf(backend, inputs, attrs, view) : undefined;
}

function gradientsOf(
  backend: WebGPUBackend,
  inputs: NormGradInputs & { standard?: TensorInfo },
  attrs: NormAttrs,
  view: MixtureView,
): TensorInfo[] {
  const { x, mean, standard } = inputs;
  const { channels, components, size } = view;
  const variant = variantOf(view, attrs);
  const given = present(inputs, "gamma", "standard");
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const values = mixtureValues(attrs);
  const all: Record<string, TensorInfo> = { ...(inputs as unknown as Record<string, TensorInfo>) };
  const passing: TensorInfo[] = [];
  if (standard) {
    const shapes = { table: [tableRows(variant).count, channels] };
    const groups = Math.ceil(channels / LANES);
    Object.assign(all, runProgram(backend, mixtureTable(variant, given), groups, all, { ...values, channels }, shapes));
    passing.push(all.table as TensorInfo);
  }
  const first = runWalk(backend, backward(variant, given), walk, all, values, {
    dx: x.shape,
    partials: partialsOf(walk, sumsOf(variant, given)),
  });
  const chunks = chunksOf(walk);
  const { dmean, dvariance, dgamma, dbeta, priorTerms, flow } = runProgram(
    backend,
    parameters(variant, given),
    chunks.groups,
    { ...all, partials: first.partials },
    { ...chunks.values, ...values, count: size / channels },
    {
      dmean: mean.shape,
      dvariance: mean.shape,
      dgamma: [channels],
      dbeta: [channels],
      priorTerms: mean.shape,
      flow: [channels, 2],
    },
  );
  const dprior = rowSums(backend, priorTerms, components, channels);
  passing.push(first.partials, priorTerms);
  let { dx } = first;
  if (standard) {
    const wide = walkOver(view, LANES, maxWindow(backend));
    const tensors = { x, dz: dx, table: all.table as TensorInfo, flow };
    passing.push(dx, flow);
    dx = runWalk(backend, throughStandard(variant), wide, tensors, {}, { dx: x.shape }).dx;
  }
  for (const { dataId } of passing) backend.disposeData(dataId);
  return [dx, dmean, dvariance, dprior, dgamma, dbeta];
}
