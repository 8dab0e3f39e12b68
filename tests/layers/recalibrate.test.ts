import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  batchNormalization,
  mixtureNormalization,
  type RecalibrationProgress,
  recalibrate,
  unsupervisedAdaptiveNormalization,
} from "../../src/layers.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { data, networkWith, predict, train, valuesOf } from "../helpers/models.js";

type Layer = tfl.layers.Layer;

const CHANNELS = 3;
const { dense, dropout, flatten, timeDistributed } = tfl.layers;
const kernelInitializer = tfl.initializers.glorotUniform({ seed: 5 });

const modelOf = (shape: number[], ...layers: Layer[]) =>
  tfl.sequential({ layers: [tfl.layers.activation({ activation: "linear", inputShape: shape }), ...layers] });

/** Mean and biased variance of every channel, the last axis, in float64. */
function momentsOf(...tensors: tf.Tensor[]): { mean: number[]; variance: number[] } {
  const channels = tensors[0]?.shape.at(-1) as number;
  const values = tensors.flatMap((tensor) => Array.from(tensor.dataSync()));
  const ofChannel = Array.from({ length: channels }, (_, c) => values.filter((_, i) => i % channels === c));
  const average = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const mean = ofChannel.map(average);
  return { mean, variance: ofChannel.map((numbers, c) => average(numbers.map((x) => (x - (mean[c] as number)) ** 2))) };
}

/** The weights of a layer whose names contain a text. */
const weightsNamed = (layer: Layer, name: string) =>
  layer.weights.filter(({ originalName }) => originalName.includes(name)).map((weight) => Array.from(weight.read().dataSync()));
const moving = (layer: Layer) => weightsNamed(layer, "moving") as [number[], number[]];

function expectMoments(layer: Layer, ...tensors: tf.Tensor[]): void {
  const { mean, variance } = momentsOf(...tensors);
  const [movingMean, movingVariance] = moving(layer);
  expectClose(movingMean, mean, 1e-6);
  expectClose(movingVariance, variance, 2e-6);
}

/** A dataset as tf.data makes them: batches that whoever iterates disposes of. */
const dataset = (...batches: (() => unknown)[]) => ({
  iterations: 0,
  async iterator() {
    this.iterations++;
    const rest = [...batches];
    return {
      next: async () => {
        const make = rest.shift();
        return make ? { value: make(), done: false } : { value: null, done: true };
      },
    };
  },
});

const BY_MOMENTS: Record<string, () => Layer> = {
  "tf.layers.batchNormalization": () => tfl.layers.batchNormalization(),
  batchNormalization: () => batchNormalization(),
  "unsupervisedAdaptiveNormalization, standardize": () => unsupervisedAdaptiveNormalization({ standardize: true }),
};

