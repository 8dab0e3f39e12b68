import { MAX_FLOAT32 } from "../constants.js";
import { LANES } from "../tensorflow/webgpu.js";
import { CHUNK_LANES, CHUNKS_BEGIN, inTree, type Lanes, WALK_LANES, walkLoop } from "./walk.js";

// Means and variances in a shader: docs/math.md, section 4. A lane has numbers of one set; their moments are about the first of them,
// the pivot, so that neither a mean far from zero nor a number far from the others costs digits. Lanes, then chunks, are merged in
// pairs.

/** Numbers of moments in a chunk's partials. */
export const MOMENTS = 4;

/** Moments in a tree at a time. */
const TREE_MOMENTS = 2;

/**
 * How many numbers there are, or what they weigh, the pivot, what their mean is away from it, and the sum of squared deviations from the
 * mean. Merged moments have the pivot of the heavier: numbers that hardly count may be far away.
 *
 * @param count how many moments of each channel a program has
 */
export const momentsDeclarations = (count = 1): string => /* wgsl */ `
struct Moments { count : f32, pivot : f32, offset : f32, squares : f32 }
var<workgroup> momentsTree : array<Moments, ${(Math.min(count, TREE_MOMENTS) * LANES) / 2}>;

fn merged(a : Moments, b : Moments) -> Moments {
  var most = a;
  var other = b;
  if (b.count > a.count) {
    most = b;
    other = a;
  }
  if (other.count == 0.0) { return most; }
  let count = most.count + other.count;
  let distance = rounded(other.pivot - most.pivot) + (other.offset - most.offset);
  let share = other.count / count;
  let squares = most.squares + other.squares + distance * distance * most.count * share;
  return Moments(count, most.pivot, most.offset + distance * share, squares);
}
`;

/** What normalizes: a mean, what it lost when it was rounded, and a variance. Needs momentsDeclarations. */
export const NORMALIZER = /* wgsl */ `
struct Normalizer { mean : f32, residual : f32, variance : f32 }

fn about(pivot : f32, offset : f32, variance : f32) -> Normalizer {
  let mean = rounded(pivot + offset);
  return Normalizer(mean, rounded(pivot - mean) + offset, variance);
}
// A batch's moments, shrunk toward a prior's mean and variance by its mass: docs/math.md, sections 2.5 and 2.7.
fn shrunk(batch : Moments, variance : f32, priorMean : f32, priorVariance : f32, mass : f32) -> Normalizer {
  // If all is the prior's, the batch counts for nothing, not even if it has NaN.
  if (mass >= ${MAX_FLOAT32}f) { return Normalizer(priorMean, 0.0, priorVariance); }
  if (mass == 0.0) { return about(batch.pivot, batch.offset, variance); }
  let whole = batch.count + mass;
  let share = batch.count / whole;
  // On a GPU, n/n need not be 1: the smaller part is not what the larger one leaves.
  let rest = select(1.0 - share, mass / whole, mass < batch.count);
  let distance = rounded(priorMean - batch.pivot) - batch.offset;
  let both = share * variance + rest * (priorVariance + share * distance * distance);
  return about(batch.pivot, batch.offset + rest * distance, both);
}
`;

/** Components that are written out, so that their numbers are in registers. More are in loops: a compiler would take long for them. */
const MAX_WRITTEN = 4;

/** Code for each component, by its number in the shader. */
export const eachComponent = (components: number, code: (k: string) => string): string =>
  components > MAX_WRITTEN
    ? `for (var k = 0u; k < ${components}u; k++) {\n${code("k")}\n}`
    : Array.from({ length: components }, (_, k) => code(`${k}u`)).join("\n");

/** Declares them. */
export const noMoments = (count: number) => `var moments : ${count === 1 ? "Moments" : `array<Moments, ${count}>`};`;

/** The name of a program's moments number k, of `count`: a variable, or an element of an array. */
export const momentsAt = (k: number | string, count: number) => (count === 1 ? "moments" : `moments[${k}]`);

/** Merges moments over the lanes of a channel, as inTree does. */
function mergeLanes(count: number, lanes: Lanes): string {
  const together = (names: string[]) =>
    inTree(names, "momentsTree", TREE_MOMENTS, (into, other) => `${into} = merged(${into}, ${other});`, lanes);
  if (count > MAX_WRITTEN) return eachComponent(count, (k) => together([momentsAt(k, count)]));
  return together(Array.from({ length: count }, (_, k) => momentsAt(k, count)));
}

/** In a walk: merges the moments of each lane to those of a chunk of a set. */
export const mergeWalk = (count: number) => mergeLanes(count, WALK_LANES);

/**
 * After WALK_BEGIN: the `moments` of a chunk of x's set.
 *
 * @param isCentered whether they are about the mean: else about 0
 */
export const walkMoments = (isCentered: boolean): string => /* wgsl */ `
  var moments = Moments(0.0, 0.0, 0.0, 0.0);
  if (isActive) {
${walkLoop(
  ["x"],
  /* wgsl */ `
        let value = xHere;
        ${isCentered ? "if (moments.count == 0.0) { moments.pivot = value; }" : ""}
        let distance = value - moments.pivot;
        moments.count += 1.0;
        moments.offset += distance;
        moments.squares += distance * distance + select(0.0, uniforms.NAN, isNotFinite(value));`,
)}
    if (moments.count > 0.0) {
      ${
        isCentered
          ? /* wgsl */ `let sum = moments.offset;
      moments.offset = sum / moments.count;
      let squares = moments.squares - sum * moments.offset;
      moments.squares = atLeast(squares, 0.0);`
          : "moments.offset = 0.0;"
      }
    }
  }
${mergeWalk(1)}
`;

/** Moments number k of a chunk of partials: of a set of `sets`, from `at`. */
const inPartials = (k: string, sets: string) =>
  Array.from({ length: MOMENTS }, (_, i) => `partials[at + (${MOMENTS}u * ${k} + ${i}u) * ${sets}]`);

/** In a walk: writes an active set's moments as one chunk of what chunkMoments merges. Those of windows before are in it. */
export const writeMoments = (count = 1): string => /* wgsl */ `
  if (isActive && outerLane == 0u && innerLane == 0u) {
    let sets = uniforms.slices * uniforms.channels;
    let at = chunk * ${MOMENTS * count}u * sets + setIndex;
${eachComponent(count, (k) => {
  const own = momentsAt(k, count);
  const rows = inPartials(k, "sets");
  return `    if (uniforms.window > 0u) { ${own} = merged(Moments(${rows.join(", ")}), ${own}); }
    ${["count", "pivot", "offset", "squares"].map((name, i) => `${rows[i]} = ${own}.${name};`).join("\n    ")}`;
})}
  }
`;

/** The `moments` of a set, `channel`, by the program that merges chunks: `partials` [chunks, count · MOMENTS, sets]. */
export const chunkMoments = (count = 1): string => /* wgsl */ `
${CHUNKS_BEGIN}
  ${noMoments(count)}
  if (isActive) {
    for (var chunk = chunkLane; chunk < uniforms.chunks; chunk += chunkLanes) {
      let at = chunk * ${MOMENTS * count}u * uniforms.channels + channel;
${eachComponent(count, (k) => {
  const own = momentsAt(k, count);
  return `      ${own} = merged(${own}, Moments(${inPartials(k, "uniforms.channels").join(", ")}));`;
})}
    }
  }
${mergeLanes(count, CHUNK_LANES)}
`;
