import { LANES } from "../tensorflow/webgpu.js";
import { CHUNK_LANES, CHUNKS_BEGIN, inTree, type Lanes, WALK_LANES, walkLoop } from "./walk.js";

// Means and variances in a shader: docs/math.md, section 4. A lane has numbers of one set; their moments are about the first of them,
// the pivot, so that neither a mean far from zero nor a number far from the others costs digits. Lanes, then chunks, are merged in
// pairs.

/** Numbers of moments in a chunk's partials. */
export const MOMENTS = 4;

/** How many numbers there are, the pivot, what their mean is away from it, and the sum of squared deviations from the mean. */
export const MOMENTS_DECLARATIONS = /* wgsl */ `
struct Moments { count : f32, pivot : f32, offset : f32, squares : f32 }
var<workgroup> momentsTree : array<Moments, ${LANES / 2}>;

fn isNotFinite(value : f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}
fn merged(a : Moments, b : Moments) -> Moments {
  if (b.count == 0.0) { return a; }
  if (a.count == 0.0) { return b; }
  let count = a.count + b.count;
  let distance = rounded(b.pivot - a.pivot) + (b.offset - a.offset);
  let share = b.count / count;
  return Moments(count, a.pivot, a.offset + distance * share, a.squares + b.squares + distance * distance * a.count * share);
}
`;

/** Merges `moments` over the lanes of a channel, as inTree does. */
const mergeLanes = (lanes: Lanes): string =>
  inTree(["moments"], "momentsTree", 1, (into, other) => `${into} = merged(${into}, ${other});`, lanes);

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
      moments.squares = select(squares, 0.0, squares < 0.0);`
          : "moments.offset = 0.0;"
      }
    }
  }
${mergeLanes(WALK_LANES)}
`;

/** The moments of a chunk of partials: of a set of `sets`, at `at`. */
const momentsAt = (sets: string) =>
  `Moments(partials[at], partials[at + ${sets}], partials[at + 2u * ${sets}], partials[at + 3u * ${sets}])`;

/** In a walk: writes an active set's moments as one chunk of what CHUNK_MOMENTS merges. Those of windows before are in it. */
export const WRITE_MOMENTS = /* wgsl */ `
  if (isActive && outerLane == 0u && innerLane == 0u) {
    let sets = uniforms.slices * uniforms.channels;
    let at = chunk * ${MOMENTS}u * sets + setIndex;
    if (uniforms.window > 0u) { moments = merged(${momentsAt("sets")}, moments); }
    partials[at] = moments.count;
    partials[at + sets] = moments.pivot;
    partials[at + 2u * sets] = moments.offset;
    partials[at + 3u * sets] = moments.squares;
  }
`;

/** The `moments` of a set, `channel`, by the program that merges chunks. */
export const CHUNK_MOMENTS = /* wgsl */ `
${CHUNKS_BEGIN}
  var moments = Moments(0.0, 0.0, 0.0, 0.0);
  if (isActive) {
    for (var chunk = chunkLane; chunk < uniforms.chunks; chunk += chunkLanes) {
      let at = chunk * ${MOMENTS}u * uniforms.channels + channel;
      moments = merged(moments, ${momentsAt("uniforms.channels")});
    }
  }
${mergeLanes(CHUNK_LANES)}
`;
