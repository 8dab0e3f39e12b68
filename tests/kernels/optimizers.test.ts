import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { fusedAdam, fusedSgd } from "../../src/index.js";
import { type AdamNumber, adamStep, type SgdNumber, sgdStep } from "../../src/reference/optimizers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { heldBy } from "../helpers/heap.js";

const LENGTHS = [0, 1, 3, 4, 5, 16, 67, 1030];
const STEPS = 30;

type Values = Float32Array;

const random = (length: number, seed: number): Values => normal(generator(seed), length);
/** A weight's gradient in a step, of sizes that differ. */
const gradientOf = (length: number, t: number): Values => random(length, t).map((g, i) => g * 10 ** ((i % 7) - 3));
/** Of every step, by its number less 1. */
const gradientsOf = (length: number) => Array.from({ length: STEPS }, (_, i) => gradientOf(length, i + 1));

/** What an optimizer makes of a weight in STEPS steps, the learning rate a quarter less from the tenth on, and of its state. */
async function train(optimizer: tf.Optimizer, start: Values): Promise<Values[]> {
  const weight = tf.variable(tf.tensor1d(start));
  for (let t = 1; t <= STEPS; t++) {
    if (t === 10) setLearningRate(optimizer, 0.75);
    const tensor = tf.tensor1d(gradientOf(start.length, t));
    optimizer.applyGradients([{ name: weight.name, tensor }]);
    tensor.dispose();
  }
  const [iterations, ...state] = await optimizer.getWeights();
  const values = [weight, ...state.map(({ tensor }) => tensor)].map((tensor) => tensor.dataSync<"float32">().slice() as Values);
  optimizer.dispose();
  tf.dispose([weight, iterations?.tensor as tf.Tensor]);
  return values;
}

/** Multiplies it. TensorFlow.js's optimizers have it as a property, or as a method. */
function setLearningRate(optimizer: tf.Optimizer, factor: number): void {
  const changed = optimizer as unknown as { learningRate: number; setLearningRate?(value: number): void };
  const value = changed.learningRate * factor;
  if (changed.setLearningRate) changed.setLearningRate(value);
  else changed.learningRate = value;
}

/** A number in float64 step by step, from before the first. */
type Path = number[];

/** The largest difference to where paths end, in units of the largest magnitude on the way. */
function errorOf(actual: ArrayLike<number>, paths: Path[]): number {
  expect(actual.length).toBe(paths.length);
  return paths.reduce((worst, path, i) => {
    const largest = path.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return Math.max(worst, Math.abs((actual[i] as number) - (path.at(-1) as number)) / largest);
  }, 0);
}

const learningRateAt = (learningRate: number, t: number) => (t < 10 ? learningRate : 0.75 * learningRate);

const ADAM = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.1 };
const SGD = [
  { learningRate: 0.01 },
  { learningRate: 0.01, weightDecay: 0.1 },
  { learningRate: 0.01, momentum: 0.9 },
  { learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.1 },
];

describe.each(BACKENDS)("on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(LENGTHS)("fusedAdam of %i numbers is within 1e-6 of float64 after 30 steps", async (length) => {
    const start = random(length, 1000);
    const { learningRate, beta1, beta2, epsilon, weightDecay } = ADAM;
    const found = await train(fusedAdam(learningRate, beta1, beta2, epsilon, { weightDecay }), start);
    const gradients = gradientsOf(length);
    const paths = Array.from(start, (w, i) => {
      const path: AdamNumber[] = [{ w, m: 0, v: 0 }];
      gradients.forEach((gradient, t) => {
        const config = { ...ADAM, learningRate: learningRateAt(learningRate, t + 1) };
        path.push(adamStep(path[t] as AdamNumber, gradient[i] as number, t + 1, config));
      });
      return path;
    });
    expect(found).toHaveLength(3);
    for (const [i, name] of (["w", "m", "v"] as const).entries()) {
      expect(
        errorOf(
          found[i] as Values,
          paths.map((path) => path.map((number) => number[name])),
        ),
      ).toBeLessThan(1e-6);
    }
  });

  it.each(SGD)("fusedSgd(%j) is within 1e-6 of float64 after 30 steps", async ({ learningRate, ...config }) => {
    for (const length of LENGTHS) {
      const start = random(length, 1000);
      const found = await train(fusedSgd(learningRate, config), start);
      const gradients = gradientsOf(length);
      const paths = Array.from(start, (w, i) => {
        const path: SgdNumber[] = [{ w, a: 0 }];
        gradients.forEach((gradient, t) => {
          const options = { ...config, learningRate: learningRateAt(learningRate, t + 1) };
          path.push(sgdStep(path[t] as SgdNumber, gradient[i] as number, options));
        });
        return path;
      });
      const names = (["w", "a"] as const).slice(0, config.momentum ? 2 : 1);
      expect(found).toHaveLength(names.length);
      for (const [i, name] of names.entries()) {
        expect(
          errorOf(
            found[i] as Values,
            paths.map((path) => path.map((number) => number[name])),
          ),
        ).toBeLessThan(1e-6);
      }
    }
  });
});

