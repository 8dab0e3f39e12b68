import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { addingProblem, LENGTH, makeModel } from "../../examples/lstm/adding.js";
import { LayerNormalizedLSTMCell } from "../../examples/lstm/cell.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { data, predict, reloaded } from "../helpers/models.js";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** (x - mean)/√(variance + ε) of a row, times gamma, plus beta, in float64. */
function normalizedRow(row: number[], gamma: number[], beta = row.map(() => 0)): number[] {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  return row.map((x, i) => ((x - mean) / Math.sqrt(variance + 1e-3)) * (gamma[i] as number) + (beta[i] as number));
}

const times = (row: number[], matrix: number[][]) =>
  (matrix[0] as number[]).map((_, j) => row.reduce((sum, x, i) => sum + x * ((matrix[i] as number[])[j] as number), 0));

describe("the example of an LSTM with layer normalization", () => {
  beforeAll(() => useBackend("wasm"));

  it("has a cell whose step is the paper's, to within 1e-5", () => {
    const cell = new LayerNormalizedLSTMCell({ units: 3 });
    cell.build([null, 2]);
    const weights = cell.getWeights().map(({ shape }, i) => data(shape, 1, 0, 10 + i));
    cell.setWeights(weights);
    const row = (tensor: tf.Tensor) => Array.from(tensor.dataSync());
    const [kernel, recurrent] = weights.slice(0, 2).map((weight) => weight.arraySync()) as [number[][], number[][]];
    const [bias, kernelGamma, recurrentGamma, gamma, beta] = weights.slice(2).map(row) as [
      number[],
      number[],
      number[],
      number[],
      number[],
    ];
    const [x, h, c] = [2, 3, 3].map((length, i) => data([1, length], 1, 0, 20 + i)) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const fromInput = normalizedRow(times(row(x), kernel), kernelGamma);
    const fromLast = normalizedRow(times(row(h), recurrent), recurrentGamma);
    const gates = bias.map((b, i) => b + (fromInput[i] as number) + (fromLast[i] as number));
    const gate = (index: number, unit: number) => gates[3 * index + unit] as number;
    const state = row(c).map((last, i) => sigmoid(gate(1, i) + 1) * last + sigmoid(gate(0, i)) * Math.tanh(gate(2, i)));
    const output = normalizedRow(state, gamma, beta).map((y, i) => sigmoid(gate(3, i)) * Math.tanh(y));
    const [got, again, gotState] = cell.call([x, h, c]).map(row) as [number[], number[], number[]];
    expectClose(got, output, 1e-5);
    expectClose(gotState, state, 1e-5);
    expect(again).toEqual(got);
  });

  it("trains to below a third of the error of the mean, is saved and loaded, and no tensor leaks", async () => {
    const before = tf.memory().numTensors;
    const model = makeModel(16);
    const { x, y } = addingProblem(300, 1);
    expect(x.shape).toEqual([300, LENGTH, 2]);
    const trainFor = (epochs: number) => model.fit(x, y, { epochs, batchSize: 30, shuffle: false, verbose: 0 });
    await trainFor(1);
    const held = tf.memory().numTensors;
    const { history } = await trainFor(7);
    expect(tf.memory().numTensors).toBe(held);
    expect(history.loss?.at(-1)).toBeLessThan(1 / 6 / 3);
    const loaded = await reloaded(model);
    expect(predict(loaded, x)).toEqual(predict(model, x));
    for (const one of [model, loaded]) {
      (one as tfl.Sequential & { optimizer?: tf.Optimizer }).optimizer?.dispose();
      one.dispose();
    }
    tf.dispose([x, y]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
