import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, PerChannel } from "../arguments.js";
import type { MixtureNormAttrs, MixtureNormGradInputs } from "../kernels/mixtureNorm.js";
import type { RowInputs } from "../kernels/mixtureNormPlan.js";
import { each, takesMixture } from "../shaders/mixture.js";
import { LANES, named, type Program, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { maxWindow } from "../tensorflow/webgpuLimits.js";
import { MIXTURE_FUNCTIONS } from "./mixture.js";
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

// Mixture normalization by given responsibilities as shaders: docs/math.md, section 5.

const UNIFORMS = { ...WALK_UNIFORMS, epsilon: "f32" } as const;
const TABLE_UNIFORMS = { ...CHUNK_UNIFORMS, epsilon: "f32" } as const;

/** 1/√v and 1/√λ of component k in `channel`. */
const inverse = (k: number) => `inverseSqrt(varianceOf(${inRow("variance", k)}))`;
const root = (k: number) => `inverseSqrt(priorOf(prior[${k}]))`;

const apply = (components: number, affine: readonly ("gamma" | "beta")[]) =>
  ({
    key: `mixture normalization ${components} ${affine}`,
    inputs: ["x", "nu", "mean", "variance", "prior", ...affine],
    outputs: ["y"] as const,
    streamed: ["x", "y"],
    uniforms: UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
    var means : array<f32, ${components}>;
    var gains : array<f32, ${components}>;
${affineConstants(affine)}
${each(components, (k) => `    means[${k}] = ${inRow("mean", k)}; gains[${k}] = ${inverse(k)} * ${root(k)} * scale;`)}
${walkLoop(
  ["x"],
  /* wgsl */ `
        var sum = shift;
${each(components, (k) => `        sum += nu[row * ${components}u + ${k}u] * gains[${k}] * (xHere - means[${k}]);`)}
        y[at] = select(sum, uniforms.NAN, isNotFinite(nu[row * ${components}u]));`,
)}
  }`,
  }) satisfies WalkProgram<string, "y", keyof typeof UNIFORMS>;

/** y, by one dispatch; undefined where the composed form has to do it. */
export function webgpuMixtureNorm(
  backend: WebGPUBackend,
  inputs: RowInputs & PerChannel,
  { epsilon }: MixtureNormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const walk = walkOver(view, LANES, maxWindow(backend));
  const affine = (["gamma", "beta"] as const).filter((name) => inputs[name]);
  const program = apply(view.components, affine);
  return [runWalk(backend, program, walk, named(inputs), { epsilon }, { y: inputs.x.shape }).y];
}

/** Of each component: M, S and Σ ν dy (x − E). */
const SUMS = 3;

const gradientSums = (components: number) =>
  ({
    key: `mixture normalization gradient sums ${components}`,
    inputs: ["x", "dy", "nu", "mean"],
    outputs: ["partials"] as const,
    streamed: ["x", "dy"],
    uniforms: UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  var sums : array<f32, ${SUMS * components}>;
  if (isActive) {
    var means : array<f32, ${components}>;
${each(components, (k) => `    means[${k}] = ${inRow("mean", k)};`)}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        if (!isNotFinite(nu[row * ${components}u])) {
${each(
  components,
  (k) => /* wgsl */ `          {
            let weight = nu[row * ${components}u + ${k}u];
            sums[${SUMS * k}] += weight;
            sums[${SUMS * k + 1}] += weight * dyHere;
            sums[${SUMS * k + 2}] += weight * dyHere * (xHere - means[${k}]);
          }`,
)}
        }`,
)}
  }
${sumLanes("sums", SUMS * components, WALK_LANES)}
${writePartials(SUMS * components)}`,
  }) satisfies WalkProgram<string, "partials", keyof typeof UNIFORMS>;

/** Numbers of a component in the table that gradientOfX reads: gain, S/M and T r/M, which is for x − E. */
const ROWS = 3;

const gradientTable = (components: number, batch: boolean, affine: readonly "gamma"[]) =>
  ({
    key: `mixture normalization gradient table ${components} ${batch} ${affine}`,
    inputs: ["partials", "variance", "prior", ...affine],
    outputs: ["table", "dgamma", "dbeta"] as const,
    uniforms: TABLE_UNIFORMS,
    declarations: () => TREE + MIXTURE_FUNCTIONS,
    body: () =>
      ofChunks(
        SUMS * components,
        /* wgsl */ `
    var ofGamma = 0.0;
    var ofBeta = 0.0;
    let scale = ${affine.length > 0 ? "gamma[channel]" : "1.0"};
