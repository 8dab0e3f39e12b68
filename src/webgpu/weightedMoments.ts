import { LANES } from "../tensorflow/webgpu.js";
import {
  CHUNK_LANES,
  CHUNKS_BEGIN,
  inTree,
  type Lanes,
  partialsOf,
  WALK_BEGIN,
  WALK_LANES,
  WALK_UNIFORMS,
  type Walk,
  type WalkProgram,
  walkLoop,
} from "./walk.js";

// Mass, mean and variance of each component in each channel, by weights of rows: docs/math.md, section 5. Each lane has the mean of its
// rows before it adds up squares of deviations from it; lanes, then chunks, are merged in pairs. So no digits are lost where a mean is
// far from zero, or from where it was before.

/** Numbers of a component's moments in a chunk's partials. */
const MOMENTS = 3;
/** Components in a tree at a time. */
const TREE_MOMENTS = 2;
/** A lane's weights are so much smaller that none of its sums is beyond float32. */
const SCALE = 2 ** -8;

/** The mean is away from a pivot that all moments of a component and channel share. */
const DECLARATIONS = /* wgsl */ `
struct Moments { mass : f32, mean : f32, squares : f32 }
var<workgroup> momentsTree : array<Moments, ${(TREE_MOMENTS * LANES) / 2}>;

fn merged(a : Moments, b : Moments) -> Moments {
  if (b.mass == 0.0) { return a; }
  if (a.mass == 0.0) { return b; }
  let mass = a.mass + b.mass;
  let distance = b.mean - a.mean;
  let share = b.mass / mass;
  return Moments(mass, a.mean + distance * share, a.squares + b.squares + distance * distance * a.mass * share);
}
`;

/** Components that are written out, so that their numbers are in registers. More are in loops: a compiler would take long for them. */
const MAX_WRITTEN = 4;

/** Code for each component, by its number in the shader. */
export const eachComponent = (components: number, code: (k: string) => string): string =>
  components > MAX_WRITTEN
    ? `for (var k = 0u; k < ${components}u; k++) {\n${code("k")}\n}`
    : Array.from({ length: components }, (_, k) => code(`${k}u`)).join("\n");

/** Merges each of the array `moments` over lanes. */
const mergeLanes = (components: number, lanes: Lanes): string => {
  const inTrees = (values: string[]) =>
    inTree(values, "momentsTree", TREE_MOMENTS, (into, other) => `${into} = merged(${into}, ${other});`, lanes);
  if (components > MAX_WRITTEN) return eachComponent(components, (k) => inTrees([`moments[${k}]`]));
  return inTrees(Array.from({ length: components }, (_, k) => `moments[${k}]`));
};

/** A component's moments in a chunk of partials: of a channel, from `at`. */
const inPartials = (k: string) =>
  `Moments(${Array.from({ length: MOMENTS }, (_, i) => `partials[at + (${MOMENTS}u * ${k} + ${i}u) * uniforms.channels]`).join(", ")})`;

/** How rows have weights, in WGSL. */
export interface Weights {
  key: string;
  inputs: readonly string[];
  /** Whether the weights of `row` are none. */
  isBad: string;
  /** The weight of `row` for a component. */
  weight(k: string): string;
  /** What a component's mean is about, in `channel`. */
  pivot(k: string): string;
}

