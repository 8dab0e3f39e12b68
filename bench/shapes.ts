import { type Case, shapeText } from "./comparison.js";

/** The shapes for which the library is optimized. */
export const TARGET_SHAPES: number[][] = [
  [32, 32, 32, 64],
  [32, 16, 16, 128],
  [1, 56, 56, 64],
  [128, 256],
];

/** Shapes of one example's activations in real networks. */
const STAGES: [string, number[]][] = [
  ["MobileNet v1, first", [112, 112, 32]],
  ["MobileNet v1, middle", [28, 28, 256]],
  ["MobileNet v1, last", [7, 7, 1024]],
  ["ResNet-50, first", [112, 112, 64]],
  ["ResNet-50, middle", [28, 28, 512]],
  ["ResNet-50, last", [7, 7, 2048]],
  ["UAN paper's CNN, second", [32, 32, 32]],
];

export const TARGET_CASES: Case[] = TARGET_SHAPES.map((shape) => ({ shape }));

const named = (name: string, shape: number[]): Case => ({ name: `${name} ${shapeText(shape)}`, shape });

export const NETWORK_CASES: Case[] = [
  named("dense", [32, 512]),
  named("dense", [1, 1024]),
  ...STAGES.flatMap(([name, example]) => [1, 32].map((batch) => named(name, [batch, ...example]))),
];
