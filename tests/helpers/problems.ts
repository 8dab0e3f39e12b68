import { generator, normal, uniform } from "../../learning/random.js";
import type { Problem } from "../../src/reference/mixture.js";

/** A problem with its tensors' shapes. */
export interface Case extends Problem {
  shape: number[];
  axis: number;
  x: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
  prior: Float32Array;
}

export interface CaseOptions {
  shape: number[];
  axis?: number;
  components?: number;
  epsilon?: number;
  seed?: number;
  /** Whether the shape is one of those for every runtime. */
  quick?: boolean;
}

/** Random activations and a random mixture. Most activations are within 8 deviations of a component. */
export function makeCase({ shape, axis = -1, components = 3, epsilon = 1e-3, seed = 1 }: CaseOptions): Case {
  const next = generator(seed);
  const at = axis < 0 ? axis + shape.length : axis;
  const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);
  const channels = shape[at] as number;
  const size = components * channels;
  const weights = uniform(next, components, 0.2, 1);
  const sum = weights.reduce((a, b) => a + b);
  return {
    shape,
    axis,
    outer: product(shape.slice(0, at)),
    channels,
    inner: product(shape.slice(at + 1)),
    components,
    epsilon,
    x: normal(next, product(shape), 1.5),
    mean: uniform(next, size, -1.5, 1.5),
    variance: uniform(next, size, 0.2, 1.5),
    prior: weights.map((w) => w / sum),
  };
}

/** Shapes for every layout, around the sizes of vectors, chunks, tiles and runs of a channel. */
export const SHAPES: CaseOptions[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 31, 63, 64, 65].map((n) => ({ shape: [n] })),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 33, 64, 65].map((channels) => ({ shape: [37, channels] })),
  { shape: [1, 1] },
  { shape: [5000, 1] },
  { shape: [1025, 3] },
  { shape: [257, 64] },
  { shape: [3, 2048] },
  { shape: [2, 2051] },
  { shape: [2, 3, 5] },
  { shape: [2, 4, 4, 6] },
  { shape: [2, 2, 3, 2, 5], quick: true },
  { shape: [8, 8, 8, 20], quick: true },
  { shape: [2, 1, 2, 3, 2, 4] },
  { shape: [4, 5], axis: 0 },
  { shape: [4, 7], axis: 0, quick: true },
  { shape: [2, 3, 5], axis: 1, quick: true },
  { shape: [3, 5, 1], axis: 1 },
  { shape: [3, 5, 2], axis: 1 },
  { shape: [3, 4, 3], axis: 1 },
  { shape: [2, 3, 15], axis: 1 },
  { shape: [2, 3, 16], axis: 1 },
  { shape: [2, 3, 17], axis: 1 },
  { shape: [2, 5, 7, 7], axis: 1 },
  { shape: [2, 6, 33, 32], axis: -3 },
  { shape: [1, 1, 5000], axis: 1 },
  { shape: [2, 3, 2, 2, 2, 5], axis: 3 },
  ...[1, 2, 4, 5, 8, 16].flatMap((components) => [
    { shape: [70, 6], components },
    { shape: [2, 3, 21], axis: 1, components },
  ]),
  ...[1, 2, 3, 8].map((components) => ({ shape: [5, 3, 6], components, quick: true })),
];

export const describeCase = ({ shape, axis = -1, components = 3 }: CaseOptions) => `[${shape}], axis ${axis}, K = ${components}`;