describe("on wasm", () => {
  beforeAll(() => useBackend("wasm"));

  it("m and v are those of tf.train.adam, bit for bit, and w is off by less than 2e-5 · learningRate a step", async () => {
    const start = random(1030, 1000);
    const [w, ...state] = (await train(fusedAdam(0.01), start)) as [Values, ...Values[]];
    const [theirW, ...theirState] = (await train(tf.train.adam(0.01), start)) as [Values, ...Values[]];
    expect(state).toEqual(theirState);
    const worst = w.reduce((most, value, i) => Math.max(most, Math.abs(value - (theirW[i] as number))), 0);
    expect(worst).toBeLessThan(STEPS * 2e-5 * 0.01);
  });

  it("a step of fusedAdam differs from tf.train.adam's by less than 2e-5 of itself", () => {
    // From 0, w is the step.
    for (const steps of [1, 2, 3, 10, 50, 200]) {
      const [ours, theirs] = [fusedAdam(0.01), tf.train.adam(0.01)].map((optimizer) => {
        const weight = tf.variable(tf.zeros([1030]));
        const tensor = tf.tensor1d(gradientOf(1030, 1));
        for (let t = 1; t < steps; t++) optimizer.applyGradients([{ name: weight.name, tensor }]);
        weight.assign(tf.zeros([1030]));
        optimizer.applyGradients([{ name: weight.name, tensor }]);
        const values = weight.dataSync<"float32">();
        optimizer.dispose();
        tf.dispose([weight, tensor]);
        return values;
      }) as [Float32Array, Float32Array];
      const worst = theirs.reduce((most, w, i) => Math.max(most, Math.abs((ours[i] as number) / w - 1)), 0);
      expect(worst).toBeLessThan(2e-5);
    }
  });

  it.each([
    ["tf.train.sgd", () => fusedSgd(0.01), () => tf.train.sgd(0.01)],
    ["tf.train.momentum", () => fusedSgd(0.01, { momentum: 0.9 }), () => tf.train.momentum(0.01, 0.9)],
    [
      "tf.train.momentum, Nesterov's",
      () => fusedSgd(0.01, { momentum: 0.9, nesterov: true }),
      () => tf.train.momentum(0.01, 0.9, true),
    ],
  ])("numbers of fusedSgd are those of %s, bit for bit", async (_, ours, theirs) => {
    const start = random(1030, 1000);
    expect(await train(ours(), start)).toEqual(await train(theirs(), start));
  });

  it.each([
    ["fusedAdam", () => fusedAdam(0.01), 3],
    ["fusedSgd", () => fusedSgd(0.01), 1],
    ["fusedSgd with momentum", () => fusedSgd(0.01, { momentum: 0.9 }), 2],
  ])("%s updates in place where no other tensor shares the weight's numbers, else elsewhere, to the same", (_, make, outputs) => {
    const size = 67;
    const [inPlace, elsewhere] = [false, true].map((isShared) => {
      const weight = tf.variable(tf.tensor1d(random(size, 1)));
      const gradients = [{ name: weight.name, tensor: tf.tensor1d(gradientOf(size, 2)) }];
      const optimizer = make();
      // The first step makes the state, and takes the weight out of the tensor that it was made of.
      optimizer.applyGradients(gradients);
      const { dataId } = weight;
      const shared = isShared ? tf.reshape(weight, [1, size]) : undefined;
      const before = shared?.dataSync();
      let taken = 0;
      const step = () => optimizer.applyGradients(gradients);
      heldBy(step, (bytes) => {
        if (bytes === 4 * size) taken++;
      });
      expect(taken).toBe(isShared ? outputs : 0);
      expect(weight.dataId === dataId).toBe(!isShared);
      expect(shared?.dataSync()).toEqual(before);
      const values = weight.dataSync();
      optimizer.dispose();
      tf.dispose([weight, gradients, shared ?? []]);
      return values;
    });
    expect(inPlace).toEqual(elsewhere);
  });
});
