import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { View } from "../arguments.js";
import { type Drawing, draw, isEven, quotient, remainder, type WebGLBackend } from "../tensorflow/webgl.js";

// Reductions by drawing. The numbers that are added up are a set; what comes of a set are texels, each of four sums. An invocation adds
// up a chunk of a set one after the other; then chunks are put together, until there is one. So the error does not grow with how many
// numbers there are, and the same numbers come on every run.

/** Numbers that an invocation takes at most. */
const MOST = 128;

/** Numbers of a chunk that make its pivot. */
const SAMPLES = 8;

/** Where a set has more texels, for the components of a mixture, the loop is written for one number: that is long, and not limited by reading. */
const MAX_PARTS_OF_TWO = 4;

/** A tensor: slices of [outer, channels, inner]. A channel of a slice is a set. */
export interface Sets extends View {
  /** Default 1. */
  slices?: number;
}

export const setCount = ({ slices = 1, channels }: Sets): number => slices * channels;

/** How many numbers each chunk has, but the last: chunks of about the same size on each level. */
function chunkOf(count: number): number {
  const levels = Math.max(1, Math.ceil(Math.log(count) / Math.log(MOST) - 1e-9));
  return Math.ceil(count ** (1 / levels) - 1e-9);
}

/** GLSL for [slice, row, channel, column] of number j of a set, and for its index in x. */
function placesIn({ slices = 1, outer, channels, inner }: Sets) {
  const [slice, channel] = slices === 1 ? ["0", "set"] : [quotient("set", channels), remainder("set", channels)];
  const [row, column] = outer === 1 ? ["0", "j"] : [quotient("j", inner), remainder("j", inner)];
  const ofAll = slices === 1 ? row : `(${slice} * ${outer} + ${row})`;
  return { row: ofAll, channel, column, index: `(${ofAll} * ${channels} + ${channel}) * ${inner} + ${column}` };
}

interface Reading {
  /** Number j of a set, in GLSL. */
  one(name: string): string;
  /** Numbers j and j + 1, of an even j, where both may be in one texel. */
  two?(name: string): string;
}

/** How numbers of a set are read from a tensor of x's shape. */
function readIn(shape: readonly number[], sets: Sets): Reading {
  const columns = shape.at(-1);
  const { row, channel } = placesIn(sets);
  const { slices = 1, outer, inner, channels } = sets;
  if (inner === 1 && channels === columns) {
    const one = (name: string) => `${name}In(${row}, ${channel})`;
    const hasPairs = outer > 1 && (slices === 1 || isEven(outer));
    return hasPairs ? { one, two: (name) => `${name}Below(${row}, ${channel})` } : { one };
  }
  if (outer === 1 && inner === columns) return { one: (name) => `${name}In(set, j)`, two: (name) => `${name}Pair(set, j)` };
  return { one: (name) => `${name}At(i)` };
}

export interface Chunks {
  texels: TensorInfo;
  /** Chunks of a set. */
  count: number;
  /** How many numbers of a set each has, but the last. */
  each: number;
  /** How many numbers a set has. */
  whole: number;
  /** Texels of all sets. */
  width: number;
}

/** Of texels [chunks, sets · parts], the index is chunk · width + set · parts + part. */
const texelShape = (chunks: number, width: number) => [2 * chunks, 2 * width];

interface Summing {
  sets: Sets;
  /** Texels of a set. Default 1. */
  parts?: number;
  /** Inputs of x's shape. */
  shape: readonly number[];
  streams: readonly string[];
  inputs: Drawing["inputs"];
  uniforms?: Record<string, number>;
  /** A stream whose numbers `sums.x` is a pivot of before the loop: the mean of some, so that no number far from the others is it alone. */
  pivot?: string | undefined;
  /** Statements before the loop: `set` and `part` are known. */
  constants?: string;
  /** Statements for number `j` of the set, at `i` in x; those of the streams are `NAMEHere`. They change the vec4 `sums`. */
  body: string;
  /** Statements after it, with `count`, the numbers in the chunk. */
  finish?: string;
}

