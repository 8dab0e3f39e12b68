import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureInputs, MixtureView } from "../arguments.js";
import { MAX_SQUARABLE, MIN_RESPONSIBILITY_LOG2 } from "../constants.js";
import type { EStepAttrs } from "../kernels/mixtureNormEStep.js";
import { each, KAPPA, takesMixture } from "../shaders/mixture.js";
import { named, type Program, runDispatches, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { MIXTURE_FUNCTIONS } from "./mixture.js";
import { eachComponent, momentsAt } from "./moments.js";
import { ROW_UNIFORMS, rowOf, rowsBegin, rowsOver, rowWindows, sumRows } from "./rows.js";
import { CHUNK_UNIFORMS, chunksOf, runWalk, TREE, WIDTH, walkOver } from "./walk.js";
import { mergedDeclarations, mergedMoments, partialsShape, type Weights, weightedSums } from "./weightedMoments.js";

// EM of mixture normalization as shaders: docs/math.md, section 5.

/** Sums of densities that a lane has, about. */
const MANY_SUMS = 32;
/** Rows that it takes at once, at most. */
const MANY_ROWS = 8;
const rowsTogether = (components: number) => Math.max(Math.min(Math.floor(MANY_SUMS / components), MANY_ROWS), 1);

const UNIFORMS = { ...ROW_UNIFORMS, epsilon: "f32", most: "f32" } as const;

/** The squares of so many channels' distances, at most, are finite together. */
const mostOf = (channels: number) => MAX_SQUARABLE / Math.sqrt(channels);

/**
 * ν. What is added up of a component's log₂ of a density is how far it is, in each channel, above the middle of the two largest there.
 * Where two components compete for a row, these are of both signs, and sums of many channels keep their digits, wherever the other
 * components are.
 */
function responsibilities(components: number) {
  const together = rowsTogether(components);
  const all = (name: string) => Array.from({ length: components }, (_, k) => `${name}${k}`);
  return {
    key: `rows' responsibilities ${components}`,
    inputs: ["x", "mean", "variance", "prior"],
    outputs: ["nu"] as const,
    uniforms: UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${rowsBegin(together)}
${sumRows(
  together,
  components,
  /* wgsl */ `
      var means : array<f32, ${components}>;
      var scales : array<f32, ${components}>;
      var heights : array<f32, ${components}>;
${each(
  components,
  (k) => /* wgsl */ `      {
        let v = varianceOf(variance[${k}u * uniforms.channels + channel]);
        means[${k}] = mean[${k}u * uniforms.channels + channel];
        scales[${k}] = ${KAPPA} * inverseSqrt(v);
        heights[${k}] = -0.5 * log2(v);
      }`,
)}`,
  (row) => /* wgsl */ `        let given = x[at];
        let isBad = isNotFinite(given);
        let value = select(given, 0.0, isBad);
        parts[${row * components}] += select(0.0, uniforms.NAN, isBad);
${each(
  components,
  (k) => /* wgsl */ `        let z${k} = clamp((value - means[${k}]) * scales[${k}], -uniforms.most, uniforms.most);
        let t${k} = heights[${k}] - z${k} * z${k};
        ${k === 0 ? "var largest = t0;" : `${k === 1 ? "var second = min(largest, t1);" : `second = max(second, min(largest, t${k}));`} largest = max(largest, t${k});`}`,
)}
        let middle = ${components === 1 ? "largest" : "0.5 * (largest + second)"};
${each(components, (k) => `        parts[${row * components + k}] += t${k} - middle;`)}`,
)}
${each(
  together,
  (row) => /* wgsl */ `  if (lane == 0u && ${rowOf(row)} < uniforms.rows) {
    let isBad = isNotFinite(sums[${row * components}]);
${each(components, (k) => `    let t${k} = sums[${row * components + k}] + log2(priorOf(prior[${k}]));`)}
    let largest = ${all("t").reduce((most, t) => `max(${most}, ${t})`)};
${each(components, (k) => `    let e${k} = select(0.0, exp2(t${k} - largest), t${k} - largest > ${MIN_RESPONSIBILITY_LOG2}.0);`)}
    let sum = ${all("e").join(" + ")};
${each(components, (k) => `    nu[${rowOf(row)} * ${components}u + ${k}u] = select(e${k} / sum, uniforms.NAN, isBad);`)}
  }`,
)}`,
  } satisfies Program<string, "nu", keyof typeof UNIFORMS>;
}

/** A row weighs its responsibilities; means are about what they were. */
const byNu = (components: number): Weights => ({
  key: "by nu",
  inputs: ["nu", "mean"],
  isBad: `isNotFinite(nu[row * ${components}u])`,
  weight: (k) => `nu[row * ${components}u + ${k}]`,
  pivot: (k) => `mean[${k} * uniforms.channels + channel]`,
});

const mStep = (components: number) =>
  ({
    key: `M step ${components}`,
    inputs: ["partials", "prior", "mean", "variance"],
    outputs: ["newPrior", "newMean", "newVariance"] as const,
    uniforms: CHUNK_UNIFORMS,
    declarations: () => mergedDeclarations(components),
    body: () =>
      mergedMoments(
        components,
        eachComponent(
          components,
          (k) => /* wgsl */ `    {
      let at = ${k} * uniforms.channels + channel;
      let own = ${momentsAt(k, components)};
      let isEmpty = own.count == 0.0;
      newMean[at] = select(meanIn(own), mean[at], isEmpty);
      newVariance[at] = select(varianceIn(own), variance[at], isEmpty);
      if (channel == 0u) { newPrior[${k}] = select(own.count / mass, prior[${k}], mass == 0.0); }
    }`,
        ),
      ),
  }) satisfies Program<string, "newPrior" | "newMean" | "newVariance", keyof typeof CHUNK_UNIFORMS>;

/** ν, in a dispatch for each window of rows. */
function nuOf(backend: WebGPUBackend, inputs: MixtureInputs, epsilon: number, { outer, channels, components }: MixtureView) {
  const windows = rowWindows(backend, outer, Math.max(channels, components));
  const work = rowsOver(windows[0]?.rows ?? 0, channels, rowsTogether(components));
  const dispatches = windows.map(({ rows, ofColumns }) => ({
    values: { ...work.values, rows, epsilon, most: mostOf(channels) },
    windows: windows.length > 1 ? { x: ofColumns(channels), nu: ofColumns(components) } : {},
  }));
  const program = responsibilities(components);
  return runDispatches(backend, program, work.groups, named(inputs), dispatches, { nu: [outer, components] }).nu;
}

/** ν, by one dispatch; with `moments`, by two more, prior, mean and variance. Undefined where the composed form has to do it. */
export function webgpuEStep(
  backend: WebGPUBackend,
  inputs: MixtureInputs,
  { epsilon, moments }: EStepAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  const { components } = view;
  if (!takesMixture(view)) return undefined;
  const nu = nuOf(backend, inputs, epsilon, view);
  if (!moments) return [nu];
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const { partials } = runWalk(
    backend,
    weightedSums(components, byNu(components)),
    walk,
    named({ ...inputs, nu }),
    {},
    { partials: partialsShape(walk, components) },
  );
  const chunks = chunksOf(walk);
  const { shape } = inputs.mean;
  const shapes = { newPrior: [components], newMean: shape, newVariance: shape };
  const next = runProgram(backend, mStep(components), chunks.groups, named({ ...inputs, partials }), chunks.values, shapes);
  backend.disposeData(partials.dataId);
  return [nu, next.newPrior, next.newMean, next.newVariance];
}
