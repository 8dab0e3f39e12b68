import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import { MIN_TAU } from "../constants.js";
import type { BatchMomentsAttrs, BatchMomentsInputs } from "../kernels/batchMomentsNorm.js";
import { forEach, type MixtureVariant, variantOf } from "../shaders/mixture.js";
import { again, LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import {
  BATCH_UNIFORMS,
  batchValues,
  componentConstants,
  inTable,
  makeTable,
  NORM_UNIFORMS,
  NORMALIZING,
  normalizedBy,
  tableOfInference,
  tableShape,
  walkOf,
  weightOf,
  writeTable,
} from "./batchMomentsTable.js";
import { keyOf, MIXTURE_FUNCTIONS, MIXTURE_INPUTS, mixtureConstants, responsibilities } from "./mixture.js";
import {
  chunkMoments,
  MOMENTS,
  mergeWalk,
  momentsAt,
  momentsDeclarations,
  NORMALIZER,
  noMoments,
  writeMoments,
} from "./moments.js";
import {
  affineConstants,
  CHUNK_UNIFORMS,
  chunksOf,
  inRow,
  runWalk,
  WALK_BEGIN,
  type Walk,
  type WalkProgram,
  walkLoop,
  walkOver,
} from "./walk.js";

// Normalization by moments of the batch as shaders: docs/math.md, section 2.7.

/** What the first program hands on to the next, which could not bind it, in rows behind those of the chunks. The last is of the prior mass. */
const HANDED = ["mean", "variance", "movingMean", "movingVariance"] as const;
type Handed = (typeof HANDED)[number];

const partialRows = ({ components }: MixtureView, { chunks }: Walk) => (chunks * MOMENTS + HANDED.length) * components + 1;

const handedOn = ({ components }: MixtureVariant) => {
  const at = (row: number) => `partials[(uniforms.chunks * ${MOMENTS * components}u + ${row}u) * uniforms.channels + channel]`;
  return {
    at: (name: Handed, k: number) => at(HANDED.length * k + HANDED.indexOf(name)),
    mass: at(HANDED.length * components),
  };
};

/** More components go through a loop: written out, their moments take compilers minutes. */
const MAX_WRITTEN_OUT = 8;

/** Code by which an activation joins the moments of each component. */
function join(variant: MixtureVariant): string {
  const { components } = variant;
  const one = (moments: string, k: string) => /* wgsl */ `
          let tau = exps[${k}] * share;
          let weight = select(0.0, tau, tau > ${MIN_TAU}f && !isBad);
          ${moments} = merged(${moments}, Moments(weight, value, 0.0, 0.0));`;
  return components > MAX_WRITTEN_OUT
    ? `        for (var k = 0u; k < ${components}u; k++) {${one("moments[k]", "k")}\n        }`
    : forEach(variant, (k) => `        {${one(momentsAt(k, components), String(k))}\n        }`);
}

/** The moments of a chunk of each channel's activations, weighted with responsibilities. */
const momentSums = (variant: MixtureVariant) => {
  const { components } = variant;
  const handed = handedOn(variant);
  return {
    key: `batch moments sums ${keyOf(variant)}`,
    inputs: ["x", ...MIXTURE_INPUTS, "priorMass", "movingMean", "movingVariance"],
    outputs: ["partials"] as const,
    streamed: ["x"],
    uniforms: NORM_UNIFORMS,
    declarations: () => momentsDeclarations(components) + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  ${noMoments(components)}
  if (isActive) {
    var anyIsBad = false;
${walkLoop(
  ["x"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
        anyIsBad = anyIsBad || isBad;
${join(variant)}`,
)}
    if (anyIsBad) { ${forEach(variant, (k) => `${momentsAt(k, components)} = Moments(1.0, 0.0, 0.0, uniforms.NAN);`)} }
  }
${mergeWalk(components)}
${writeMoments(components)}
  if (isActive && chunk == 0u && outerLane == 0u && innerLane == 0u) {
${forEach(variant, (k) => `    ${HANDED.map((name) => `${handed.at(name, k)} = ${inRow(name, k)};`).join("\n    ")}`)}
    ${handed.mass} = priorMass[0];
  }`,
  } satisfies WalkProgram<string, "partials", keyof typeof NORM_UNIFORMS>;
};

const MOMENT_NAMES = ["mass", "batchMean", "batchVariance", "residual"] as const;
const MOMENT_UNIFORMS = { ...CHUNK_UNIFORMS, ...BATCH_UNIFORMS } as const;

/** A batch's moments, and the table. */
const foundMoments = (variant: MixtureVariant) => {
  const { components } = variant;
  const handed = handedOn(variant);
  return {
    key: `batch moments ${keyOf(variant)}`,
    inputs: ["partials"],
    outputs: [...MOMENT_NAMES, "table"] as const,
    uniforms: MOMENT_UNIFORMS,
    declarations: () => momentsDeclarations(components) + NORMALIZER + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${chunkMoments(components)}
  if (isActive && chunkLane == 0u) {
${forEach(variant, (k) => {
  return /* wgsl */ `    {
      var own = ${momentsAt(k, components)};
      var spread = own.squares / own.count;
      if (own.count == 0.0) {
        own.pivot = ${handed.at("mean", k)};
        spread = ${handed.at("variance", k)};
      }
      own.count += select(0.0, uniforms.NAN, isNaN(own.squares));
      let found = about(own.pivot, own.offset, spread);
      ${inRow("mass", k)} = own.count;
      ${inRow("batchMean", k)} = select(found.mean, uniforms.NAN, isNaN(own.count));
      ${inRow("batchVariance", k)} = found.variance;
      ${inRow("residual", k)} = found.residual;
${writeTable(k, "own", "spread", handed.at("movingMean", k), handed.at("movingVariance", k), handed.mass)}
    }`;
})}
  }`,
  } satisfies Program<string, (typeof MOMENT_NAMES)[number] | "table", keyof typeof MOMENT_UNIFORMS>;
};

const apply = (variant: MixtureVariant, affine: readonly ("gamma" | "beta")[]) =>
  ({
    key: `batch moments normalization ${keyOf(variant)} ${affine}`,
    inputs: ["x", ...MIXTURE_INPUTS, "table", ...affine],
    outputs: ["y"] as const,
    streamed: ["x", "y"],
    uniforms: NORM_UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
${mixtureConstants(variant)}
  if (isActive) {
    ${componentConstants(variant, NORMALIZING, inTable)}
    let gains = array<f32, ${variant.components}>(${forEach(variant, (k) => `${weightOf(k)},`)});
${affineConstants(affine)}
${walkLoop(
  ["x"],
  /* wgsl */ `
        let given = xHere;
${responsibilities(variant)}
        var sum = 0.0;
${forEach(
  variant,
  (k) => `        {
          let tau = exps[${k}] * share;
          sum += select(0.0, tau * gains[${k}] * ${normalizedBy(k)}, tau > ${MIN_TAU}f);
        }`,
)}
        y[at] = select(sum * scale + shift, uniforms.NAN, isBad);`,
)}
  }`,
  }) satisfies WalkProgram<string, "y", keyof typeof NORM_UNIFORMS>;

/** The batch's moments and the table, by two dispatches. */
function momentsOf(backend: WebGPUBackend, inputs: BatchMomentsInputs, attrs: BatchMomentsAttrs, view: MixtureView, walk: Walk) {
  const variant = variantOf(view, attrs);
  const values = batchValues(attrs);
  const { partials } = runWalk(backend, momentSums(variant), walk, named(inputs), values, {
    partials: [partialRows(view, walk), view.channels],
  });
  const chunks = chunksOf(walk);
  const { shape } = inputs.mean;
  const shapes = { mass: shape, batchMean: shape, batchVariance: shape, residual: shape, table: tableShape(view) };
  const found = runProgram(backend, foundMoments(variant), chunks.groups, { partials }, { ...chunks.values, ...values }, shapes);
  backend.disposeData(partials.dataId);
  return found;
}

/** What momentsOf gives, of no activations, by one dispatch. */
function momentsOfInference(backend: WebGPUBackend, inputs: BatchMomentsInputs, attrs: BatchMomentsAttrs, view: MixtureView) {
  const { table, zeros } = makeTable(backend, tableOfInference(variantOf(view, attrs)), inputs, attrs, view);
  const [mean, variance, residual] = [inputs.mean, inputs.variance, zeros].map((tensor) => again(backend, tensor));
  return {
    mass: zeros,
    batchMean: mean as TensorInfo,
    batchVariance: variance as TensorInfo,
    residual: residual as TensorInfo,
    table,
  };
}

/** y, and the batch's moments, by three dispatches, in inference two; undefined where the composed form has to do it. */
export function webgpuBatchMomentsNorm(
  backend: WebGPUBackend,
  inputs: BatchMomentsInputs,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  const walk = walkOf(backend, view);
  if (!walk) return undefined;
  const { table, ...found } = attrs.inference
    ? momentsOfInference(backend, inputs, attrs, view)
    : momentsOf(backend, inputs, attrs, view, walk);
  const wide = walkOver(view, LANES, maxWindow(backend));
  const affine = (["gamma", "beta"] as const).filter((name) => inputs[name]);
  const program = apply(variantOf(view, attrs), affine);
  const { y } = runWalk(backend, program, wide, named({ ...inputs, table }), batchValues(attrs), { y: inputs.x.shape });
  backend.disposeData(table.dataId);
  return [y, ...MOMENT_NAMES.map((name) => found[name])];
}