/** The first level: chunks of each set. */
export function drawChunks(
  backend: WebGLBackend,
  { sets, parts = 1, shape, streams, inputs, uniforms, pivot, constants = "", body, finish = "" }: Summing,
): Chunks {
  const whole = sets.outer * sets.inner;
  const reading = readIn(shape, sets);
  const { one } = reading;
  const two = parts <= MAX_PARTS_OF_TWO ? reading.two : undefined;
  const each = two ? 2 * Math.ceil(chunkOf(whole) / 2) : chunkOf(whole);
  const count = Math.ceil(whole / each);
  const width = setCount(sets) * parts;
  const { index } = placesIn(sets);
  const start = /* glsl */ `
  int stride = (count + ${SAMPLES - 1}) / ${SAMPLES};
  float samples = float((count + stride - 1) / stride);
  for (int step = 0; step < count; step += stride) {
    int j = first + step;
    int i = ${index};
    sums.x += ${one(pivot ?? "")} / samples;
  }`;
  const here = (value: (name: string) => string) => streams.map((name) => `float ${name}Here = ${value(name)};`).join(" ");
  const visit = (number: string, value: (name: string) => string) => /* glsl */ `
    int j = ${number};
    int i = ${index};
    ${here(value)}
${body}`;
  const loop = two
    ? /* glsl */ `
  for (int step = 0; step < count; step += 2) {
    int j = first + step;
    ${streams.map((name) => `vec2 ${name}Two = ${two(name)};`).join(" ")}
    {${visit("first + step", (name) => `${name}Two.x`)}
    }
    if (step + 1 < count) {${visit("first + step + 1", (name) => `${name}Two.y`)}
    }
  }`
    : /* glsl */ `
  for (int step = 0; step < count; step++) {${visit("first + step", one)}
  }`;
  const code = /* glsl */ `
void main() {
  ivec2 at = getOutputCoords() / 2;
  int set = ${quotient("at.y", parts)};
  int part = ${remainder("at.y", parts)};
  int first = at.x * ${each};
  int count = min(${each}, ${whole} - first);
  vec4 sums = vec4(0.0);
${constants}
${pivot ? start : ""}
${loop}
${finish}
  setOutput(sums);
}`;
  const texels = draw(backend, { inputs, shape: texelShape(count, width), isPacked: true, ...(uniforms && { uniforms }), code });
  return { texels, count, each, whole, width };
}

/**
 * Puts chunks together until there is one, [1, sets · parts] texels. The chunks are disposed.
 *
 * @param body changes the vec4 `sums`, by the texel `other` of a chunk of `count` numbers; before the first, sums is 0
 */
function together(backend: WebGLBackend, chunks: Chunks, body: string, finish: string): TensorInfo {
  const { texels, count, each, whole, width } = chunks;
  if (count === 1) return texels;
  const many = chunkOf(count);
  const left = Math.ceil(count / many);
  const code = /* glsl */ `
void main() {
  ivec2 at = getOutputCoords() / 2;
  int last = min((at.x + 1) * ${many}, ${count});
  vec4 sums = vec4(0.0);
  float total = 0.0;
  for (int chunk = at.x * ${many}; chunk < last; chunk++) {
    vec4 other = texelsTexel(chunk * ${width} + at.y);
    float count = float(min(${each}, ${whole} - chunk * ${each}));
${body}
  }
${finish}
  setOutput(sums);
}`;
  const merged = draw(backend, { inputs: { texels }, shape: texelShape(left, width), isPacked: true, code });
  backend.disposeData(texels.dataId);
  return together(backend, { texels: merged, count: left, each: each * many, whole, width }, body, finish);
}

/** The sums of each set: texel set · parts + part. */
export const drawSums = (backend: WebGLBackend, summing: Summing): TensorInfo =>
  together(backend, drawChunks(backend, summing), "    sums += other;", "");

/**
 * Moments of each set (docs/math.md, section 4): texels of a pivot, what the mean is away from it, and the variance. The moments of a
 * chunk are about the mean of some of its numbers, so that neither a mean far from zero nor a number far from the others costs digits.
 *
 * @param isCentered whether they are about the mean: else about 0
 */
export function drawMoments(backend: WebGLBackend, x: TensorInfo, sets: Sets, isCentered: boolean): TensorInfo {
  const chunks = drawChunks(backend, {
    sets,
    shape: x.shape,
    streams: ["x"],
    inputs: { x },
    pivot: isCentered ? "x" : undefined,
    body: /* glsl */ `
    float distance = xHere - sums.x;
    sums.y += distance;
    sums.z += distance * distance + (notFinite(xHere) ? NAN : 0.0);`,
    finish: /* glsl */ `
  float share = 1.0 / float(count);
  ${isCentered ? "sums.z = atLeast(sums.z - sums.y * sums.y * share, 0.0); sums.y *= share;" : "sums.y = 0.0;"}
  sums.z *= share;`,
  });
  // Variances are stored, and not sums of squares: those could be too large for half floats.
  return together(
    backend,
    chunks,
    /* glsl */ `
    if (total == 0.0) {
      sums = vec4(other.xy, other.z * count, 0.0);
      total = count;
    } else {
      float both = total + count;
      float share = count / both;
      float distance = rounded(other.x - sums.x) + (other.y - sums.y);
      sums.y += distance * share;
      sums.z += other.z * count + distance * distance * total * share;
      total = both;
    }`,
    "  sums.z /= total;",
  );
}

/** GLSL for mean and residual, `whole` and `residue`, of a texel of moments. */
export const WHOLE = /* glsl */ `
  float whole = stored(moments.x + moments.y);
  float residue = rounded(moments.x - whole) + moments.y;`;
