import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { View } from "../arguments.js";
import { sizeOf } from "../launch/plan.js";
import { type Dispatch, LANES, type Program, runDispatches, type WebGPUBackend } from "../tensorflow/webgpu.js";

// How the invocations of a shader share a tensor with a channel axis. Neighbours read neighbours in memory, and each stays in one
// channel, so that it has constants and sums of one channel only.

/** Work groups that keep a large GPU busy. */
const MANY_GROUPS = 2048;
/** Numbers that an invocation takes at least, where there are so many: its constants are made once for them. */
const FEW_STEPS = 8;
/** Numbers that an invocation adds up at most: the rest is trees. Their sum is off by at most 256 · 2^-24 of their magnitudes' sum. */
const MOST_STEPS = 256;

/** Numbers beside each other that a work group reads, where it adds up: a cache line. Narrower, it has fewer sums to write. */
export const WIDTH = 32;

/** The names and types of the uniforms of WALK. */
export const WALK_UNIFORMS = {
  slices: "u32",
  outer: "u32",
  channels: "u32",
  inner: "u32",
  laneChannels: "u32",
  laneInner: "u32",
  laneOuter: "u32",
  blocks: "u32",
  chunks: "u32",
  steps: "u32",
  perChunk: "u32",
  // Of a dispatch: the first position of its window, the last, counted from there, and which window it is.
  first: "u32",
  last: "u32",
  window: "u32",
} as const;

/** A tensor: slices of [outer, channels, inner]. A channel of a slice is a set. */
export interface Slices extends View {
  /** Default 1. */
  slices?: number;
}

/**
 * A work group has laneOuter × laneChannels × laneInner lanes. It walks over a chunk of the rows of a block of laneChannels channels;
 * `steps` steps take a row of theirs.
 */
export interface Walk extends Record<keyof typeof WALK_UNIFORMS, number> {
  size: number;
  /** Tensors that are larger than a shader can be given come in so many windows, each of windowSize positions or less. */
  windows: number;
  windowSize: number;
}

/**
 * @param width numbers beside each other that a work group reads, at most LANES. Narrower, it has fewer sums to write
 * @param windowSize default: all
 */
export function walkOver({ slices = 1, outer, channels, inner, size }: Slices, width: number, windowSize = size): Walk {
  const steps = Math.ceil(inner / width);
  const laneInner = Math.ceil(inner / steps);
  const blocks = Math.ceil(channels / Math.max(1, Math.floor(width / laneInner)));
  const laneChannels = Math.ceil(channels / blocks);
  const laneOuter = Math.min(outer, Math.floor(LANES / (laneChannels * laneInner)));
  const all = Math.ceil(outer / laneOuter) * steps;
  const wanted = Math.max(Math.ceil((all * blocks * slices) / MANY_GROUPS), FEW_STEPS);
  const perChunk = Math.min(Math.ceil(wanted / TOGETHER) * TOGETHER, MOST_STEPS, all);
  const chunks = Math.ceil(all / perChunk);
  const windows = Math.ceil(size / windowSize);
  const walk = { slices, outer, channels, inner, laneChannels, laneInner, laneOuter, blocks, chunks, steps, perChunk };
  return { ...walk, first: 0, last: size - 1, window: 0, size, windows, windowSize };
}

export const groupsOf = ({ slices, blocks, chunks }: Walk) => slices * blocks * chunks;

/** The shape of `count` sums of each set, of each chunk. */
export const partialsOf = ({ chunks, slices, channels }: Walk, count: number) => [chunks, count, slices * channels];

/** A program that walks over tensors. */
export interface WalkProgram<I extends string, O extends string, U extends string> extends Program<I, O, U> {
  /** Its tensors that have numbers for each position. */
  streamed: readonly (I | O)[];
}

/** What the shader of a walk in one window has in the place of the window's uniforms. */
const WHOLE = { first: "0u", last: "0xffffffffu", window: "0u" };

/** Runs a program over tensors: a dispatch, or one for each window. Those walk over everything, and leave out what is elsewhere. */
export function runWalk<I extends string, O extends string, U extends string>(
  backend: WebGPUBackend,
  program: WalkProgram<I, O, U>,
  walk: Walk,
  inputs: Record<I, TensorInfo>,
  values: Omit<Record<U, number>, keyof typeof WALK_UNIFORMS>,
  shapes: Record<O, number[]>,
): Record<O, TensorInfo> {
  const { windows, windowSize, size } = walk;
  const { key, body, streamed } = program;
  const isWhole = windows === 1;
  const made = isWhole
    ? {
        ...program,
        body: () => body().replaceAll(/\buniforms\.(first|last|window)\b/g, (_, name: keyof typeof WHOLE) => WHOLE[name]),
      }
    : { ...program, key: `${key} in windows` };
  const dispatches = Array.from({ length: windows }, (_, window): Dispatch<I | O, U> => {
    const first = window * windowSize;
    const count = Math.min(windowSize, size - first);
    const parts = isWhole
      ? []
      : streamed.map((name) => {
          const width = name in shapes ? sizeOf(shapes[name as O]) / size : 1;
          return [name, { first: width * first, count: width * count }];
        });
    return {
      values: { ...walk, ...values, first, last: count - 1, window } as unknown as Record<U, number>,
      windows: Object.fromEntries(parts),
    };
  });
  return runDispatches(backend, made, groupsOf(walk), inputs, dispatches, shapes);
}

