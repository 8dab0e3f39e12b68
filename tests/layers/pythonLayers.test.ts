import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  batchNormalization,
  ContribInstanceNormalization,
  filterResponseNormalization,
  instanceNormalization,
  KerasBatchNormalization,
  KerasLayerNormalization,
  layerNormalization,
  normalization,
  recalibrate,
  spectralNormalization,
  unitNormalization,
  useFusedNormalization,
  weightNormalization,
} from "../../src/layers.js";
import {
  contribRows,
  filterResponseRows,
  type RenormProblem,
  type RowsProblem,
  renormalized,
  renormCorrections,
  rmsScalingRows,
  spectralNorm,
  unitRows,
} from "../../src/reference/pythonLayers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { built, data, networkWith, predict, reloaded, saved, train, valuesOf } from "../helpers/models.js";

const flat = (tensor: tf.Tensor) => tensor.dataSync<"float32">();
const training = { training: true };

/** The slope of a loss in each of some numbers. */
function slopes(numbers: ArrayLike<number>, loss: (moved: Float64Array) => number): Float64Array {
  const step = 1e-5;
  return Float64Array.from(numbers, (value, i) => {
    const at = (moved: number) => loss(Float64Array.from(numbers).with(i, moved));
    return (at(value + step) - at(value - step)) / (2 * step);
  });
}

/** Gradients of the sum of weight * y in training, with respect to x and the trained weights, by name. */
function gradientsOf(layer: tfl.layers.Layer, x: tf.Tensor, weight: tf.Tensor, kwargs: object = training) {
  const input = tf.variable(x);
  const trained = layer.trainableWeights.map(({ originalName }, i) => {
    return [originalName.split("/").at(-1) as string, layer.getWeights(true)[i] as tf.Variable] as const;
  });
  const loss = () => tf.sum(tf.mul(weight, layer.apply(input, kwargs) as tf.Tensor)) as tf.Scalar;
  const { grads } = tf.variableGrads(loss, [input, ...trained.map(([, variable]) => variable)]);
  const read = ([name, variable]: readonly [string, tf.Variable]) => [name, flat(grads[variable.name] as tf.Tensor)];
  return Object.fromEntries([["x", input] as const, ...trained].map(read)) as Record<string, Float32Array>;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);

type Reference = (problem: RowsProblem) => Float64Array;

/** A layer, its input, the order of axes that makes rows of what is normalized together, how many those are, and its formula. */
const ROWS: [string, () => tfl.layers.Layer, number[], number[], number, Reference][] = [
  ["unitNormalization", () => unitNormalization(), [5, 4], [0, 1], 4, unitRows],
  ["unitNormalization, axes 1 and 3", () => unitNormalization({ axis: [1, 3] }), [2, 3, 4, 5], [0, 2, 1, 3], 15, unitRows],
  ["unitNormalization, rank 5", () => unitNormalization({ axis: [-1] }), [2, 2, 3, 2, 4], [0, 1, 2, 3, 4], 4, unitRows],
  ["contrib, axis null", () => new ContribInstanceNormalization(), [3, 4, 2, 3], [0, 1, 2, 3], 24, contribRows],
  ["contrib, axis null, rank 2", () => new ContribInstanceNormalization({ epsilon: 0.1 }), [3, 7], [0, 1], 7, contribRows],
  ["contrib, axis −1", () => new ContribInstanceNormalization({ axis: -1 }), [2, 4, 3, 1], [0, 3, 1, 2], 12, contribRows],
  ["contrib, axis 1", () => new ContribInstanceNormalization({ axis: 1 }), [3, 1, 4, 2], [0, 1, 2, 3], 8, contribRows],
  ["rmsScaling", () => new KerasLayerNormalization({ rmsScaling: true }), [5, 6], [0, 1], 6, rmsScalingRows],
  [
    "rmsScaling, axes 1 and 2",
    () => new KerasLayerNormalization({ rmsScaling: true, axis: [1, 2] }),
    [2, 3, 4, 5],
    [0, 3, 1, 2],
    12,
    rmsScalingRows,
  ],
  ["filterResponse", () => filterResponseNormalization({ epsilon: 0.01 }), [3, 4, 2, 1], [0, 3, 1, 2], 8, filterResponseRows],
];

