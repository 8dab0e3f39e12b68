import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { countedMoments } from "../../src/layers/masks.js";
import { batchNormalization } from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { EVERY, training, WITH_STATE } from "../helpers/layers.js";
import { data, valuesOf } from "../helpers/models.js";
import { readAll } from "../helpers/tensors.js";

const [SAMPLES, STEPS, CHANNELS] = [9, 5, 6];
/** How many steps of each sample are not padding. */
const LENGTHS = [3, 5, 1, 4, 2, 5, 3, 1, 4];
const isPadding = (place: number) => place % STEPS >= (LENGTHS[Math.floor(place / STEPS)] as number);
const COUNTED = Array.from({ length: SAMPLES * STEPS }, (_, i) => i).filter((place) => !isPadding(place));

const maskOf = () =>
  tf.tensor2d(Array.from({ length: SAMPLES * STEPS }, (_, i) => !isPadding(i)).map(Number), [SAMPLES, STEPS], "bool");
/** Padding far from everything else. */
const padded = (seed: number) => {
  const places = tf.reshape(maskOf(), [SAMPLES, STEPS, 1]);
  return tf.where(places, data([SAMPLES, STEPS, CHANNELS], 2, 1, seed), 1000);
};
/** The activations that count alone, a sample each. */
const compact = (x: tf.Tensor) => tf.expandDims(tf.gather(tf.reshape(x, [-1, CHANNELS]), COUNTED), 1);

/** Gradients of x and the layer's weights, where what comes out of padding does not count. */
function gradients(layer: tfl.layers.Layer, x: tf.Tensor, weight: tf.Tensor, kwargs: object) {
  const input = tf.variable(x);
  const variables = layer.getWeights(true) as tf.Variable[];
  const loss = () => tf.sum(tf.mul(weight, tf.tanh(training(layer, input, kwargs)))) as tf.Scalar;
  const { grads } = tf.variableGrads(loss, [input, ...variables]);
  return { dx: grads[input.name] as tf.Tensor, others: variables.map(({ name }) => grads[name] as tf.Tensor) };
}

describe.each(BACKENDS)("masked places on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(WITH_STATE))("%s: are as if they were not there", (_, make) => {
    const args = { center: true, scale: true, momentum: 0.5 };
    const [layer, other] = [make(args), make(args)];
    for (let i = 0; i < 3; i++) {
      const x = padded(i);
      const [y, expected] = [training(layer, x, { mask: maskOf() }), training(other, compact(x))];
      expectClose(compact(y).dataSync(), expected.dataSync(), 2e-4);
      valuesOf(other).forEach((values, j) => {
        expectClose(valuesOf(layer)[j] as number[], values, 2e-4);
      });
    }
    const x = padded(4);
    const weight = tf.mul(data([SAMPLES, STEPS, CHANNELS], 1, 0, 9), tf.expandDims(maskOf(), 2));
    const ours = gradients(layer, x, weight, { mask: maskOf() });
    const wanted = gradients(other, compact(x), compact(weight), {});
    expectCloseToLargest(compact(ours.dx).dataSync(), wanted.dx.dataSync(), 1e-3, "dx");
    wanted.others.forEach((values, i) => {
      expectCloseToLargest((ours.others[i] as tf.Tensor).dataSync(), values.dataSync(), 1e-3, `weight ${i}`);
    });
    expect(ours.dx.dataSync().every(Number.isFinite)).toBe(true);
  });

  it.each(Object.entries(WITH_STATE))("%s: a batch of nothing else changes nothing", (_, make) => {
    const [layer, other] = [make(), make()];
    const all = { mask: tf.zeros([SAMPLES, STEPS], "bool") };
    const [x, far] = [data([SAMPLES, STEPS, CHANNELS]), tf.fill([SAMPLES, STEPS, CHANNELS], 1000)];
    expect(training(layer, far, all).dataSync().every(Number.isFinite)).toBe(true);
    training(layer, x);
    training(other, x);
    expectClose(valuesOf(layer).flat(), valuesOf(other).flat(), 1e-6);
    const before = valuesOf(layer);
    training(layer, far, all);
    expectClose(valuesOf(layer).flat(), before.flat(), 1e-6);
  });
});

