import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import "tfjs-uan";
import { type BatchRenormalization, batchRenormalization, limitsAt } from "../../paper/renormalization.js";
import { useBackend } from "../helpers/backends.js";

const EPSILON = 1e-3;

beforeAll(() => useBackend("wasm"));

/** A layer of one channel in the middle of its run, with these moving moments, γ = 2 and β = 1. */
function layerOf(moving: { mean: number; variance: number }, done = 60): BatchRenormalization {
  const layer = batchRenormalization({ momentum: 0.9, steps: 120 });
  layer.build([null, 1]);
  layer.setWeights([[2], [1], [moving.mean], [moving.variance], [done]].map((values) => tf.tensor1d(values)));
  return layer;
}

/** By the formula, with r and d constants. */
function formula(x: number[], r: number, d: number): number[] {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value) => 2 * (((value - mean) / Math.sqrt(variance + EPSILON)) * r + d) + 1);
}

const apply = (layer: BatchRenormalization, x: number[], training = true): number[] =>
  tf.tidy(() => [...(layer.apply(tf.tensor2d(x, [x.length, 1]), { training }) as tf.Tensor).dataSync()]);

const X = [1, 2, 3, 6]; // mean 3, variance 3.5

describe("batch renormalization", () => {
  it("normalizes in training as in inference while r and d are within their limits", () => {
    const layer = layerOf({ mean: 2, variance: 1 });
    const inferred = apply(layer, X, false);
    for (const [i, value] of apply(layer, X).entries()) expect(value).toBeCloseTo(inferred[i] as number, 4);
  });

  it("clips r and d", () => {
    // r = √3.501/√(0.01 + ε) is over 3, d = (3 + 4)/√0.011 over 5.
    const wanted = formula(X, 3, 5);
    for (const [i, value] of apply(layerOf({ mean: -4, variance: 0.01 }), X).entries()) {
      expect(value).toBeCloseTo(wanted[i] as number, 3);
    }
  });

  it("begins as batch normalization", () => {
    const wanted = formula(X, 1, 0);
    for (const [i, value] of apply(layerOf({ mean: -4, variance: 0.01 }, 4), X).entries()) {
      expect(value).toBeCloseTo(wanted[i] as number, 4);
    }
  });

  it("has a gradient to which r and d are constants", () => {
    const layer = layerOf({ mean: 2, variance: 1 });
    const [r, d] = [Math.sqrt(3.5 + EPSILON) / Math.sqrt(1 + EPSILON), 1 / Math.sqrt(1 + EPSILON)];
    const upstream = [1, -2, 0.5, 3];
    const loss = (x: number[]) => formula(x, r, d).reduce((sum, y, i) => sum + y * (upstream[i] as number), 0);
    const gradient = tf.tidy(() => {
      const x = tf.tensor2d(X, [4, 1]);
      const y = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
      return [
        ...tf
          .grad((x) => tf.sum(tf.mul(y(x), tf.tensor2d(upstream, [4, 1]))))(x)
          .dataSync(),
      ];
    });
    const step = 1e-5;
    for (const [i, value] of gradient.entries()) {
      const moved = (by: number) => loss(X.map((x, j) => (i === j ? x + by : x)));
      expect(value).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 3);
    }
  });

  it("moves by plain averages at first, then by its momentum, and counts its steps", () => {
    const weights = (layer: BatchRenormalization) =>
      layer
        .getWeights()
        .slice(2)
        .map((weight) => weight.dataSync()[0]);
    const first = layerOf({ mean: -4, variance: 0.01 }, 0);
    apply(first, X);
    expect(weights(first)).toEqual([3, 3.5, 1]);
    apply(first, [5, 5, 5, 5]);
    expect(weights(first)).toEqual([4, 1.75, 2]);
    const later = layerOf({ mean: 2, variance: 1 });
    apply(later, X);
    const [mean, variance, done] = weights(later);
    expect([mean, variance]).toEqual([expect.closeTo(2.1, 5), expect.closeTo(1.25, 5)]);
    expect(done).toBe(61);
  });

  it("widens its limits as in its paper, where the run has 120,000 steps", () => {
    const at = (step: number) => limitsAt(step / 120000);
    expect([at(0), at(5000)]).toEqual([
      { r: 1, d: 0 },
      { r: 1, d: 0 },
    ]);
    expect(at(15000).d).toBeCloseTo(2.5, 9);
    expect(at(22500).r).toBeCloseTo(2, 9);
    expect(at(25000).d).toBeCloseTo(5, 9);
    expect([at(40000), at(120000)]).toEqual([
      { r: 3, d: 5 },
      { r: 3, d: 5 },
    ]);
  });
});