/** The begin of a program's body: `channel`, of which `setIndex`, and whether it `isActive`. */
export const WALK_BEGIN = /* wgsl */ `
  let chunk = group / (uniforms.blocks * uniforms.slices);
  let slice = group / uniforms.blocks % uniforms.slices;
  let width = uniforms.laneChannels * uniforms.laneInner;
  let outerLane = localIndex / width;
  let channelLane = localIndex % width / uniforms.laneInner;
  let innerLane = localIndex % uniforms.laneInner;
  let channel = group % uniforms.blocks * uniforms.laneChannels + channelLane;
  let setIndex = slice * uniforms.channels + channel;
  let isActive = chunk < uniforms.chunks && outerLane < uniforms.laneOuter && channel < uniforms.channels;
`;

/** The number of a `channel` in a row of a matrix [rows, channels]. */
export const inRow = (matrix: string, row: number | string) => `${matrix}[${row}u * uniforms.channels + channel]`;

/** After WALK_BEGIN: `scale` and `shift` of an active lane's channel. @param given which of gamma and beta there are */
export const affineConstants = (given: readonly string[]): string => /* wgsl */ `
    let scale = ${given.includes("gamma") ? "gamma[channel]" : "1.0"};
    let shift = ${given.includes("beta") ? "beta[channel]" : "0.0"};`;

/** Numbers that a lane reads before it works on any of them: a GPU's memory is slow to answer, and may be asked for several things. */
const TOGETHER = 4;

/**
 * The loop over an active lane's numbers.
 *
 * @param reads the inputs of x's shape
 * @param body code for the number at `position`, in `row`; that of x is `xHere`. In what the shader is given of tensors it is at `at`
 */
export function walkLoop(reads: readonly string[], body: string): string {
  const each = (code: (i: number) => string) => Array.from({ length: TOGETHER }, (_, i) => code(i)).join("");
  return /* wgsl */ `
    var nextRow = chunk * uniforms.perChunk / uniforms.steps * uniforms.laneOuter + outerLane;
    var nextStep = chunk * uniforms.perChunk % uniforms.steps;
    for (var done = 0u; done < uniforms.perChunk && nextRow < uniforms.outer; done += ${TOGETHER}u) {${each(
      (i) => /* wgsl */ `
      let row${i} = nextRow;
      let column${i} = nextStep * uniforms.laneInner + innerLane;
      let position${i} = ((slice * uniforms.outer + row${i}) * uniforms.channels + channel) * uniforms.inner + column${i};
      let away${i} = position${i} - uniforms.first;
      let is${i} = done + ${i}u < uniforms.perChunk && row${i} < uniforms.outer && column${i} < uniforms.inner && away${i} <= uniforms.last;
      let at${i} = select(0u, away${i}, is${i});
      ${reads.map((name) => `let ${name}${i} = ${name}[at${i}];`).join(" ")}
      nextStep++;
      if (nextStep == uniforms.steps) {
        nextStep = 0u;
        nextRow += uniforms.laneOuter;
      }`,
    )}${each(
      (i) => /* wgsl */ `
      if (is${i}) {
        let row = row${i};
        let position = position${i};
        let at = at${i};
        ${reads.map((name) => `let ${name}Here = ${name}${i};`).join(" ")}
${body}
      }`,
    )}
    }
`;
}

/** Sums in a tree at a time. A shader has its memory set to zero before it begins, so that more of it costs time. */
const TREE_SUMS = 4;
/** Of a tree's numbers, half are in memory. */
const TREE_LANES = LANES / 2;

/** Declares what sumLanes needs. */
export const TREE = /* wgsl */ `var<workgroup> tree : array<f32, ${TREE_SUMS * TREE_LANES}>;`;

/** Expressions, the same in all lanes of a work group but for `lane` and `channelLane`. */
export interface Lanes {
  /** How many lanes a channel has. */
  lanes: string;
  /** Which of them this is. */
  lane: string;
  channelLane: string;
  laneChannels: string;
}

