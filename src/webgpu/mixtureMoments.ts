import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import { forEach, type MixtureVariant, mixtureValues, takesMixture, variantOf } from "../shaders/mixture.js";
import { LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { keyOf, MIXTURE_FUNCTIONS, MIXTURE_INPUTS, MIXTURE_UNIFORMS, mixtureConstants, responsibilities } from "./mixture.js";
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

// Responsibilities and mixture moments as shaders: docs/math.md, section 3.

const UNIFORMS = { ...WALK_UNIFORMS, ...MIXTURE_UNIFORMS };
const INPUTS = ["x", ...MIXTURE_INPUTS] as const;

const taus = (variant: MixtureVariant) =>
  ({
    key: `responsibilities ${keyOf(variant)}`,
    inputs: INPUTS,
    outputs: ["tau"] as const,
    streamed: ["x", "tau"] as const,
    uniforms: UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  if (isActive) {
${walkLoop(
  ["x"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
${forEach(variant, (k) => `        tau[${variant.components}u * at + ${k}u] = select(exps[${k}] * share, uniforms.NAN, isBad);`)}`,
)}
  }`,
  }) satisfies WalkProgram<string, "tau", keyof typeof UNIFORMS>;

/** x.shape + [K], by one dispatch; undefined where the composed form has to do it. */
export function webgpuMixtureResponsibilities(
  backend: WebGPUBackend,
  inputs: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const walk = walkOver(view, LANES, maxWindow(backend, view.components));
  const shapes = { tau: [...inputs.x.shape, view.components] };
  return [runWalk(backend, taus(variantOf(view, attrs)), walk, named(inputs), mixtureValues(attrs), shapes).tau];
}

/** A program whose partials are sums over each channel: `count` of them for each component, written in `sums`. */
const momentSums = (
  name: string,
  variant: MixtureVariant,
  count: number,
  inputs: readonly string[],
  term: (k: number) => string,
) =>
  ({
    key: `mixture ${name} sums ${keyOf(variant)}`,
    inputs,
    outputs: ["partials"] as const,
    streamed: ["x"],
    uniforms: UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  var sums : array<f32, ${count * variant.components}>;
  if (isActive) {
${walkLoop(
  ["x"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
        let bad = select(0.0, uniforms.NAN, isBad);
${forEach(variant, (k) => `        { let tau = exps[${k}] * share + bad; ${term(k)} }`)}`,
)}
  }
${sumLanes("sums", count * variant.components, WALK_LANES)}
${writePartials(count * variant.components)}`,
  }) satisfies WalkProgram<string, "partials", keyof typeof UNIFORMS>;

/** Σ τ, and Σ τ of distances from the component's mean. */
const ofMeans = (variant: MixtureVariant) =>
  momentSums("mean", variant, 2, INPUTS, (k) => `sums[${2 * k}] += tau; sums[${2 * k + 1}] += tau * (value - means[${k}]);`);

/** Σ τ of squared distances from the new mean. */
const ofVariances = (variant: MixtureVariant) =>
  momentSums(
    "variance",
    variant,
    1,
    [...INPUTS, "newMean"],
    (k) =>
      `let distance = value - newMean[${k}u * uniforms.channels + channel]; sums[${k}] += rounded(tau * distance) * distance;`,
  );

/** An average, or the old value where nothing has mass. */
const newMeans = (variant: MixtureVariant) =>
  ({
    key: `mixture means ${keyOf(variant)}`,
    inputs: ["partials", "mean"],
    outputs: ["mass", "newMean"] as const,
    uniforms: CHUNK_UNIFORMS,
    declarations: () => TREE,
    body: () =>
      ofChunks(
        2 * variant.components,
        forEach(
          variant,
          (k) => /* wgsl */ `    {
      let at = ${k}u * uniforms.channels + channel;
      let n = sums[${2 * k}];
      mass[at] = n;
      newMean[at] = select(mean[at] + sums[${2 * k + 1}] / n, mean[at], n == 0.0);
    }`,
        ),
      ),
  }) satisfies Program<string, "mass" | "newMean", keyof typeof CHUNK_UNIFORMS>;

const newVariances = (variant: MixtureVariant) =>
  ({
    key: `mixture variances ${keyOf(variant)}`,
    inputs: ["partials", "mass", "variance"],
    outputs: ["newVariance"] as const,
    uniforms: CHUNK_UNIFORMS,
    declarations: () => TREE,
    body: () =>
      ofChunks(
        variant.components,
        forEach(
          variant,
          (k) => /* wgsl */ `    {
      let at = ${k}u * uniforms.channels + channel;
      newVariance[at] = select(sums[${k}] / mass[at], variance[at], mass[at] == 0.0);
    }`,
        ),
      ),
  }) satisfies Program<string, "newVariance", keyof typeof CHUNK_UNIFORMS>;

/** Mass, mean and variance, by four dispatches: a pass over x for the means, and one for squared distances from them. */
export function webgpuMixtureMoments(
  backend: WebGPUBackend,
  inputs: MixtureInputs,
  attrs: MixtureAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { components } = view;
  const { shape } = inputs.mean;
  const variant = variantOf(view, attrs);
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const chunks = chunksOf(walk);
  const sums = (program: ReturnType<typeof momentSums>, count: number, tensors: object) => {
    const shapes = { partials: partialsOf(walk, count * components) };
    return runWalk(backend, program, walk, named(tensors), mixtureValues(attrs), shapes).partials;
  };
  const finish = <O extends string>(program: Program<string, O, keyof typeof CHUNK_UNIFORMS>, tensors: object) => {
    const shapes = { mass: shape, newMean: shape, newVariance: shape } as unknown as Record<O, number[]>;
    return runProgram(backend, program, chunks.groups, named(tensors), chunks.values, shapes);
  };
  const first = sums(ofMeans(variant), 2, inputs);
  const { mass, newMean } = finish(newMeans(variant), { ...inputs, partials: first });
  const second = sums(ofVariances(variant), 1, { ...inputs, newMean });
  const { newVariance } = finish(newVariances(variant), { ...inputs, mass, partials: second });
  for (const { dataId } of [first, second]) backend.disposeData(dataId);
  return [mass, newMean, newVariance];
}