/** The partials of chunks of x's rows, [chunks, 3 K, channels]. */
export const weightedSums = (components: number, { key, inputs, isBad, weight, pivot }: Weights) =>
  ({
    key: `weighted moments ${key} ${components}`,
    inputs: ["x", ...inputs],
    outputs: ["partials"] as const,
    streamed: ["x"],
    uniforms: WALK_UNIFORMS,
    declarations: () => DECLARATIONS,
    body: () => /* wgsl */ `
${WALK_BEGIN}
  var moments : array<Moments, ${components}>;
  if (isActive) {
    var pivots : array<f32, ${components}>;
    var masses : array<f32, ${components}>;
    var means : array<f32, ${components}>;
    var rests : array<f32, ${components}>;
    var squares : array<f32, ${components}>;
${eachComponent(components, (k) => `    pivots[${k}] = ${pivot(k)};`)}
    {
${walkLoop(
  ["x"],
  /* wgsl */ `
        if (!(${isBad})) {
${eachComponent(components, (k) => `          { let w = ${SCALE} * ${weight(k)}; masses[${k}] += w; means[${k}] += w * (xHere - pivots[${k}]); }`)}
        }`,
)}
    }
${eachComponent(components, (k) => `    means[${k}] = select(means[${k}] / masses[${k}], 0.0, masses[${k}] == 0.0);`)}
    {
${walkLoop(
  ["x"],
  /* wgsl */ `
        if (!(${isBad})) {
${eachComponent(
  components,
  (k) => /* wgsl */ `          {
            let away = (xHere - pivots[${k}]) - means[${k}];
            // Without a weight there is no square, even if it is infinite.
            let weighted = rounded(${SCALE} * ${weight(k)} * away);
            rests[${k}] += weighted;
            squares[${k}] += weighted * away;
          }`,
)}
        }`,
)}
    }
${eachComponent(
  components,
  (k) => /* wgsl */ `    if (masses[${k}] > 0.0) {
      // What the mean lost when it was rounded.
      let rest = rests[${k}] / masses[${k}];
      let square = squares[${k}] - rests[${k}] * rest;
      moments[${k}] = Moments(masses[${k}] / ${SCALE}, means[${k}] + rest, select(square, 0.0, square < 0.0) / ${SCALE});
    }`,
)}
  }
${mergeLanes(components, WALK_LANES)}
  if (isActive && outerLane == 0u && innerLane == 0u) {
    let at = chunk * ${MOMENTS * components}u * uniforms.channels + channel;
${eachComponent(
  components,
  (k) => /* wgsl */ `    if (uniforms.window > 0u) { moments[${k}] = merged(${inPartials(k)}, moments[${k}]); }
    partials[at + (${MOMENTS}u * ${k}) * uniforms.channels] = moments[${k}].mass;
    partials[at + (${MOMENTS}u * ${k} + 1u) * uniforms.channels] = moments[${k}].mean;
    partials[at + (${MOMENTS}u * ${k} + 2u) * uniforms.channels] = moments[${k}].squares;`,
)}
  }`,
  }) satisfies WalkProgram<string, "partials", keyof typeof WALK_UNIFORMS>;

/** The shape of its partials. */
export const partialsShape = (walk: Walk, components: number) => partialsOf(walk, MOMENTS * components);

/** Declares what mergedMoments needs. */
export const MERGED_DECLARATIONS = /* wgsl */ `${DECLARATIONS}
fn varianceIn(moments : Moments) -> f32 {
  let variance = moments.squares / moments.mass;
  return select(variance, 0x1.fffffep+127f, isNotFinite(variance));
}
`;

/**
 * The body of a program that merges partials over chunks.
 *
 * @param finish code for each `channel`, with the array `moments`, and `mass`, the sum of all masses
 */
export const mergedMoments = (components: number, finish: string): string => /* wgsl */ `
${CHUNKS_BEGIN}
  var moments : array<Moments, ${components}>;
  if (isActive) {
    for (var chunk = chunkLane; chunk < uniforms.chunks; chunk += chunkLanes) {
      let at = chunk * ${MOMENTS * components}u * uniforms.channels + channel;
${eachComponent(components, (k) => `      moments[${k}] = merged(moments[${k}], ${inPartials(k)});`)}
    }
  }
${mergeLanes(components, CHUNK_LANES)}
  if (isActive && chunkLane == 0u) {
    let mass = ${Array.from({ length: components }, (_, k) => `moments[${k}].mass`).join(" + ")};
${finish}
  }
`;