export const WALK_LANES: Lanes = {
  lanes: "uniforms.laneOuter * uniforms.laneInner",
  lane: "(outerLane * uniforms.laneInner + innerLane)",
  channelLane: "channelLane",
  laneChannels: "uniforms.laneChannels",
};

/**
 * Puts each of some values together over the lanes of a channel, in a tree: in the end the first lane has it. All lanes of a work group
 * must come here.
 *
 * @param values variables of a lane
 * @param tree an array in workgroup memory, LANES / 2 for each of `together` values
 * @param combine a statement that puts the second expression into the first
 */
export function inTree(
  values: readonly string[],
  tree: string,
  together: number,
  combine: (into: string, other: string) => string,
  { lanes, lane, channelLane, laneChannels }: Lanes,
): string {
  const batches = Array.from({ length: Math.ceil(values.length / together) }, (_, batch) => {
    const some = values.slice(batch * together, (batch + 1) * together);
    const each = (code: (value: string, there: string) => string) =>
      some.map((value, i) => code(value, `${tree}[at + ${i * TREE_LANES}u]`)).join(" ");
    return /* wgsl */ `
  for (var size = ${lanes}; size > 1u; size = (size + 1u) / 2u) {
    let half = (size + 1u) / 2u;
    if (${lane} >= half && ${lane} < size) {
      let at = (${lane} - half) * ${laneChannels} + ${channelLane};
      ${each((value, there) => `${there} = ${value};`)}
    }
    workgroupBarrier();
    if (${lane} + half < size) {
      let at = ${lane} * ${laneChannels} + ${channelLane};
      ${each(combine)}
    }
    workgroupBarrier();
  }
`;
  });
  return batches.join("");
}

/** Adds up each number of an array over the lanes of a channel, as inTree does. Lanes that are not active have zeros. */
export const sumLanes = (sums: string, count: number, lanes: Lanes): string =>
  inTree(
    Array.from({ length: count }, (_, i) => `${sums}[${i}]`),
    "tree",
    TREE_SUMS,
    (into, other) => `${into} += ${other};`,
    lanes,
  );

/** Channels that a work group of ofChunks has: a sector of memory. */
const SECTOR = 8;

/** The uniforms of ofChunks. */
export const CHUNK_UNIFORMS = { channels: "u32", chunks: "u32", laneChannels: "u32" } as const;

/** Values of its uniforms, and its work groups. */
export function chunksOf({ slices, channels: ofSlice, chunks }: Walk) {
  const channels = slices * ofSlice;
  const laneChannels = Math.min(channels, SECTOR);
  return { values: { channels, chunks, laneChannels }, groups: Math.ceil(channels / laneChannels) };
}

/** The begin of a program that puts chunks of partial sums together: `chunkLane`, of `chunkLanes`, and `channel`, a set. */
export const CHUNKS_BEGIN = /* wgsl */ `
  let chunkLanes = ${LANES}u / uniforms.laneChannels;
  let chunkLane = localIndex / uniforms.laneChannels;
  let channelLane = localIndex % uniforms.laneChannels;
  let channel = group * uniforms.laneChannels + channelLane;
  let isActive = chunkLane < chunkLanes && channel < uniforms.channels;
`;

export const CHUNK_LANES: Lanes = {
  lanes: "chunkLanes",
  lane: "chunkLane",
  channelLane: "channelLane",
  laneChannels: "uniforms.laneChannels",
};

/**
 * The body of a program that adds up `partials` [chunks, count, channels] over chunks.
 *
 * @param finish code for each `channel`, with the array `sums`
 */
export const ofChunks = (count: number, finish: string): string => /* wgsl */ `
${CHUNKS_BEGIN}
  var sums : array<f32, ${count}>;
  if (isActive) {
    for (var chunk = chunkLane; chunk < uniforms.chunks; chunk += chunkLanes) {
      let at = chunk * ${count}u * uniforms.channels + channel;
      ${Array.from({ length: count }, (_, i) => `sums[${i}] += partials[at + ${i}u * uniforms.channels];`).join("\n      ")}
    }
  }
  ${sumLanes("sums", count, CHUNK_LANES)}
  if (chunkLane == 0u && channel < uniforms.channels) {
${finish}
  }
`;

/** In a walk: writes an active channel's sums as one chunk of what ofChunks adds up. Those of windows before are in it. */
export const writePartials = (count: number): string => /* wgsl */ `
  if (isActive && outerLane == 0u && innerLane == 0u) {
    let sets = uniforms.slices * uniforms.channels;
    let at = chunk * ${count}u * sets + setIndex;
    ${Array.from({ length: count }, (_, i) => `partials[at + ${i}u * sets] = sums[${i}] + select(0.0, partials[at + ${i}u * sets], uniforms.window > 0u);`).join("\n    ")}
  }
`;