describe.each(BACKENDS)("on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(ROWS)("%s: values within 5e-5 and gradients within 1e-4 of float64", (_, make, shape, order, length, formula) => {
    const layer = built(make(), shape.slice(1));
    layer.setWeights(layer.getWeights().map(({ shape }, i) => data(shape, 1, 1, i + 4)));
    const rows = (tensor: tf.Tensor) => flat(tf.transpose(tensor, order));
    const [x, weight] = [data(shape, 2, 1), data(shape, 1, 0, 9)];
    const [gamma = Float32Array.of(1), beta = Float32Array.of(0)] = layer.getWeights().map(flat);
    const { epsilon = 0 } = layer as { epsilon?: number };
    const problem = { x: rows(x), length, epsilon, gamma, beta };
    for (const kwargs of [{}, training]) {
      expectClose(rows(layer.apply(x, kwargs) as tf.Tensor), formula(problem), 5e-5);
    }
    const gradients = gradientsOf(layer, x, weight);
    const upstream = rows(weight);
    const slope = (name: "x" | "gamma" | "beta") =>
      slopes(problem[name], (moved) => dot(upstream, formula({ ...problem, [name]: moved })));
    expectCloseToLargest(rows(tf.tensor(gradients.x as Float32Array, shape)), slope("x"), 1e-4, "x");
    for (const name of ["gamma", "beta"] as const) {
      if (gradients[name]) expectCloseToLargest(gradients[name], slope(name), 1e-4, name);
    }
  });

  it("contrib: an instance that is constant gives beta, and finite gradients", () => {
    const layer = built(new ContribInstanceNormalization(), [4]);
    const x = tf.fill([2, 4], 3);
    expectClose(flat(layer.apply(x) as tf.Tensor), Array(8).fill(0), 1e-6);
    const { x: dx } = gradientsOf(layer, x, data([2, 4]));
    expect(Array.from(dx as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it("unitNormalization: rows of zeros stay, and have the gradients of a quotient by 1e-6", () => {
    const layer = built(unitNormalization(), [3]);
    const x = tf.zeros([2, 3]);
    expect(Array.from(flat(layer.apply(x) as tf.Tensor))).toEqual(Array(6).fill(0));
    const weight = data([2, 3]);
    expectCloseToLargest(gradientsOf(layer, x, weight).x as Float32Array, flat(tf.mul(weight, 1e6)), 1e-5, "x");
  });

  it("normalization: mean and variance along the axes, given or as weights, broadcast, and inverted", () => {
    const x = data([2, 3, 4], 2, 1);
    const mean = [1, 2, 3, 4];
    const variance = [4, 1, 0.25, 0];
    const wanted = Float64Array.from(flat(x), (value, i) => {
      return (value - (mean[i % 4] as number)) / Math.max(Math.sqrt(variance[i % 4] as number), 1e-7);
    });
    const given = built(normalization({ mean, variance }), [3, 4]);
    expectCloseToLargest(flat(given.apply(x) as tf.Tensor), wanted, 1e-6, "y");
    const learned = built(normalization({ axis: [-1] }), [3, 4]);
    learned.setWeights([tf.tensor1d(mean), tf.tensor1d(variance), tf.scalar(24)]);
    expect(learned.getWeights()[2]?.dtype).toBe("int32");
    expectClose(flat(learned.apply(x) as tf.Tensor), flat(given.apply(x) as tf.Tensor), 0);
    const inverse = built(normalization({ mean, variance, invert: true }), [3, 4]);
    const back = inverse.apply(given.apply(x) as tf.Tensor) as tf.Tensor;
    expectClose(flat(back), flat(x), 1e-5);
    const fewer = built(normalization({ axis: [1, 2], mean, variance }), [3, 4]);
    expectClose(flat(fewer.apply(x) as tf.Tensor), flat(given.apply(x) as tf.Tensor), 0);
    const integers = tf.tensor2d([1, 2, 3, 4], [1, 4], "int32");
    expect(Array.from(flat(normalization({ mean, variance }).apply(integers) as tf.Tensor))).toEqual([0, 0, 0, 0]);
  });

  /** Batch renormalization of one channel, in a shape and with places that count. */
  it.each<[number[], number[] | undefined, object]>([
    [[6, 1], undefined, {}],
    [[3, 4, 1], undefined, { rmax: 1.1, rmin: 0.9, dmax: 0.1 }],
    [[3, 4, 1], [3, 4], { rmax: 1.1, dmax: 0.1 }],
    [[2, 3, 2, 1], [2, 3], { rmin: 1.3 }],
    [[4, 3, 1], [4], {}],
  ])("renorm of %j, masks of %j, %j: values, gradients and averages are float64's", (shape, masked, renormClipping) => {
    const layer = built(batchNormalization({ renorm: true, renormClipping, renormMomentum: 0.8, momentum: 0.7 }), shape.slice(1));
    const known = { gamma: 1.5, beta: 0.3, movingMean: 0.4, movingVariance: 1.2, movingStddev: 1.1, mean: 0.2, stddev: 1.4 };
    layer.setWeights(Object.values(known).map((value) => tf.tensor1d([value])));
    const [x, weight] = [data(shape, 2, 1), data(shape, 1, 0, 9)];
    const mask =
      masked &&
      tf.tensor(
        Array.from({ length: tf.util.sizeFromShape(masked) }, (_, i) => i % 3 !== 1),
        masked,
        "bool",
      );
    const inner = masked ? x.size / tf.util.sizeFromShape(masked) : 1;
    const counted = Float64Array.from(flat(x), (_, i) => (!mask || Math.floor(i / inner) % 3 !== 1 ? 1 : 0));
    const bounds = { rmin: 0, rmax: Number.POSITIVE_INFINITY, dmax: Number.POSITIVE_INFINITY, ...renormClipping };
    const problem: RenormProblem = { x: flat(x), counted, epsilon: 1e-3, ...known, ...bounds };
    const corrections = renormCorrections(problem);
    const kwargs = { ...training, ...(mask && { mask }) };
    const gradients = gradientsOf(layer, x, weight, kwargs);
    const upstream = flat(weight);
    const slope = slopes(problem.x, (moved) => dot(upstream, renormalized({ ...problem, x: moved }, corrections)));
    expectCloseToLargest(gradients.x as Float32Array, slope, 1e-4, "x");
    const [gamma] = slopes([1.5], ([moved]) => dot(upstream, renormalized({ ...problem, gamma: moved as number }, corrections)));
    expectClose(gradients.gamma as Float32Array, [gamma as number], 1e-4);
    // One batch was seen.
    const deviation = Math.sqrt(corrections.variance + 1e-3);
    const step = (before: number, to: number, kept: number) => before * kept + to * (1 - kept);
    const stddev = step(1.1, deviation, 0.7);
    const wanted = [1.5, 0.3, step(0.4, corrections.mean, 0.7), stddev ** 2 - 1e-3, stddev];
    expectClose(valuesOf(layer).flat(), [...wanted, step(0.2, corrections.mean, 0.8), step(1.4, deviation, 0.8)], 1e-5);
    layer.setWeights(Object.values(known).map((value) => tf.tensor1d([value])));
    expectClose(flat(layer.apply(x, kwargs) as tf.Tensor), renormalized(problem, corrections), 5e-5);
  });

  it("spectralNormalization: training brings the kernel's norm to 1, and inference leaves it", () => {
    const layer = built(spectralNormalization({ layer: tfl.layers.dense({ units: 4 }), powerIterations: 30 }), [6]);
    const [kernel] = layer.getWeights() as [tf.Tensor];
    const values = flat(data(kernel.shape, 3));
    layer.setWeights([tf.tensor(values, kernel.shape), ...layer.getWeights().slice(1)]);
    const x = data([2, 6]);
    layer.apply(x);
    expect(flat(layer.getWeights()[0] as tf.Tensor)).toEqual(values);
    layer.apply(x, training);
    const norm = spectralNorm(values, 4);
    expectClose(
      flat(layer.getWeights()[0] as tf.Tensor),
      values.map((value) => value / norm),
      1e-5,
    );
    expect(spectralNorm(flat(layer.getWeights()[0] as tf.Tensor), 4)).toBeCloseTo(1, 5);
  });

  it("spectralNormalization: a kernel of zeros stays, and so does the vector", () => {
    const dense = tfl.layers.dense({ units: 3, kernelInitializer: "zeros" });
    const layer = built(spectralNormalization({ layer: dense }), [2]);
    const before = valuesOf(layer);
    expect(Array.from(flat(layer.apply(data([4, 2]), training) as tf.Tensor))).toEqual(Array(12).fill(0));
    expect(valuesOf(layer)).toEqual(before);
  });

  it("weightNormalization: the first batch makes outputs of mean 0 and variance 1, and no other does", () => {
    const layer = built(weightNormalization({ layer: tfl.layers.dense({ units: 3, activation: "relu" }) }), [5]);
    const x = data([40, 5], 3, 2);
    layer.apply(x);
    const [g, kernel, bias] = valuesOf(layer) as [number[], number[], number[]];
    const columns = tf.tensor2d(kernel, [5, 3]);
    const unit = tf.div(columns, tf.norm(columns, 2, 0));
    // Addons takes the kernel as it is for the unit kernel here.
    const outputs = tf.add(tf.matMul(x as tf.Tensor2D, tf.mul(unit, tf.mul(g, tf.norm(columns, 2, 0))) as tf.Tensor2D), bias);
    const { mean, variance } = tf.moments(outputs, 0);
    expectClose(flat(mean), [0, 0, 0], 1e-4);
    expectClose(flat(variance), [1, 1, 1], 1e-4);
    layer.apply(data([40, 5], 1, -1, 8), training);
    expect(valuesOf(layer)[0]).toEqual(g);
  });
});

describe("batchNormalization({ training: true })", () => {
  beforeAll(() => useBackend("wasm"));

  const network = () => networkWith(batchNormalization({ training: true, momentum: 0.5 }));

  it("predicts by the batch's moments, and moves nothing", () => {
    const layer = built(batchNormalization({ training: true }), [3, 2]);
    const before = valuesOf(layer);
    const x = data([8, 3, 2], 3, 2);
    const { mean, variance } = tf.moments(layer.apply(x) as tf.Tensor, [0, 1]);
    expectClose(flat(mean), [0, 0], 1e-5);
    expectClose(flat(variance), [1, 1], 1e-3);
    expect(valuesOf(layer)).toEqual(before);
    layer.apply(x, training);
    expect(valuesOf(layer)).not.toEqual(before);
  });

  it("frozen, normalizes by the moving averages, as in Keras", () => {
    const layer = built(batchNormalization({ training: true, epsilon: 0 }), [2]);
    layer.trainable = false;
    const x = data([5, 2], 3, 2);
    for (const kwargs of [{}, training]) expectClose(flat(layer.apply(x, kwargs) as tf.Tensor), flat(x), 1e-6);
  });

  it("is trained, saved with its key, loaded, and left alone by useFusedNormalization", async () => {
    const model = network();
    const x = data([32, 4, 4, 3], 2, 1);
    const losses = await train(model, x, data([32, 1]));
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect(JSON.stringify((await saved(model)).modelTopology)).toMatch(
      /"class_name":"BatchNormalization"[^}]*"training":true|"training":true/,
    );
    const again = await reloaded(model);
    expect(again.layers[1]).toBeInstanceOf(KerasBatchNormalization);
    expectClose(predict(again, x), predict(model, x), 0);
    for (const options of [{}, { batchNormalization: false }]) {
      expect(useFusedNormalization(again, options)).toBe(0);
      expectClose(predict(again, x), predict(model, x), 0);
    }
  });

  it("false has the moving averages normalize in training, and stay", () => {
    const layer = built(batchNormalization({ training: false, epsilon: 0 }), [2]);
    const x = data([5, 2], 3, 2);
    const before = valuesOf(layer);
    expectClose(flat(layer.apply(x, training) as tf.Tensor), flat(x), 1e-6);
    expect(valuesOf(layer)).toEqual(before);
  });
});

describe("models that name batch or layer normalization", () => {
  beforeAll(() => useBackend("wasm"));
  const { dense, batchNormalization: theirBatch, layerNormalization: theirLayer } = tfl.layers;
  const classOf = (layer: object) => Object.getPrototypeOf(layer);
  const load = (layer: tfl.layers.Layer, shape: number[]) =>
    reloaded(tfl.sequential({ layers: [dense({ units: 4, inputShape: shape }), layer] }));

  it.each<[string, () => tfl.layers.Layer, number[]]>([
    ["batch normalization", () => theirBatch(), [4, 4, 3]],
    ["batch normalization, axis 3", () => theirBatch({ axis: 3 }), [4, 4, 3]],
    ["layer normalization, axes", () => theirLayer({ axis: [1, 2] }), [4, 4, 3]],
  ])("are loaded with TensorFlow.js's own classes where these can do it: %s", async (_, make, shape) => {
    const model = await load(make(), shape);
    expect(classOf(model.layers[1] as object)).toBe(classOf(make()));
  });

  it.each<[string, () => tfl.layers.Layer, number[], object]>([
    ["batch normalization, axis 1", () => theirBatch({ axis: 1 }), [4, 4, 3], KerasBatchNormalization],
    ["batch normalization, rank 5", () => batchNormalization(), [2, 2, 2, 3], KerasBatchNormalization],
    ["layer normalization, rank 5", () => layerNormalization(), [2, 2, 2, 3], KerasLayerNormalization],
  ])("are loaded with the library's where these cannot: %s", async (_, make, shape, Class) => {
    const model = await load(make(), shape);
    const layer = model.layers[1] as tfl.layers.Layer;
    expect(layer.constructor).toBe(Class);
    const before = await saved(model);
    for (const options of [{}, { batchNormalization: false, layerNormalization: false }]) {
      expect(useFusedNormalization(model, options)).toBe(0);
    }
    const y = model.predict(data([2, ...shape])) as tf.Tensor;
    expect(y.shape).toEqual([2, ...shape.slice(0, -1), 4]);
    expect((await saved(model)).modelTopology).toEqual(before.modelTopology);
    expect(JSON.stringify(before.modelTopology)).toMatch(/"class_name":"(Batch|Layer)Normalization"/);
  });

  it("useFusedNormalization tells such layers to do as Keras's", async () => {
    const model = await load(theirBatch({ axis: 1 }), [4, 4, 3]);
    expect(useFusedNormalization(model, { asKeras: true })).toBe(1);
    expect((model.layers[1] as KerasBatchNormalization).asKeras).toBe(true);
  });
});

describe("batch normalization of several axes, and renorm", () => {
  beforeAll(() => useBackend("wasm"));

  it("are recalibrated", async () => {
    const x = data([16, 3, 2, 4], 3, 2);
    const layers = [batchNormalization({ axis: [1, 3], epsilon: 0.25 }), batchNormalization({ renorm: true, epsilon: 0.25 })];
    for (const layer of layers) {
      const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [3, 2, 4] }), layer] });
      expect(await recalibrate(model, x, { batchSize: 5 })).toBe(1);
      const axes = Array.isArray(layer.axis) ? [0, 2] : [0, 1, 2];
      const { mean, variance } = tf.moments(x, axes);
      expectClose(flat(layer.movingMean.read()), flat(mean), 1e-5);
      expectClose(flat(layer.movingVariance.read()), flat(variance), 1e-5);
      const stddev = layer.weights.find(({ originalName }) => originalName.endsWith("moving_stddev"));
      if (stddev) expectClose(flat(stddev.read()), flat(tf.sqrt(tf.add(variance, 0.25))), 1e-5);
    }
  });

  it.each([
    [{ axis: [2, 3] }],
    [{ axis: [3, 2], renorm: true }],
    [{ axis: [2, 3], training: true }],
  ])("%j: masked places do not count, of ranks 1 and 2", (args) => {
    const x = data([6, 5, 2, 3], 2, 1);
    for (const shape of [[6], [6, 5]]) {
      const isCounted = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => i % 3 !== 1);
      const counted = isCounted.flatMap((is, i) => (is ? [i] : []));
      const rows = (tensor: tf.Tensor) =>
        tf.gather(tf.reshape(tensor, [-1, ...tensor.shape.slice(shape.length)]), tf.tensor1d(counted, "int32"));
      const [masked, plain] = [built(batchNormalization(args), [5, 2, 3]), built(batchNormalization(args), [5, 2, 3])];
      const y = rows(masked.apply(x, { ...training, mask: tf.tensor(isCounted, shape, "bool") }) as tf.Tensor);
      // The places that count, as samples of one time step, or of five.
      const kept = tf.reshape(rows(x), [-1, shape.length === 1 ? 5 : 1, 2, 3]);
      const wanted = tf.tidy(() => (plain as unknown as { call: typeof masked.call }).call(kept, training));
      expectClose(flat(y), flat(wanted as tf.Tensor), 1e-5);
      expectClose(valuesOf(masked).flat(), valuesOf(plain).flat(), 1e-5);
    }
  });

  it("leave no tensor behind", () => {
    const layer = built(batchNormalization({ axis: [1, 2], renorm: true }), [3, 4]);
    const x = data([5, 3, 4]);
    const step = () => tf.tidy(() => void layer.apply(x, training));
    step();
    const before = tf.memory().numTensors;
    step();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[object, string]>([
    [{ axis: [] }, "argument 'axis' must be an axis that is not the batch's, or several different ones, got []"],
    [{ axis: [1, 1] }, "argument 'axis' must be an axis that is not the batch's, or several different ones, got [1,1]"],
    [{ axis: [0, 1] }, "argument 'axis' must be an axis that is not the batch's, or several different ones, got [0,1]"],
    [{ renorm: true, renormMomentum: 2 }, "argument 'renormMomentum' must be a number from 0 to 1, got 2"],
    [
      { renorm: true, renormClipping: { rmax: -1 } },
      "argument 'renormClipping.rmax' must be a number that is not negative, got -1",
    ],
    [{ renorm: true, renormClipping: { max: 1 } }, "argument 'renormClipping' must have no keys but rmax, rmin, dmax, got 'max'"],
    [{ renorm: true, priorMass: 2 }, "argument 'renorm' must not be given where priorMass or memory is, got true"],
  ])("refuse %j", (args, message) => {
    expect(() => built(batchNormalization(args as object), [3, 4])).toThrow(message);
  });
});

