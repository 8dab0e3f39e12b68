import type * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import type * as library from "../../src/index.js";
import type { NormalizationConfig } from "../../src/index.js";
import type { NormalizationProblem } from "../../src/reference/normalization.js";

type Sizes = Pick<NormalizationProblem, "slices" | "outer" | "channels" | "inner" | "groups" | "rms">;

/** The library, from src or from the build. */
type Library = Pick<
  typeof library,
  "batchNormalization" | "groupNormalization" | "instanceNormalization" | "layerNormalization" | "rmsNormalization"
>;

/** A normalization with certain parameters, and the slices and groups that it normalizes. */
export interface Member {
  name: string;
  op(library: Library, x: tf.Tensor, config: NormalizationConfig): tf.Tensor;
  sizes(shape: number[]): Sizes;
  /** The shape of gamma and beta. */
  parameters(shape: number[]): number[];
}

const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);
const channelsAt = (shape: number[], axis: number) => (axis < 0 ? axis + shape.length : axis);

function samples(shape: number[], axis: number, groups: number): Sizes {
  const at = channelsAt(shape, axis);
  const channels = shape[at] as number;
  const [slices = 1] = shape;
  const count = groups === -1 ? channels : groups;
  return { slices, outer: product(shape.slice(1, at)), channels, inner: product(shape.slice(at + 1)), groups: count };
}

const batch = (axis: number): Member => ({
  name: `batchNormalization, axis ${axis}`,
  op: (library, x, config) => library.batchNormalization(x, { axis, ...config }),
  sizes: (shape) => {
    const at = channelsAt(shape, axis);
    const channels = shape[at] as number;
    return {
      slices: 1,
      outer: product(shape.slice(0, at)),
      channels,
      inner: product(shape.slice(at + 1)),
      groups: channels,
    };
  },
  parameters: (shape) => [shape.at(axis) as number],
});

const group = (groups: number, axis: number): Member => ({
  name: `groupNormalization, ${groups} groups, axis ${axis}`,
  op: (library, x, config) => library.groupNormalization(x, { axis, groups, ...config }),
  sizes: (shape) => samples(shape, axis, groups),
  parameters: (shape) => [shape.at(axis) as number],
});

const instance = (axis: number): Member => ({
  name: `instanceNormalization, axis ${axis}`,
  op: (library, x, config) => library.instanceNormalization(x, { axis, ...config }),
  sizes: (shape) => samples(shape, axis, -1),
  parameters: (shape) => [shape.at(axis) as number],
});

/** Normalizations of samples over their last axes. */
const overAxes = (op: "layerNormalization" | "rmsNormalization", axes: number): Member => ({
  name: `${op}, last ${axes}`,
  op: (library, x, config) => library[op](x, { axis: Array.from({ length: axes }, (_, i) => i - axes), ...config }),
  sizes: (shape) => {
    const channels = product(shape.slice(-axes));
    return { slices: product(shape) / channels, outer: 1, channels, inner: 1, groups: 1, rms: op === "rmsNormalization" };
  },
  parameters: (shape) => shape.slice(-axes),
});

/** Normalizations, each with shapes around the sizes of vectors, chunks, tiles and runs of a channel. */
export const CASES: [Member, number[][]][] = [
  [
    batch(-1),
    [
      [1, 1],
      [2, 3],
      [7, 4],
      [37, 5],
      [37, 64],
      [5000, 1],
      [1025, 3],
      [300, 65],
      [2, 2051],
      [2, 4, 4, 6],
      [3, 2, 2, 3, 5],
    ],
  ],
  [
    batch(1),
    [
      [2, 3],
      [3, 5, 2],
      [2, 3, 15],
      [2, 3, 16],
      [2, 3, 17],
      [2, 6, 33, 32],
      [3, 4, 1],
    ],
  ],
  [
    batch(0),
    [
      [4, 5],
      [3, 40],
    ],
  ],
  [
    group(1, -1),
    [
      [2, 3],
      [3, 4, 4, 6],
      [2, 300, 5],
      [2, 9, 7, 64],
    ],
  ],
  [
    group(2, -1),
    [
      [5, 6],
      [2, 16],
      [3, 4, 4, 6],
      [2, 300, 10],
      [2, 5, 2, 64],
    ],
  ],
  [
    group(32, -1),
    [
      [3, 64],
      [2, 7, 7, 64],
      [1, 9, 96],
    ],
  ],
  [
    group(2, 1),
    [
      [2, 6, 3],
      [2, 6, 5, 5],
      [3, 4, 40],
      [1, 8, 16, 16],
    ],
  ],
  [
    instance(-1),
    [
      [2, 5, 3],
      [3, 4, 4, 6],
      [2, 300, 5],
      [1, 9, 9, 64],
    ],
  ],
  [
    instance(1),
    [
      [2, 3, 5],
      [2, 3, 8, 8],
      [4, 2, 17],
    ],
  ],
  [
    overAxes("layerNormalization", 1),
    [
      [1, 1],
      [3, 2],
      [4, 3],
      [5, 4],
      [5, 7],
      [130, 16],
      [3, 1025],
      [70, 33],
      [2, 3, 4, 5],
      [2, 4099],
    ],
  ],
  [
    overAxes("layerNormalization", 2),
    [
      [3, 4, 5],
      [2, 2, 3, 7],
    ],
  ],
  [
    overAxes("rmsNormalization", 1),
    [
      [1, 1],
      [3, 2],
      [5, 7],
      [130, 16],
      [3, 1025],
      [70, 33],
    ],
  ],
  [overAxes("rmsNormalization", 2), [[3, 4, 5]]],
];

export interface NormalizationCase extends NormalizationProblem {
  x: Float32Array;
  gamma: Float32Array;
  beta: Float32Array;
}

/** Activations whose mean and deviation differ between channels. */
export function makeNormalizationCase({ sizes }: Member, shape: number[], seed = 1, mean = 2): NormalizationCase {
  const next = generator(seed);
  const found = sizes(shape);
  const { channels, inner } = found;
  const centers = uniform(next, channels, -mean, mean);
  const spreads = uniform(next, channels, 0.5, 2);
  const x = normal(next, product(shape)).map((value, i) => {
    const channel = Math.floor(i / inner) % channels;
    return value * (spreads[channel] as number) + (centers[channel] as number);
  });
  return { ...found, epsilon: 1e-3, x, gamma: uniform(next, channels, -2, 2), beta: uniform(next, channels, -1, 1) };
}
