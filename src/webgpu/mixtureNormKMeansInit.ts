import type { TensorInfo } from "@tensorflow/tfjs-core";
import { KMEANS_ROWS, MAX_SQUARE } from "../constants.js";
import { each, MAX_COMPONENTS } from "../shaders/mixture.js";
import { LANES, named, type Program, runDispatches, runProgram, type WebGPUBackend } from "../tensorflow/webgpu.js";
import { eachComponent, momentsAt } from "./moments.js";
import { ROW_UNIFORMS, rowOf, rowsBegin, rowsOver, rowWindows, sumRows } from "./rows.js";
import { CHUNK_UNIFORMS, chunksOf, runWalk, TREE, WIDTH, walkOver } from "./walk.js";
import { mergedDeclarations, mergedMoments, partialsShape, type Weights, weightedSums } from "./weightedMoments.js";

// The k-means++ start of mixture normalization as shaders: docs/math.md, section 5. A dispatch for each seed: every work group of it
// finds the seed by itself, then takes some of the rows.

/** Rows that a lane takes at once. */
const TOGETHER = 2;

const SAMPLE_UNIFORMS = { ...ROW_UNIFORMS, whole: "u32", part: "u32", first: "u32", count: "u32" } as const;

/** Of the rows of a window of x, from `first`, the sample's, their weights for the first seed, 1 or 0, and whether they count: the seed that they belong to is then 0, else −1. */
const sampleRows = {
  key: "k-means sample",
  inputs: ["x"],
  outputs: ["sample", "nearest", "owner"],
  uniforms: SAMPLE_UNIFORMS,
  declarations: () => TREE,
  body: () => /* wgsl */ `
${rowsBegin(TOGETHER)}
${each(
  TOGETHER,
  (row) => /* wgsl */ `  let to${row} = min(${rowOf(row)}, uniforms.rows - 1u);
  let from${row} = to${row} * uniforms.whole + to${row} * uniforms.part / ${KMEANS_ROWS}u - uniforms.first;
  let isHere${row} = from${row} < uniforms.count;`,
)}
${sumRows(
  TOGETHER,
  1,
  "",
  (row) => /* wgsl */ `        let value = x[select(0u, from${row}, isHere${row}) * uniforms.channels + channel];
        if (isHere${row}) { sample[at] = value; }
        parts[${row}] += value * value;`,
)}
${each(
  TOGETHER,
  (row) => /* wgsl */ `  if (lane == 0u && ${rowOf(row)} < uniforms.rows && isHere${row}) {
    let counts = !isNotFinite(sums[${row}]) && sums[${row}] < ${MAX_SQUARE};
    nearest[${rowOf(row)}] = select(0.0, 1.0, counts);
    owner[${rowOf(row)}] = select(-1.0, 0.0, counts);
  }`,
)}`,
} as const satisfies Program<string, string, keyof typeof SAMPLE_UNIFORMS>;

/** Rows of the sample that a lane adds up, in a block of lanes. */
const LANE_ROWS = KMEANS_ROWS / LANES;
const BLOCK = 16;

const SEED_UNIFORMS = { ...ROW_UNIFORMS, seed: "u32" } as const;

/**
 * Draws a seed, and gives rows to it that are nearer to it than to others. The running sum of weights is that of blocks of lanes, then
 * of lanes, then of rows: it never falls, and the first row at which it exceeds a part of itself has a weight.
 */
const drawSeed = {
  key: "k-means seed",
  inputs: ["sample", "draws", "nearest", "owner"],
  outputs: ["newNearest", "newOwner"],
  uniforms: SEED_UNIFORMS,
  declarations: () => /* wgsl */ `${TREE}
var<workgroup> ofLanes : array<f32, ${LANES}>;
var<workgroup> before : array<f32, ${LANES}>;
var<workgroup> ofBlocks : array<f32, ${LANES / BLOCK}>;
var<workgroup> beforeBlocks : array<f32, ${LANES / BLOCK}>;
var<workgroup> total : f32;
var<workgroup> first : atomic<u32>;
`,
  body: () => /* wgsl */ `
  let begin = localIndex * ${LANE_ROWS}u;
  var weights : array<f32, ${LANE_ROWS}>;
  var running : array<f32, ${LANE_ROWS}>;
  var weight = 0.0;
${each(
  LANE_ROWS,
  (i) => /* wgsl */ `  if (begin + ${i}u < uniforms.rows) { weights[${i}] = nearest[begin + ${i}u]; }
  weight += weights[${i}];
  running[${i}] = weight;`,
)}
  ofLanes[localIndex] = weight;
  if (localIndex == 0u) { atomicStore(&first, uniforms.rows); }
  workgroupBarrier();
  if (localIndex < ${LANES / BLOCK}u) {
    var sum = 0.0;
    for (var i = localIndex * ${BLOCK}u; i < (localIndex + 1u) * ${BLOCK}u; i++) {
      before[i] = sum;
      sum = rounded(sum + ofLanes[i]);
    }
    ofBlocks[localIndex] = sum;
  }
  workgroupBarrier();
  if (localIndex == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < ${LANES / BLOCK}u; i++) {
      beforeBlocks[i] = sum;
      sum = rounded(sum + ofBlocks[i]);
    }
    total = sum;
  }
  workgroupBarrier();
  let draw = draws[uniforms.seed] * total;
${each(
  LANE_ROWS,
  (
    i,
  ) => /* wgsl */ `  if (weights[${i}] > 0.0 && beforeBlocks[localIndex / ${BLOCK}u] + rounded(before[localIndex] + running[${i}]) > draw) {
    atomicMin(&first, begin + ${i}u);
  }`,
)}
  workgroupBarrier();
  let point = atomicLoad(&first);
  // Without weights there is none.
  let isDrawn = point < uniforms.rows;
  let pointAt = select(0u, point, isDrawn) * uniforms.channels;
${rowsBegin(TOGETHER)}
${sumRows(
  TOGETHER,
  1,
  "      let ofPoint = sample[pointAt + channel];",
  (row) => /* wgsl */ `        let distance = sample[at] - ofPoint;
        parts[${row}] += distance * distance;`,
)}
${each(
  TOGETHER,
  (row) => /* wgsl */ `  if (lane == 0u && ${rowOf(row)} < uniforms.rows) {
    let row = ${rowOf(row)};
    let own = owner[row];
    let isNearer = isDrawn && own >= 0.0 && (uniforms.seed == 0u || sums[${row}] < nearest[row]);
    newNearest[row] = select(nearest[row], sums[${row}], isNearer);
    newOwner[row] = select(own, f32(uniforms.seed), isNearer);
  }`,
)}`,
} as const satisfies Program<string, string, keyof typeof SEED_UNIFORMS>;

