import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView } from "../arguments.js";
import { MAX_FLOAT32 } from "../constants.js";
import type { BatchMomentsAttrs, BatchMomentsGradInputs } from "../kernels/batchMomentsNorm.js";
import { forEach, type MixtureVariant, mixtureValues, takesMixture, variantOf } from "../shaders/mixture.js";
import { LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { keyOf, MIXTURE_FUNCTIONS, MIXTURE_UNIFORMS } from "./mixture.js";
import { momentsDeclarations, NORMALIZER } from "./moments.js";
import { inRow, WALK_UNIFORMS, type Walk, WIDTH, walkOver } from "./walk.js";

// What the programs of normalization by moments of the batch share: docs/math.md, section 2.7.

/** The mixture's, and whether w_k is 1/√λ_k. */
export const BATCH_UNIFORMS = { ...MIXTURE_UNIFORMS, weighted: "u32" } as const;
export const NORM_UNIFORMS = { ...WALK_UNIFORMS, ...BATCH_UNIFORMS };
const CHANNEL_UNIFORMS = { channels: "u32", ...BATCH_UNIFORMS } as const;

export const batchValues = (attrs: BatchMomentsAttrs) => ({
  ...mixtureValues(attrs),
  weighted: attrs.componentWeights === "prior" ? 1 : 0,
});

/** The walk of programs that add up; undefined where the composed form has to do it. */
export const walkOf = (backend: WebGPUBackend, view: MixtureView): Walk | undefined =>
  takesMixture(view) ? walkOver(view, WIDTH, maxWindow(backend)) : undefined;

/** w_k */
export const weightOf = (k: number) => `select(1.0, inverseSqrt(priorOf(prior[${k}])), uniforms.weighted == 1u)`;

// A shader may not read all tensors at once: at most 8 are what every device has. So what normalizes is first put together in a table,
// which has several rows for each component.

/** A number of component k of a `channel`, in a matrix [kinds · K, channels]. */
export const componentRows =
  <Kind extends string>(matrix: string, kinds: readonly Kind[]) =>
  (kind: Kind, k: number): string =>
    inRow(matrix, kinds.length * k + kinds.indexOf(kind));

/** Ê_k, s_k, e_k s_k, 1/N_k (0 where E_k and V_k are constants), and V_k s_k². */
const TABLE = ["center", "inverse", "away", "perMass", "level"] as const;
export const inTable = componentRows("table", TABLE);
export const tableShape = ({ channels, components }: MixtureView) => [TABLE.length * components, channels];

/** Code that writes a component's part of the table. The arguments are those of `shrunk`. */
export const writeTable = (
  k: number,
  batch: string,
  variance: string,
  priorMean: string,
  priorVariance: string,
  mass: string,
) => /* wgsl */ `
      let batch = ${batch};
      let ofPrior = ${mass};
      let by = shrunk(batch, ${variance}, ${priorMean}, ${priorVariance}, ofPrior);
      let scale = inverseSqrt(varianceOf(by.variance));
      let count = batch.count + ofPrior;
      ${inTable("center", k)} = by.mean;
      ${inTable("inverse", k)} = scale;
      ${inTable("away", k)} = by.residual * scale;
      ${inTable("perMass", k)} = select(1.0 / count, 0.0, count == 0.0 || ofPrior >= ${MAX_FLOAT32}f);
      ${inTable("level", k)} = by.variance * scale * scale;`;

const TABLE_DECLARATIONS = momentsDeclarations() + NORMALIZER + MIXTURE_FUNCTIONS;

/** The table of the moments that the forward pass found. */
const tableOfMoments = (variant: MixtureVariant) =>
  ({
    key: `batch moments table ${keyOf(variant)}`,
    inputs: ["priorMass", "movingMean", "movingVariance", "mass", "batchMean", "batchVariance", "residual"],
    outputs: ["table"] as const,
    uniforms: CHANNEL_UNIFORMS,
    declarations: () => TABLE_DECLARATIONS,
    body: () => /* wgsl */ `
  let channel = group * ${LANES}u + localIndex;
  if (channel < uniforms.channels) {
${forEach(variant, (k) => {
  const at = (name: string) => inRow(name, k);
  const batch = `Moments(${at("mass")}, ${at("batchMean")}, ${at("residual")}, 0.0)`;
  return `    {${writeTable(k, batch, at("batchVariance"), at("movingMean"), at("movingVariance"), "priorMass[0]")}\n    }`;
})}
  }`,
  }) satisfies Program<string, "table", keyof typeof CHANNEL_UNIFORMS>;

/** The table of the moving moments alone, and zeros [K, C]. */
export const tableOfInference = (variant: MixtureVariant) =>
  ({
    key: `batch moments inference ${keyOf(variant)}`,
    inputs: ["movingMean", "movingVariance"],
    outputs: ["table", "zeros"] as const,
    uniforms: CHANNEL_UNIFORMS,
    declarations: () => TABLE_DECLARATIONS,
    body: () => /* wgsl */ `
  let channel = group * ${LANES}u + localIndex;
  if (channel < uniforms.channels) {
${forEach(variant, (k) => {
  const moving = [inRow("movingMean", k), inRow("movingVariance", k)] as const;
  return `    {${writeTable(k, "Moments(0.0, 0.0, 0.0, 0.0)", "0.0", ...moving, `${MAX_FLOAT32}f`)}
      ${inRow("zeros", k)} = 0.0;
    }`;
})}
  }`,
  }) satisfies Program<string, "table" | "zeros", keyof typeof CHANNEL_UNIFORMS>;

/** Runs a program that makes a table. */
export function makeTable<O extends "table" | "zeros">(
  backend: WebGPUBackend,
  program: Program<string, O, keyof typeof CHANNEL_UNIFORMS>,
  inputs: object,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): Record<O, TensorInfo> {
  const { channels, components } = view;
  const shapes = { table: tableShape(view), zeros: [components, channels] };
  const values = { channels, ...batchValues(attrs) };
  return runProgram(backend, program, Math.ceil(channels / LANES), named(inputs), values, shapes as Record<O, number[]>);
}

/** Code, in an active lane: a channel's numbers of these kinds, each an array over components by its kind's name. */
export const componentConstants = <Kind extends string>(
  { components }: MixtureVariant,
  kinds: readonly Kind[],
  at: (kind: Kind, k: number) => string,
): string =>
  kinds
    .map(
      (kind) =>
        `let ${kind} = array<f32, ${components}>(${Array.from({ length: components }, (_, k) => at(kind, k)).join(", ")});`,
    )
    .join("\n    ");

/** What normalizedBy needs. */
export const NORMALIZING = ["center", "inverse", "away"] as const;
/** u_k of an activation, with NORMALIZING as arrays. */
export const normalizedBy = (k: number) => `((value - center[${k}]) * inverse[${k}] - away[${k}])`;

/** The table alone, by which the gradients normalize. */
export function tableOf(
  backend: WebGPUBackend,
  inputs: BatchMomentsGradInputs,
  attrs: BatchMomentsAttrs,
  view: MixtureView,
): TensorInfo {
  const variant = variantOf(view, attrs);
  if (!attrs.inference) return makeTable(backend, tableOfMoments(variant), inputs, attrs, view).table;
  const { table, zeros } = makeTable(backend, tableOfInference(variant), inputs, attrs, view);
  backend.disposeData(zeros.dataId);
  return table;
}
