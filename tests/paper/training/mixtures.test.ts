import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import "tfjs-uan";
import { imageTensor } from "../../../paper/training/batches.js";
import { Learner } from "../../../paper/training/learner.js";
import { type MixtureRecord, observeMixtures } from "../../../paper/training/mixtures.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, first, train } from "./setting.js";

const source = domain({ test: 120 });
const { dataset } = source;
const EPSILON = 1e-3;
/** The layer after the second convolution: it follows input, convolution, BN, ReLU, pooling and convolution. */
const OBSERVED = 6;

beforeAll(() => useBackend("wasm"));

/** A network after some steps, and the record of its mixtures. */
async function observed(components: number): Promise<{ learner: Learner; seen: MixtureRecord }> {
  const run = config({ method: "uan-data", components, learningRate: 0.02 });
  const learner = new Learner(run, dataset, dataset.classes);
  await learner.load((await train(run, { source }, 1)).learner);
  return { learner, seen: observeMixtures(learner, source) };
}

/** The layer's inputs in training mode for the first hundred test images, sorted in each channel. */
function activations(learner: Learner): number[][] {
  const { network } = learner;
  const { output } = network.layers[OBSERVED - 1] as tfl.layers.Layer;
  const part = tfl.model({ inputs: network.inputs, outputs: output as tfl.SymbolicTensor });
  return tf.tidy(() => {
    const images = imageTensor(first(dataset.test, 100), source);
    const y = learner.withoutMoving(() => part.apply(images, { training: true }) as tf.Tensor);
    const columns = tf.transpose(tf.reshape(y, [-1, y.shape.at(-1) as number])).arraySync() as number[][];
    return columns.map((column) => column.sort((a, b) => a - b));
  });
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** Raw weights of the layer: rows of components, columns of channels. */
function effective({ network }: Learner) {
  const [mean, raw, rawPrior] = (network.layers[OBSERVED] as tfl.layers.Layer)
    .getWeights()
    .map((w) => w.arraySync()) as number[][][];
  const powers = (rawPrior as number[][]).map(([value]) => Math.exp(value as number));
  return {
    mean: mean as number[][],
    variance: (raw as number[][]).map((row) => row.map((value) => Math.log1p(Math.exp(value)) + EPSILON)),
    prior: powers.map((power) => power / sum(powers)),
  };
}

const column = (rows: number[][], c: number) => rows.map((row) => row[c] as number);

/** exp of the entropy of the components' shares of the activations. */
function used(x: number[], mean: number[], variance: number[], prior: number[]): number {
  const shares = mean.map(() => 0);
  for (const value of x) {
    const densities = mean.map((m, k) => {
      const v = variance[k] as number;
      return ((prior[k] as number) * Math.exp(-((value - m) ** 2) / (2 * v))) / Math.sqrt(v);
    });
    for (const [k, density] of densities.entries()) shares[k] = (shares[k] as number) + density / sum(densities) / x.length;
  }
  return Math.exp(-sum(shares.map((share) => share * Math.log(share))));
}

describe.each([1, 3, 8])("of %i components", (components) => {
  it("the record has the layer's effective parameters, for four channels at equal distances", async () => {
    const { learner, seen } = await observed(components);
    const { mean, variance, prior } = effective(learner);
    expect(seen.channels.map(({ channel }) => channel)).toEqual([0, 2, 4, 6]);
    for (const { channel, ...got } of seen.channels) {
      const wanted = { mean: column(mean, channel), variance: column(variance, channel), prior };
      for (const name of ["mean", "variance", "prior"] as const) {
        expect(got[name]).toHaveLength(components);
        for (const [k, value] of wanted[name].entries()) expect(got[name][k]).toBeCloseTo(value, 5);
      }
    }
    learner.dispose();
  });

  it("`used` follows from their shares of the activations, and is from 1 to their number", async () => {
    const { learner, seen } = await observed(components);
    const { mean, variance, prior } = effective(learner);
    const each = activations(learner).map((x, c) => used(x, column(mean, c), column(variance, c), prior));
    expect(seen.used).toBeCloseTo(sum(each) / each.length, 3);
    expect(seen.used).toBeGreaterThanOrEqual(components === 1 ? 1 : 1.01);
    expect(seen.used).toBeLessThanOrEqual(components);
    learner.dispose();
  });
});

it("the density is that of the activations, one in a hundred of which is outside its range, and no tensor is left behind", async () => {
  const { learner } = await observed(3);
  const { numTensors } = tf.memory();
  const before = learner.network.getWeights().map((weight) => [...weight.dataSync()]);
  const seen = observeMixtures(learner, source);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(learner.network.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);

  const all = activations(learner);
  for (const { channel, from, to, density } of seen.channels) {
    const x = all[channel] as number[];
    expect(density).toHaveLength(48);
    const width = (to - from) / 48;
    expect(sum(density) * width).toBeGreaterThan(0.985);
    expect(sum(density) * width).toBeLessThan(0.995);
    for (const [share, beyond] of [
      [0.005, x.filter((value) => value < from)],
      [0.005, x.filter((value) => value > to)],
    ] as const) {
      expect(Math.abs(beyond.length / x.length - share)).toBeLessThan(0.002);
    }
    // The lower half of the range holds some of the activations.
    const half = from + 24 * width;
    const below = x.filter((value) => value >= from && value < half).length / x.length;
    expect(sum(density.slice(0, 24)) * width).toBeCloseTo(below, 2);
    expect(below).toBeGreaterThan(0.01);
    const moment = sum(density.map((value, i) => value * width * (from + (i + 0.5) * width)));
    const inside = x.filter((value) => value >= from && value <= to);
    expect(Math.abs(moment - sum(inside) / x.length)).toBeLessThan(width);
  }
  learner.dispose();
});

it("of a layer that standardizes, the activations are standardized", async () => {
  const run = config({ method: "uan-standardize", learningRate: 0.02 });
  const learner = new Learner(run, dataset, dataset.classes);
  await learner.load((await train(run, { source }, 1)).learner);
  const seen = observeMixtures(learner, source);
  const all = activations(learner);
  for (const { channel, from, to } of seen.channels) {
    const x = all[channel] as number[];
    const mean = sum(x) / x.length;
    const deviation = Math.sqrt(sum(x.map((value) => (value - mean) ** 2)) / x.length + EPSILON);
    const at = (share: number) => ((x[Math.round(share * (x.length - 1))] as number) - mean) / deviation;
    expect([from, to]).toEqual([expect.closeTo(at(0.005), 3), expect.closeTo(at(0.995), 3)]);
  }
  learner.dispose();
});

it("a run has records of mixtures after the first step and at the end, which do not change its training", async () => {
  const run = config({ method: "uan-data", epochs: 3 });
  const { record } = await train({ ...run, observe: "mixtures" }, { source });
  expect(record.mixtures).toHaveLength(2);
  expect(record.mixtures?.[1]).not.toEqual(record.mixtures?.[0]);
  const plain = await train(run, { source });
  expect(plain.record.mixtures).toBeUndefined();
  expect(record.epochs.map(({ losses }) => losses)).toEqual(plain.record.epochs.map(({ losses }) => losses));
});

it("diverged weights use no components", async () => {
  const { learner } = await observed(3);
  learner.network.setWeights(learner.network.getWeights().map((weight) => tf.fill(weight.shape, Number.NaN)));
  expect(observeMixtures(learner, source).used).toBeNaN();
  learner.dispose();
});

it("the record uses all test images if there are fewer than a hundred", async () => {
  const few = domain({ test: 20 });
  const learner = new Learner(config({ method: "uan-data" }), few.dataset, few.dataset.classes);
  const { channels } = observeMixtures(learner, few);
  for (const { density, from, to } of channels) expect((sum(density) * (to - from)) / 48).toBeGreaterThan(0.98);
  learner.dispose();
});