describe.each(BACKENDS)("moments of the activations that count, on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it("have no error that grows with how many there are", () => {
    const counted = tf.concat([tf.ones([250_007, 1]), tf.zeros([1000, 1])]);
    const [mean, variance, count] = readAll(() => {
      const x = tf.where(tf.greater(counted, 0), tf.fill([251_007, 1], 0.1), 1000);
      const moments = countedMoments(x, counted, 1);
      return [moments.mean, moments.variance, moments.count];
    }) as [Float32Array, Float32Array, Float32Array];
    expectClose(mean, [0.1], 1e-5);
    expectClose(variance, [0], 1e-9);
    expectClose(count, [250_007], 0);
  });
});

describe("masks", () => {
  beforeAll(() => useBackend("wasm"));

  it.each(Object.entries(EVERY))("%s: in inference they change nothing", (_, make) => {
    const layer = make();
    const x = padded(1);
    training(layer, x);
    const y = layer.apply(x, { mask: maskOf() }) as tf.Tensor;
    expect(y.dataSync()).toEqual((layer.apply(x) as tf.Tensor).dataSync());
  });

  it.each(Object.entries(WITH_STATE))("%s: none that does not fit, or is disposed, is taken", (_, make) => {
    const x = padded(1);
    const disposed = maskOf();
    disposed.dispose();
    const plain = make();
    training(plain, x);
    for (const mask of [disposed, tf.zeros([SAMPLES, STEPS + 1], "bool"), tf.zeros([SAMPLES, STEPS, CHANNELS], "bool"), null]) {
      const layer = make();
      training(layer, x, { mask });
      expect(valuesOf(layer)).toEqual(valuesOf(plain));
    }
  });

  it("along a channel axis that is masked itself, a channel's own activations count", () => {
    const layer = batchNormalization({ asKeras: true, axis: 1, momentum: 0 });
    const mask = tf.tensor2d([1, 1, 1, 0], [2, 2], "bool");
    training(layer, tf.tensor3d([1, 2, 10, 20, 3, 6, 500, 500], [2, 2, 2]), { mask });
    expect(valuesOf(layer)[2]).toEqual([3, 15]);
  });

  it("of a model's Masking layer reach the layers behind it", async () => {
    const layer = batchNormalization({ asKeras: true, momentum: 0 });
    const model = tfl.sequential({
      layers: [
        tfl.layers.masking({ maskValue: 0, inputShape: [STEPS, CHANNELS] }),
        layer,
        tfl.layers.lstm({ units: 2, recurrentInitializer: "glorotUniform" }),
        // Another shape, but the same list of arguments: TensorFlow.js hands the mask on.
        batchNormalization({ asKeras: true }),
        tfl.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const x = tf.mul(padded(1), tf.expandDims(maskOf(), 2));
    await model.fit(x, data([SAMPLES, 1]), { epochs: 1, batchSize: SAMPLES, verbose: 0 });
    const { mean, variance } = tf.moments(compact(x), [0, 1]);
    expectClose(valuesOf(layer)[2] as number[], mean.dataSync(), 1e-4);
    expectClose(valuesOf(layer)[3] as number[], variance.dataSync(), 1e-4);
  });

  it("tf.layers' batchNormalization counts them, and so does ours where it is not to do as Keras's", () => {
    const [ours, theirs] = [batchNormalization(), tfl.layers.batchNormalization()];
    const x = padded(1);
    training(ours, x, { mask: maskOf() });
    training(theirs, x, { mask: maskOf() });
    expectClose(valuesOf(ours).flat(), valuesOf(theirs).flat(), 1e-4);
  });
});