describe.each(BACKENDS)("recalibrate on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(BY_MOMENTS))("%s gets the moments of all data", async (_, make) => {
    const layer = make();
    const model = modelOf([4, CHANNELS], layer);
    const x = data([21, 4, CHANNELS], 3, 2);
    // The last batch is smaller.
    expect(await recalibrate(model, x, { batchSize: 8 })).toBe(1);
    expectMoments(layer, x);
    const again = data([9, 4, CHANNELS], 1, -2, 5);
    await recalibrate(model, again);
    expectMoments(layer, again);
  });

  it.each(Object.entries(BY_MOMENTS))("%s: means that are large beside deviations keep their digits", async (_, make) => {
    const layer = make();
    const x = data([64, CHANNELS], 1, 1000);
    await recalibrate(modelOf([CHANNELS], layer), x, { batchSize: 7 });
    const { mean, variance } = momentsOf(x);
    expectClose(moving(layer)[0], mean, 1e-7);
    expectClose(moving(layer)[1], variance, 1e-4);
  });

  it("recalibrates layers one after the other: a later one sees what the earlier ones give then", async () => {
    const [first, second] = [batchNormalization(), batchNormalization()];
    const hidden = dense({ units: CHANNELS, kernelInitializer });
    const model = modelOf([CHANNELS], first, hidden, second);
    const x = data([40, CHANNELS], 5, 3);
    expect(await recalibrate(model, x, { batchSize: 16 })).toBe(2);
    expectMoments(first, x);
    expectMoments(second, hidden.apply(first.apply(x)) as tf.Tensor);
  });

  it("mixtureNormalization: pools the components of the batches", async () => {
    const layer = mixtureNormalization({ numComponents: 2, seed: 1, emSteps: 3 });
    const model = modelOf([CHANNELS], layer);
    const clusters = [data([30, CHANNELS], 1, 40), data([10, CHANNELS], 1, -40, 2)] as [tf.Tensor, tf.Tensor];
    const x = tf.gather(
      tf.concat(clusters),
      Array.from({ length: 40 }, (_, i) => (i * 7) % 40),
    );
    expect(await recalibrate(model, x, { batchSize: 10 })).toBe(1);
    const [prior, mean, variance] = weightsNamed(layer, "moving") as [number[], number[], number[]];
    const of = (values: number[], k: number) => values.slice(k * CHANNELS, (k + 1) * CHANNELS);
    const larger = (prior[0] as number) > 0.5 ? 0 : 1;
    expectClose([prior[larger] as number, prior[1 - larger] as number], [0.75, 0.25], 1e-5);
    for (const [k, cluster] of [
      [larger, clusters[0]],
      [1 - larger, clusters[1]],
    ] as const) {
      expectClose(of(mean, k), momentsOf(cluster).mean, 1e-5);
      expectClose(of(variance, k), momentsOf(cluster).variance, 1e-4);
    }
  });

  it("leaves no tensors behind, and nothing else changed", async () => {
    const layer = unsupervisedAdaptiveNormalization({ standardize: true });
    const model = networkWith(layer);
    const [x, y] = [data([40, 4, 4, 3]), data([40, 1])];
    await train(model, x, y, 1);
    const before = valuesOf(model);
    const { optimizer } = model;
    const iterations = optimizer.getConfig();
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    await recalibrate(model, x, { batchSize: 16 });
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers, numBytes });
    const movingAt = model.weights.map(({ originalName }) => originalName.includes("moving"));
    valuesOf(model).forEach((values, i) => {
      if (movingAt[i]) expect(values).not.toEqual(before[i]);
      else expect(values).toEqual(before[i]);
    });
    expect(model.optimizer).toBe(optimizer);
    expect(model.optimizer.getConfig()).toEqual(iterations);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
  });
});