${each(
  components,
  (k) => /* wgsl */ `    {
      let mass = sums[${SUMS * k}];
      let r = ${inverse(k)};
      let t = rounded(sums[${SUMS * k + 2}] * r);
      let gain = r * ${root(k)};
      let isConstant = ${batch ? "mass == 0.0" : "true"};
      let at = ${ROWS * k}u * uniforms.channels + channel;
      ofGamma += t * ${root(k)};
      ofBeta += sums[${SUMS * k + 1}];
      table[at] = gain * scale;
      table[at + uniforms.channels] = select(sums[${SUMS * k + 1}] / mass, 0.0, isConstant);
      table[at + 2u * uniforms.channels] = select(t / mass * r, 0.0, isConstant);
    }`,
)}
    dgamma[channel] = ofGamma;
    dbeta[channel] = ofBeta;`,
      ),
  }) satisfies Program<string, "table" | "dgamma" | "dbeta", keyof typeof TABLE_UNIFORMS>;

const gradientOfX = (components: number) =>
  ({
    key: `mixture normalization gradient ${components}`,
    inputs: ["x", "dy", "nu", "mean", "table"],
    outputs: ["dx"] as const,
    streamed: ["x", "dy", "dx"],
    uniforms: UNIFORMS,
    declarations: () => MIXTURE_FUNCTIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  if (isActive) {
    var means : array<f32, ${components}>;
    var constants : array<f32, ${ROWS * components}>;
${each(components, (k) => `    means[${k}] = ${inRow("mean", k)};`)}
${each(ROWS * components, (i) => `    constants[${i}] = ${inRow("table", i)};`)}
${walkLoop(
  ["x", "dy"],
  /* wgsl */ `
        var sum = 0.0;
${each(
  components,
  (k) =>
    `        sum += nu[row * ${components}u + ${k}u] * constants[${ROWS * k}] * ((dyHere - constants[${ROWS * k + 1}]) - (xHere - means[${k}]) * constants[${ROWS * k + 2}]);`,
)}
        dx[at] = select(sum, uniforms.NAN, isNotFinite(nu[row * ${components}u]));`,
)}
  }`,
  }) satisfies WalkProgram<string, "dx", keyof typeof UNIFORMS>;

/** The gradients of x, gamma and beta, by three dispatches; undefined where the composed form has to do it. */
export function webgpuMixtureNormGrad(
  backend: WebGPUBackend,
  inputs: MixtureNormGradInputs,
  { epsilon, batch }: MixtureNormAttrs,
  view: MixtureView,
): TensorInfo[] | undefined {
  if (!takesMixture(view)) return undefined;
  const { channels, components } = view;
  const walk = walkOver(view, WIDTH, maxWindow(backend));
  const { partials } = runWalk(
    backend,
    gradientSums(components),
    walk,
    named(inputs),
    { epsilon },
    { partials: partialsOf(walk, SUMS * components) },
  );
  const chunks = chunksOf(walk);
  const { table, dgamma, dbeta } = runProgram(
    backend,
    gradientTable(components, batch, inputs.gamma ? ["gamma"] : []),
    chunks.groups,
    named({ ...inputs, partials }),
    { ...chunks.values, epsilon },
    { table: [ROWS * components, channels], dgamma: [channels], dbeta: [channels] },
  );
  const wide = walkOver(view, LANES, maxWindow(backend));
  const { dx } = runWalk(
    backend,
    gradientOfX(components),
    wide,
    named({ ...inputs, table }),
    { epsilon },
    { dx: inputs.x.shape },
  );
  for (const { dataId } of [partials, table]) backend.disposeData(dataId);
  return [dx, dgamma, dbeta];
}