describe("layers of Python", () => {
  beforeAll(() => useBackend("wasm"));
  const dense = () => tfl.layers.dense({ units: 4 });

  it.each<[string, () => tfl.layers.Layer]>([
    ["unitNormalization", () => unitNormalization({ axis: [1, 3] })],
    ["normalization", () => normalization({ axis: [3], mean: 0.5, variance: 2, invert: true })],
    ["filterResponseNormalization", () => filterResponseNormalization({ learnedEpsilon: true, gammaRegularizer: "l1l2" })],
    ["contrib", () => new ContribInstanceNormalization({ axis: 3, scale: false })],
    ["spectralNormalization", () => spectralNormalization({ layer: dense(), powerIterations: 2 })],
    ["weightNormalization", () => weightNormalization({ layer: dense(), dataInit: false })],
    ["rmsScaling", () => new KerasLayerNormalization({ rmsScaling: true, center: false })],
    ["two axes", () => batchNormalization({ axis: [1, 3], betaRegularizer: "l1l2" })],
    ["renorm", () => batchNormalization({ renorm: true, renormClipping: { rmax: 3 } })],
  ])("%s trains in a network, and predicts the same once it is saved and loaded", async (_, make) => {
    const model = networkWith(make());
    const x = data([32, 4, 4, 3]);
    const losses = await train(model, x, data([32, 1], 1, 0, 2));
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    const again = await reloaded(model);
    expectClose(predict(again, x), predict(model, x), 0);
    const topology = (of: tf.io.ModelArtifacts) =>
      JSON.stringify(of.modelTopology).replaceAll(/,"custom_objects":\{[^}]*\}/g, "");
    expect(topology(await saved(again))).toBe(topology(await saved(model)));
  });

  it("instanceNormalization is saved as GroupNormalization, with groups −1", async () => {
    const model = networkWith(instanceNormalization({ epsilon: 0.1 }));
    const text = JSON.stringify((await saved(model)).modelTopology);
    expect(text).toContain('"class_name":"GroupNormalization"');
    expect(text).toContain('"groups":-1');
    const x = data([4, 4, 4, 3]);
    expectClose(predict(await reloaded(model), x), predict(model, x), 0);
  });

  it("a wrapper's weights train, freeze and count with its layer's", () => {
    const layer = built(weightNormalization({ layer: dense(), dataInit: false }), [3]);
    expect(layer.trainableWeights.map(({ originalName }) => originalName.split("/").at(-1))).toEqual(["g", "kernel", "bias"]);
    expect(layer.nonTrainableWeights).toHaveLength(1);
    layer.trainable = false;
    expect(layer.trainableWeights).toEqual([]);
    expect(layer.weights).toHaveLength(4);
  });

  it.each<[() => unknown, string]>([
    [() => spectralNormalization({} as never), "SpectralNormalization: argument 'layer' must be a layer of tf.layers"],
    [
      () => spectralNormalization({ layer: dense(), powerIterations: 0 }),
      "argument 'powerIterations' must be a positive integer, got 0",
    ],
    [
      () => built(spectralNormalization({ layer: tfl.layers.flatten({ name: "f" }) }), [3]),
      "argument 'layer' must have a weight that is its kernel or its embeddings, got 'f', a Flatten",
    ],
    [
      () => built(weightNormalization({ layer: tfl.layers.flatten({ name: "f" }) }), [3]),
      "argument 'layer' must have a weight that is its kernel, got 'f', a Flatten",
    ],
    [
      () => built(unitNormalization({ axis: [1, 1] }), [3]),
      "argument 'axis' must be an axis or a list of different ones, got [1,1]",
    ],
    [() => built(unitNormalization({ axis: 2 }), [3]), "argument 'axis' must be an integer from -2 to 1, got 2"],
    [() => normalization({ mean: 1 }), "argument 'variance' must be given where mean is, got none"],
    [
      () => built(normalization({ mean: [1, 2], variance: [1, 2] }), [3]),
      "argument 'mean' must have the shape of the axes, [3], or be broadcast to it, got [2]",
    ],
    [() => built(normalization({ axis: 1 }), [null as never, 3]), "argument 'axis' must be axes of known size"],
    [
      () => built(filterResponseNormalization(), [3]),
      "argument 'inputs' must have rank 4 and a known number of channels, got [,3]",
    ],
    [
      () => built(new ContribInstanceNormalization({ axis: 1 }), [3]),
      "argument 'axis' must be null, or an axis of known size, not the batch's, of a rank of 3 or more, got 1 of [,3]",
    ],
  ])("%s is refused", (make, message) => {
    expect(make).toThrow(message);
  });
});