describe("recalibrate", () => {
  beforeAll(() => useBackend("wasm"));

  it("reaches layers in models inside the model, in wrappers, and shared ones, each once", async () => {
    const [inner, wrapped, shared] = [tfl.layers.batchNormalization(), batchNormalization(), batchNormalization()];
    const nested = tfl.sequential({ layers: [dense({ units: CHANNELS, inputShape: [4, CHANNELS], kernelInitializer }), inner] });
    const inputs = [tfl.input({ shape: [4, CHANNELS] }), tfl.input({ shape: [4, CHANNELS] })] as const;
    const [a, b] = inputs.map((input) => shared.apply(nested.apply(input)) as tfl.SymbolicTensor) as [
      tfl.SymbolicTensor,
      tfl.SymbolicTensor,
    ];
    const joined = timeDistributed({ layer: wrapped }).apply(tfl.layers.add().apply([a, b])) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: [...inputs], outputs: flatten().apply(joined) as tfl.SymbolicTensor });
    const xs = [data([20, 4, CHANNELS], 2, 1), data([20, 4, CHANNELS], 3, -4, 2)];
    expect(await recalibrate(model, xs, { batchSize: 6 })).toBe(3);
    const hidden = nested.layers[0] as Layer;
    expectMoments(inner, ...xs.map((x) => hidden.apply(x) as tf.Tensor));
    const outputs = xs.map((x) => nested.apply(x) as tf.Tensor);
    expectMoments(shared, ...outputs);
    expectMoments(wrapped, tf.add(...(outputs.map((x) => shared.apply(x)) as [tf.Tensor, tf.Tensor])));
  });

  it("recalibrates frozen layers, and layers along another axis", async () => {
    const layer = batchNormalization({ axis: 1 });
    const model = modelOf([CHANNELS, 4], layer);
    layer.trainable = false;
    const x = data([12, CHANNELS, 4], 2, 5);
    await recalibrate(model, x);
    expectMoments(layer, tf.transpose(x, [0, 2, 1]));
  });

  it("runs the model as it infers", async () => {
    const layer = batchNormalization();
    const x = data([32, CHANNELS], 2, 5);
    await recalibrate(modelOf([CHANNELS], dropout({ rate: 0.9 }), layer), x);
    expectMoments(layer, x);
  });

  it("does not count masked places where the layer does not", async () => {
    const layers = [batchNormalization({ asKeras: true }), unsupervisedAdaptiveNormalization({ standardize: true })];
    const model = tfl.sequential({ layers: [tfl.layers.masking({ inputShape: [4, CHANNELS] }), ...layers] });
    const first = layers[0] as Layer;
    const x = data([10, 4, CHANNELS], 2, 5);
    const padded = tf.concat([x, tf.zeros([10, 2, CHANNELS])], 1);
    const longer = tfl.sequential({ layers: [tfl.layers.masking({ inputShape: [6, CHANNELS] }), ...layers] });
    await recalibrate(longer, padded, { batchSize: 4 });
    expectMoments(first, x);
    const before = layers.map(moving);
    await recalibrate(model, x, { batchSize: 10 });
    layers.forEach((layer, i) => {
      for (const j of [0, 1]) expectClose(moving(layer)[j] as number[], before[i]?.[j] as number[], 1e-5);
    });
    // Nothing is left to see.
    expect(await recalibrate(model, tf.zeros([5, 4, CHANNELS]))).toBe(0);
    expectMoments(first, x);
  });

  it.each<[string, (x: tf.Tensor) => unknown]>([
    ["tensors", (x) => x],
    ["arrays of tensors", (x) => [x]],
    ["{ xs }", (xs) => ({ xs })],
    ["{ xs, ys }", (xs) => ({ xs, ys: tf.zeros([xs.shape[0] as number, 7]) })],
    ["maps by the inputs' names", (x) => ({ xs: { features: x } })],
  ])("reads a dataset that yields %s, a batch at a time, and disposes of them", async (_, wrap) => {
    const layer = batchNormalization();
    const input = tfl.input({ shape: [CHANNELS], name: "features" });
    const model = tfl.model({ inputs: input, outputs: batchNormalization().apply(layer.apply(input)) as tfl.SymbolicTensor });
    const batches = [data([5, CHANNELS], 2, 1), tf.zeros([0, CHANNELS]), data([11, CHANNELS], 3, -4, 2)];
    const source = dataset(...batches.map((batch) => () => wrap(batch.clone())));
    const { numTensors } = tf.memory();
    expect(await recalibrate(model, source)).toBe(2);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(source.iterations).toBe(2);
    expectMoments(layer, ...batches);
  });

  it("tells and awaits progress", async () => {
    const model = modelOf([CHANNELS], batchNormalization({ name: "a" }), batchNormalization({ name: "b" }));
    const told: RecalibrationProgress[] = [];
    let pending = 0;
    const onBatch = async (progress: RecalibrationProgress) => {
      expect(pending++).toBe(0);
      await Promise.resolve();
      pending--;
      told.push(progress);
    };
    await recalibrate(model, data([10, CHANNELS]), { batchSize: 4, onBatch });
    const of = (layer: number, name: string) => [1, 2, 3].map((batch) => ({ layer, layers: 2, name, batch, batches: 3 }));
    expect(told).toEqual([...of(1, "a"), ...of(2, "b")]);
    told.length = 0;
    await recalibrate(
      model,
      dataset(() => data([10, CHANNELS])),
      { onBatch },
    );
    expect(told).toEqual([
      { layer: 1, layers: 2, name: "a", batch: 1 },
      { layer: 2, layers: 2, name: "b", batch: 1 },
    ]);
  });

  it("has nothing to do in a model without such layers, nor with layers that the data does not reach", async () => {
    const x = data([10, CHANNELS]);
    expect(await recalibrate(modelOf([CHANNELS], unsupervisedAdaptiveNormalization({ standardize: false })), x)).toBe(0);
    class Holding extends tfl.layers.Layer {
      static readonly className = "Holding";
      readonly inner = batchNormalization();
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return ([inputs].flat()[0] as tf.Tensor).clone();
      }
    }
    expect(await recalibrate(modelOf([CHANNELS], new Holding({})), x)).toBe(0);
  });

  it("mends a model whose moving moments lag behind", async () => {
    const model = networkWith(batchNormalization({ momentum: 0.999 }));
    const x = data([64, 4, 4, 3], 2, 3);
    const y = tf.reshape(tf.mean(x, [1, 2, 3]), [64, 1]);
    const losses = await train(model, x, y, 10);
    const lossOf = () =>
      tf.tidy(() => (tf.losses.meanSquaredError(y, model.predict(x) as tf.Tensor) as tf.Scalar).dataSync()[0]) as number;
    const lagging = lossOf();
    await recalibrate(model, x);
    expect(lossOf()).toBeLessThan(lagging / 2);
    expect(lossOf()).toBeLessThan(2 * (losses.at(-1) as number));
  });

  describe("on an error", () => {
    const failing = async (run: (model: tfl.LayersModel, x: tf.Tensor) => Promise<unknown>, error: RegExp) => {
      const layers = [batchNormalization(), batchNormalization()];
      const model = modelOf([CHANNELS], ...layers);
      const x = data([10, CHANNELS], 3, 3);
      const before = valuesOf(model);
      const predicted = predict(model, x);
      const { numTensors } = tf.memory();
      await expect(run(model, x)).rejects.toThrow(error);
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(valuesOf(model)).toEqual(before);
      expect(predict(model, x)).toEqual(predicted);
      for (const layer of layers) expect(Object.hasOwn(layer, "call")).toBe(false);
    };

    it("of the callback, everything is as it was", async () => {
      const onBatch = ({ layer, batch }: RecalibrationProgress) => {
        if (layer === 2 && batch === 2) throw new Error("enough");
      };
      await failing((model, x) => recalibrate(model, x, { batchSize: 4, onBatch }), /enough/);
    });

    it("of a dataset, everything is as it was", async () => {
      let passes = 0;
      const source = dataset(
        () => data([4, CHANNELS]),
        () => (++passes === 2 ? data([4, CHANNELS + 1]) : data([4, CHANNELS])),
      );
      await failing(
        (model) => recalibrate(model, source),
        /recalibrate: argument 'data' must yield a tensor of shape \[any, 3\] for input '.+', got a tensor \[4,4\]/,
      );
    });

    it("of activations that are not finite, everything is as it was", async () => {
      const run = async (model: tfl.LayersModel, x: tf.Tensor) => {
        const broken = tf.tidy(() => tf.div(x, 0));
        try {
          await recalibrate(model, broken);
        } finally {
          broken.dispose();
        }
      };
      await failing(
        run,
        /recalibrate: argument 'data' must give layer 'batch_normalization_.+' finite activations, got a mean of/,
      );
    });
  });

  it.each<[string, (model: tfl.LayersModel) => Promise<unknown>, RegExp]>([
    ["no model", () => recalibrate(3 as unknown as tfl.LayersModel, data([1, 3])), /'model' must be a layers model, got 3/],
    [
      "a model whose shape is not known",
      () => recalibrate(tfl.sequential(), data([1, 3])),
      /'model' must have a known input shape, got none in model 'sequential_/,
    ],
    [
      "no data",
      (model) => recalibrate(model, undefined as unknown as tf.Tensor),
      /'data' must be a tensor, an array .+, got undefined/,
    ],
    [
      "data of another shape",
      (model) => recalibrate(model, data([4, 5])),
      /'data' must be a tensor of shape \[any, 3\] .+, got a tensor \[4,5\]/,
    ],
    [
      "data of another rank",
      (model) => recalibrate(model, data([4, 3, 3])),
      /must be a tensor of shape \[any, 3\] .+, got a tensor \[4,3,3\]/,
    ],
    ["numbers", (model) => recalibrate(model, [[1, 2, 3]] as unknown as tf.Tensor[]), /'data' must be a tensor of shape/],
    [
      "too many tensors",
      (model) => recalibrate(model, [data([4, 3]), data([4, 3])]),
      /must be a tensor, one for each input, got 2/,
    ],
    ["no samples", (model) => recalibrate(model, tf.zeros([0, 3])), /'data' must hold at least one sample, got none/],
    ["an empty dataset", (model) => recalibrate(model, dataset()), /'data' must hold at least one sample, got none/],
    [
      "a dataset of numbers",
      (model) =>
        recalibrate(
          model,
          dataset(() => 5),
        ),
      /'data' must yield a tensor of shape .+, got 5/,
    ],
    [
      "a batch size of 0",
      (model) => recalibrate(model, data([4, 3]), { batchSize: 0 }),
      /'batchSize' must be a positive integer, got 0/,
    ],
  ])("refuses %s", async (_, run, error) => {
    await expect(run(modelOf([CHANNELS], batchNormalization()))).rejects.toThrow(error);
  });

  it("refuses inputs with different numbers of samples", async () => {
    const inputs = [tfl.input({ shape: [CHANNELS] }), tfl.input({ shape: [CHANNELS] })];
    const sum = tfl.layers.add().apply(inputs) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs, outputs: batchNormalization().apply(sum) as tfl.SymbolicTensor });
    const wanted = /recalibrate: argument 'data' must have as many samples for each input, got 4 and 5/;
    await expect(recalibrate(model, [data([4, 3]), data([5, 3])])).rejects.toThrow(wanted);
  });

  it("of a disposed tensor says so", async () => {
    const x = data([4, 3]);
    x.dispose();
    await expect(recalibrate(modelOf([CHANNELS], batchNormalization()), x)).rejects.toThrow(/got one that is disposed/);
  });
});