/** A row weighs 1 for the component of its seed. */
const BY_OWNER: Weights = {
  key: "by owner",
  inputs: ["owner"],
  isBad: "owner[row] < 0.0",
  weight: (k) => `select(0.0, 1.0, owner[row] == f32(${k}))`,
  pivot: () => "0.0",
};

const start = (components: number) =>
  ({
    key: `k-means start ${components}`,
    inputs: ["partials"],
    outputs: ["prior", "mean", "variance"],
    uniforms: CHUNK_UNIFORMS,
    declarations: () => mergedDeclarations(components),
    body: () =>
      mergedMoments(
        components,
        /* wgsl */ `
    var pooled = 0.0;
${eachComponent(
  components,
  (k) => /* wgsl */ `    {
      let own = ${momentsAt(k, components)};
      let share = select(own.count / mass, ${1 / components}, mass == 0.0);
      pooled += select(share * varianceIn(own), 0.0, own.count == 0.0);
      mean[${k} * uniforms.channels + channel] = meanIn(own);
      if (channel == 0u) { prior[${k}] = share; }
    }`,
)}
${eachComponent(components, (k) => `    variance[${k} * uniforms.channels + channel] = pooled;`)}`,
      ),
  }) as const satisfies Program<string, string, keyof typeof CHUNK_UNIFORMS>;

/** Prior, mean and variance, by a dispatch for each component and three more; undefined where the composed form has to do it. */
export function webgpuKMeansInit(
  backend: WebGPUBackend,
  { x, draws }: Record<"x" | "draws", TensorInfo>,
): TensorInfo[] | undefined {
  const [all, channels] = x.shape as [number, number];
  const [components] = draws.shape as [number];
  if (all === 0 || components > MAX_COMPONENTS) return undefined;
  const rows = Math.min(all, KMEANS_ROWS);
  const work = rowsOver(rows, channels, TOGETHER);
  // Row ⌊i all / KMEANS_ROWS⌋ without a product beyond 32 bits.
  const spread = all > rows ? { whole: Math.floor(all / rows), part: all % rows } : { whole: 1, part: 0 };
  const windows = rowWindows(backend, all, channels);
  const dispatches = windows.map(({ first, rows: count, ofColumns }) => ({
    values: { ...work.values, ...spread, first, count },
    windows: windows.length > 1 ? { x: ofColumns(channels) } : {},
  }));
  const sampled = runDispatches(backend, sampleRows, work.groups, { x }, dispatches, {
    sample: [rows, channels],
    nearest: [rows],
    owner: [rows],
  });
  const { sample } = sampled;
  let { nearest, owner } = sampled;
  const shapes = { newNearest: [rows], newOwner: [rows] };
  for (let seed = 0; seed < components; seed++) {
    const next = runProgram(backend, drawSeed, work.groups, { sample, draws, nearest, owner }, { ...work.values, seed }, shapes);
    for (const { dataId } of [nearest, owner]) backend.disposeData(dataId);
    ({ newNearest: nearest, newOwner: owner } = next);
  }
  const walk = walkOver({ outer: rows, channels, inner: 1, size: rows * channels }, WIDTH);
  const { partials } = runWalk(
    backend,
    weightedSums(components, BY_OWNER),
    walk,
    named({ x: sample, owner }),
    {},
    { partials: partialsShape(walk, components) },
  );
  const chunks = chunksOf(walk);
  const outputs = runProgram(backend, start(components), chunks.groups, { partials }, chunks.values, {
    prior: [components],
    mean: [components, channels],
    variance: [components, channels],
  });
  for (const { dataId } of [sample, nearest, owner, partials]) backend.disposeData(dataId);
  return [outputs.prior, outputs.mean, outputs.variance];
}
