import {
  chunkMoments,
  eachComponent,
  MOMENTS,
  mergeWalk,
  momentsAt,
  momentsDeclarations,
  noMoments,
  writeMoments,
} from "./moments.js";
import { partialsOf, WALK_BEGIN, WALK_UNIFORMS, type Walk, type WalkProgram, walkLoop } from "./walk.js";

// Mass, mean and variance of each component in each channel, by weights of rows: docs/math.md, section 5. Each lane has the mean of its
// rows before it adds up squares of deviations from it; lanes, then chunks, are merged in pairs. So no digits are lost where a mean is
// far from zero, or from where it was before.

/** A lane's weights are so much smaller that none of its sums is beyond float32. */
const SCALE = 2 ** -8;

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

/** The partials of chunks of x's rows, [chunks, 4 K, channels]. */
export const weightedSums = (components: number, { key, inputs, isBad, weight, pivot }: Weights) =>
  ({
    key: `weighted moments ${key} ${components}`,
    inputs: ["x", ...inputs],
    outputs: ["partials"] as const,
    streamed: ["x"],
    uniforms: WALK_UNIFORMS,
    declarations: () => momentsDeclarations(components),
    body: () => /* wgsl */ `
${WALK_BEGIN}
  ${noMoments(components)}
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
      ${momentsAt(k, components)} = Moments(masses[${k}] / ${SCALE}, pivots[${k}], means[${k}] + rest, atLeast(square, 0.0) / ${SCALE});
    }`,
)}
  }
${mergeWalk(components)}
${writeMoments(components)}`,
  }) satisfies WalkProgram<string, "partials", keyof typeof WALK_UNIFORMS>;

/** The shape of its partials. */
export const partialsShape = (walk: Walk, components: number) => partialsOf(walk, MOMENTS * components);

/** Declares what mergedMoments needs. */
export const mergedDeclarations = (components: number) => /* wgsl */ `${momentsDeclarations(components)}
fn meanIn(moments : Moments) -> f32 {
  return moments.pivot + moments.offset;
}
fn varianceIn(moments : Moments) -> f32 {
  let variance = moments.squares / moments.count;
  return select(variance, 0x1.fffffep+127f, isNotFinite(variance));
}
`;

/**
 * The body of a program that merges partials over chunks.
 *
 * @param finish code for each `channel`, with `mass`, the sum of all components'
 */
export const mergedMoments = (components: number, finish: string): string => /* wgsl */ `
${chunkMoments(components)}
  if (isActive && chunkLane == 0u) {
    let mass = ${Array.from({ length: components }, (_, k) => `${momentsAt(k, components)}.count`).join(" + ")};
${finish}
  }
`;
