import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { convertedModel } from "./python.js";

/** What a layer of Keras's gives, written by tests/layers/keras/make.py, which says what it is. */
export interface KerasCase {
  name: string;
  className: string;
  config: { name: string } & Record<string, unknown>;
  /** With the batch. */
  shape: number[];
  /** How many integers x is of; 0: x is a wave. */
  integers: number;
  bools: boolean;
  weights: { name: string; shape: number[]; dtype: string }[];
  y?: number[];
  training: { y: number[]; gradients: Record<string, number[]>; weights: number[][] };
  after?: number[];
}

/** @param flavor the name of the file, without its ending */
export function kerasCases(flavor: string): [string, KerasCase][] {
  const file = new URL(`../layers/keras/${flavor}.json`, import.meta.url);
  const { version, cases } = JSON.parse(readFileSync(file, "utf8")) as { version: string; cases: KerasCase[] };
  return cases.map((one) => [`${version}: ${one.name}`, one]);
}

const sizeOf = (shape: number[]) => tf.util.sizeFromShape(shape);

/** A wave, as make.py has it. */
export function wave(shape: number[], seed: number, scale = 1, shift = 0): tf.Tensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i + 0.9 * seed) * scale + shift);
  return tf.tensor(values, shape);
}

/** The inputs of a case. */
export function inputOf({ shape, integers }: KerasCase, seed: number): tf.Tensor {
  if (integers === 0) return wave(shape, seed, 1.5, 0.4);
  return tf.tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => (i * (seed + 2)) % integers),
    shape,
    "int32",
  );
}

/** The weights that a case starts from. */
function weightsOf({ weights, bools }: KerasCase): number[][] {
  return weights.map(({ name, shape, dtype }, i) => {
    if (dtype === "bool") return [bools ? 1 : 0];
    if (dtype.startsWith("int")) return [7];
    const seed = i + (bools ? 0 : 1);
    const isPositive = /variance|stddev/.test(name);
    return Array.from((isPositive ? wave(shape, seed, 0.4, 1.5) : wave(shape, seed, 0.7, 0.2)).dataSync());
  });
}

/** The layer of a case, in a model that was read from a file of its configuration and weights. */
export async function loadedLayer(one: KerasCase): Promise<{ model: tfl.LayersModel; layer: tfl.layers.Layer }> {
  const { className, config, shape, weights } = one;
  const values = weightsOf(one);
  const named = Object.fromEntries(weights.map(({ name, shape }, i) => [name, { shape, values: values[i] as number[] }]));
  const artifacts = convertedModel("h5", shape.slice(1), [{ className, config, weights: named }]);
  const model = await tfl.loadLayersModel(tf.io.fromMemory(artifacts));
  return { model, layer: model.layers.at(-1) as tfl.layers.Layer };
}
