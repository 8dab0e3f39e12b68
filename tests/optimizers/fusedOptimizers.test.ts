import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fusedAdam, fusedSgd, setKernelReplacement } from "../../src/index.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { heldBy } from "../helpers/heap.js";
import { data } from "../helpers/models.js";

type Make = () => tf.Optimizer;

/** Each, and TensorFlow.js's own that it takes the place of. */
const PAIRS: [string, Make, Make][] = [
  ["fusedAdam", () => fusedAdam(0.01), () => tf.train.adam(0.01)],
  ["fusedSgd", () => fusedSgd(0.01), () => tf.train.sgd(0.01)],
  ["fusedSgd with momentum", () => fusedSgd(0.01, { momentum: 0.9 }), () => tf.train.momentum(0.01, 0.9)],
];

/** A network that is always the same at first. Batch normalization would take a bias, whose gradient would be rounding errors, out. */
function network(): tfl.Sequential {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  return tfl.sequential({
    layers: [
      tfl.layers.dense({ units: 6, inputShape: [5], kernelInitializer, useBias: false }),
      tfl.layers.batchNormalization(),
      tfl.layers.activation({ activation: "tanh" }),
      tfl.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
}
const valuesOf = (tensors: tf.Tensor[]) => tensors.map((tensor) => Array.from(tensor.dataSync()));
const x = () => data([64, 5]);
const y = () => data([64, 1], 1, 0, 2);

/** Trains a network. @returns its weights */
async function train(model: tfl.LayersModel, optimizer: tf.Optimizer, epochs = 2): Promise<tf.Tensor[]> {
  model.compile({ optimizer, loss: "meanSquaredError" });
  await trainOn(model, epochs);
  return model.getWeights();
}

async function trainOn(model: tfl.LayersModel, epochs = 2): Promise<void> {
  const [xs, ys] = [x(), y()];
  await model.fit(xs, ys, { epochs, batchSize: 16, shuffle: false, verbose: 0 });
  tf.dispose([xs, ys]);
}

function expectWeightsClose(actual: tf.Tensor[], expected: tf.Tensor[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, values] of valuesOf(expected).entries()) expectClose(valuesOf(actual)[i] as number[], values, 1e-5);
}

/** A variable, and its gradient. */
function variableWith(gradient: number[], start = gradient.map(() => 1)) {
  const weight = tf.tidy(() => tf.variable(tf.tensor1d(start)));
  return { weight, gradients: [{ name: weight.name, tensor: tf.tensor1d(gradient) as tf.Tensor }] };
}

/** A model saved with its optimizer, and loaded again. */
async function reloadedWithOptimizer(model: tfl.LayersModel): Promise<tfl.LayersModel> {
  let artifacts: tf.io.ModelArtifacts = {};
  const handler = tf.io.withSaveHandler(async (given) => {
    const { weightData, ...rest } = given;
    artifacts = { ...JSON.parse(JSON.stringify(rest)), weightData };
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await model.save(handler, { includeOptimizer: true });
  return tfl.loadLayersModel(tf.io.fromMemory(artifacts));
}

describe.each(BACKENDS)("on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(PAIRS)("%s", (_, make, makeTheirs) => {
    it("trains a model as TensorFlow.js's own does", async () => {
      expectWeightsClose(await train(network(), make()), await train(network(), makeTheirs()));
    });

    it("minimizes a function of all variables, or of those given, and returns its value if that is wanted", () => {
      const found = [make(), makeTheirs()].map((optimizer) => {
        const [a, b] = [tf.variable(tf.tensor1d([1, -2, 3])), tf.variable(tf.scalar(2))];
        const cost = () => tf.sum(tf.square(tf.mul(a, b))) as tf.Scalar;
        const values = [optimizer.minimize(cost, true, [a, b]), optimizer.minimize(cost, true)] as tf.Scalar[];
        expect(optimizer.minimize(cost)).toBeNull();
        expect(optimizer.iterations).toBe(3);
        optimizer.dispose();
        const all = valuesOf([...values, a, b]);
        tf.dispose([a, b, values]);
        return all.flat();
      });
      expectClose(found[0] as number[], found[1] as number[], 1e-5);
    });

    it("takes gradients that are NaN or infinite as TensorFlow.js's own does", () => {
      const found = [make(), makeTheirs()].map((optimizer) => {
        const values = [Number.NaN, Infinity, -Infinity, -0, 0, 3e30, -1e-40, 1];
        const { weight, gradients } = variableWith(values);
        const after = [1, 2].map(() => {
          optimizer.applyGradients(gradients);
          return Array.from(weight.dataSync());
        });
        tf.dispose([weight, gradients]);
        return after.flat();
      });
      expectClose(found[0] as number[], found[1] as number[], 1e-6);
      expect(found[0]?.some(Number.isNaN)).toBe(true);
    });

    it("hands its state to TensorFlow.js's own, and takes it over from there", async () => {
      const [ours, theirs] = [network(), network()];
      await train(ours, make());
      await train(theirs, makeTheirs());
      const [ourState, theirState] = [await ours.optimizer.getWeights(), await theirs.optimizer.getWeights()];
      expect(ourState.map(({ tensor }) => tensor.shape)).toEqual(theirState.map(({ tensor }) => tensor.shape));
      const ends = (state: { name: string }[]) => state.map(({ name }) => name.split("/").slice(1).join("/").replace(/_\d+/, ""));
      expect(ends(ourState)).toEqual(ends(theirState));
      const [next, theirNext] = [make(), makeTheirs()];
      await next.setWeights(theirState);
      await theirNext.setWeights(ourState);
      expectWeightsClose(await train(ours, theirNext), await train(theirs, next));
      expect(next.iterations).toBe(16);
    });

    it("is saved with a model, and goes on where it was", async () => {
      const model = network();
      await train(model, make());
      const loaded = await reloadedWithOptimizer(model);
      expect(loaded.optimizer).toBeInstanceOf(Object.getPrototypeOf(model.optimizer).constructor);
      expect(loaded.optimizer.getConfig()).toEqual(model.optimizer.getConfig());
      await trainOn(model);
      await trainOn(loaded);
      expect(valuesOf(loaded.getWeights())).toEqual(valuesOf(model.getWeights()));
    });

    it("leaves the numbers of tensors that were made of a weight, or that it was made of, as they were", () => {
      const start = tf.tensor1d([1, 2, 3]);
      const weight = tf.variable(start);
      const gradients = [{ name: weight.name, tensor: tf.ones([3]) }];
      const optimizer = make();
      optimizer.applyGradients(gradients);
      const clone = weight.clone();
      const reshaped = tf.reshape(weight, [3, 1]);
      const [before, state] = [Array.from(weight.dataSync()), valuesOf([clone, reshaped])];
      optimizer.applyGradients(gradients);
      optimizer.applyGradients(gradients);
      expect(Array.from(start.dataSync())).toEqual([1, 2, 3]);
      expect(valuesOf([clone, reshaped])).toEqual(state);
      expect(Array.from(weight.dataSync())).not.toEqual(before);
    });
  });

  it("weight decay takes its share of all weights but those that are excluded, whatever the gradient", () => {
    for (const make of [fusedAdam, (rate: number, ..._: unknown[]) => fusedSgd(rate, _[3] as object)]) {
      const optimizer = (make as typeof fusedAdam)(0.5, 0.9, 0.999, 1e-7, {
        weightDecay: 0.25,
        excludeFromWeightDecay: ["bias"],
      });
      const weights = [tf.variable(tf.scalar(8), true, "decay/kernel"), tf.variable(tf.scalar(8), true, "decay/bias")];
      optimizer.applyGradients(weights.map(({ name }) => ({ name, tensor: tf.scalar(0) })));
      expect(valuesOf(weights)).toEqual([[7], [8]]);
      optimizer.dispose();
      tf.dispose(weights);
    }
  });
});

describe("on wasm", () => {
  beforeEach(() => useBackend("wasm"));

  it.each(PAIRS)("%s keeps no memory over 1,000 steps, and dispose frees all of it", (_, make) => {
    const { weight, gradients } = variableWith([1, 2, 3, 4, 5]);
    const before = tf.memory();
    const held = heldBy(() => {
      const optimizer = make();
      optimizer.applyGradients(gradients);
      const first = tf.memory();
      for (let i = 1; i < 1000; i++) optimizer.applyGradients(gradients);
      expect(tf.memory()).toEqual(first);
      optimizer.dispose();
      optimizer.dispose();
    });
    expect(tf.memory()).toEqual(before);
    expect(held).toBe(0);
    tf.dispose([weight, gradients]);
  });

  it.each(PAIRS)("%s: what the backend made of a weight, such as a packed filter, is not used after a step", (_, make) => {
    const uses = ([filter, bias, depthwise, matrix, slopes]: tf.Tensor[]): number[][] =>
      tf.tidy(() => {
        const image = tf.ones<tf.Rank.R4>([1, 6, 6, 4]);
        const conv = { x: image, filter: filter as tf.Tensor4D, strides: 1, pad: "same" } as const;
        return valuesOf([
          tf.conv2d(image, conv.filter, 1, "same"),
          tf.fused.conv2d({ ...conv, bias: bias as tf.Tensor }),
          tf.depthwiseConv2d(image, depthwise as tf.Tensor4D, 1, "same"),
          tf.matMul(tf.ones([5, 8]), matrix as tf.Tensor),
          tf.prelu(tf.fill([4, 6], -1), slopes as tf.Tensor),
        ]);
      });
    setKernelReplacement(false);
    const shapes = [[3, 3, 4, 8], [8], [5, 5, 4, 1], [8, 6], [6]];
    const weights = shapes.map((shape) => tf.tidy(() => tf.variable(data(shape))));
    const gradients = weights.map(({ name, shape }) => ({ name, tensor: tf.ones(shape) }));
    const [optimizer, dataIds] = [make(), weights.map(({ dataId }) => dataId)];
    for (let step = 0; step < 3; step++) {
      const copies = weights.map((weight) => tf.tensor(weight.dataSync(), weight.shape));
      expect(uses(weights)).toEqual(uses(copies));
      tf.dispose(copies);
      optimizer.applyGradients(gradients);
    }
    expect(weights.every(({ dataId }, i) => dataId === dataIds[i])).toBe(true);
    setKernelReplacement(true);
    optimizer.dispose();
    tf.dispose([weights, gradients]);
  });

  it("setWeights frees what was there, and leaves the tensors to the caller", async () => {
    const { weight, gradients } = variableWith([1, 2]);
    const [optimizer, other] = [fusedAdam(), fusedAdam()];
    optimizer.applyGradients(gradients);
    other.applyGradients(gradients);
    const state = await other.getWeights();
    const before = tf.memory().numTensors;
    await optimizer.setWeights(state);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.applyGradients(gradients);
    expect(state.every(({ tensor }) => !tensor.isDisposed)).toBe(true);
    expect(Array.from(state[1]?.tensor.dataSync() ?? [])).toEqual([1, 2].map((g) => Math.fround(Math.fround(0.1) * g)));
    tf.dispose([weight, gradients, state.map(({ tensor }) => tensor)]);
  });

  it("keeps the state of each weight, in whatever order and company it comes", () => {
    const names = ["a", "b"];
    const step = (optimizer: tf.Optimizer, steps: string[][]) => {
      const weights = names.map((name) => tf.variable(tf.zeros([name === "a" ? 2 : 3]), true, name));
      for (const company of steps) {
        const gradients = company.map((name) => ({ name, tensor: tf.ones([name === "a" ? 2 : 3]) }));
        optimizer.applyGradients(gradients);
        tf.dispose(gradients);
      }
      const values = valuesOf(weights);
      optimizer.dispose();
      tf.dispose(weights);
      return values;
    };
    const mixed = step(fusedSgd(1, { momentum: 0.5 }), [["a", "b"], ["b"], ["b", "a"]]);
    expect(mixed).toEqual([
      [-2.5, -2.5],
      [-4.25, -4.25, -4.25],
    ]);
  });

  it("a weight whose gradient is null stays as it is", () => {
    const { weight } = variableWith([1]);
    for (const make of [fusedAdam, () => fusedSgd(1)]) {
      make().applyGradients([{ name: weight.name, tensor: null as unknown as tf.Tensor }]);
    }
    expect(Array.from(weight.dataSync())).toEqual([1]);
    weight.dispose();
  });

  it("calls a method that stands in the place of a variable's assign", () => {
    const { weight, gradients } = variableWith([1, 2]);
    const optimizer = fusedAdam();
    optimizer.applyGradients(gradients);
    let told = 0;
    const { assign } = weight;
    weight.assign = (value) => {
      told++;
      assign.call(weight, value);
    };
    optimizer.applyGradients(gradients);
    expect(told).toBe(1);
    tf.dispose([weight, gradients]);
  });

  it("says who, what was wanted and what came", async () => {
    const { weight, gradients } = variableWith([1, 2]);
    tf.variable(tf.tensor1d([1, 2], "int32"), true, "integer");
    const name = weight.name;
    const apply =
      (tensor: tf.Tensor, of = name) =>
      () =>
        fusedAdam().applyGradients([{ name: of, tensor }]);
    expect(apply(tf.tensor1d([1, 2], "int32"))).toThrow(
      `fusedAdam: argument 'gradient of ${name}' must have dtype float32, got int32`,
    );
    expect(apply(tf.zeros([3]))).toThrow(`fusedAdam: argument 'gradient of ${name}' must have shape [2], got [3]`);
    expect(apply(tf.zeros([2]), "integer")).toThrow("fusedAdam: argument 'integer' must have dtype float32, got int32");
    expect(apply(tf.zeros([2]), "nobody")).toThrow(
      "fusedAdam: argument 'variableGradients' must name variables that are there, got 'nobody'",
    );
    const restored = fusedSgd(1, { momentum: 0.5 });
    const iter = { name: "iter", tensor: tf.scalar(1, "int32") };
    await restored.setWeights([iter, { name: "m", tensor: tf.zeros([3]) }]);
    expect(() => restored.applyGradients(gradients)).toThrow(
      `fusedSgd: argument 'momentum of ${name}' must have shape [2], got [3]`,
    );
    await expect(fusedAdam().setWeights([iter, iter])).rejects.toThrow(
      "fusedAdam: argument 'weightValues' must have the number of steps, and 2 tensors for each weight, got 2 tensors",
    );
    await expect(fusedSgd(1).setWeights([iter, iter])).rejects.toThrow("fusedSgd: argument 'weightValues'");
    expect(() => fusedAdam(Number.NaN)).toThrow("fusedAdam: argument 'learningRate' must be a finite number, got NaN");
    expect(() => fusedAdam(1, 1)).toThrow("fusedAdam: argument 'beta1' must be at least 0 and less than 1, got 1");
    expect(() => fusedAdam(1, 0, -1)).toThrow("fusedAdam: argument 'beta2' must");
    expect(() => fusedAdam(1, 0, 0, -1)).toThrow(
      "fusedAdam: argument 'epsilon' must be a finite number that is not negative, got -1",
    );
    expect(() => fusedSgd(undefined as unknown as number)).toThrow("fusedSgd: argument 'learningRate' must be a finite number");
    expect(() => fusedSgd(1, { momentum: 2 })).toThrow("fusedSgd: argument 'momentum' must be between 0 and 1, got 2");
    expect(() => fusedSgd(1, { weightDecay: -1 })).toThrow(
      "fusedSgd: argument 'weightDecay' must be a finite number that is not",
    );
    expect(() => fusedSgd(1, { excludeFromWeightDecay: "bias" as never })).toThrow(
      "fusedSgd: argument 'excludeFromWeightDecay' must be an array of strings, got bias",
    );
  });

  it("a configuration has all options, and survives being saved in a model", async () => {
    const config = { weightDecay: 0.1, excludeFromWeightDecay: ["Dense1/bias", "my_gamma"] };
    for (const optimizer of [
      fusedAdam(0.1, 0.2, 0.3, 0.4, config),
      fusedSgd(0.1, { momentum: 0.2, nesterov: true, ...config }),
    ]) {
      const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2] })] });
      model.compile({ optimizer, loss: "meanSquaredError" });
      const loaded = await reloadedWithOptimizer(model);
      expect(loaded.optimizer).toMatchObject(config);
      expect(loaded.optimizer.getConfig()).toEqual(optimizer.getConfig());
    }
    expect(fusedAdam(0.1, 0.2, 0.3, 0.4).getConfig()).toMatchObject(tf.train.adam(0.1, 0.2, 0.3, 0.4).getConfig());
    expect(fusedAdam().getConfig()).toMatchObject(tf.train.adam().getConfig());
  });
});
