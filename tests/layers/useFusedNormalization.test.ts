import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { BatchNormalization, batchNormalization, LayerNormalization, useFusedNormalization } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { data, predict, reloaded, saved, valuesOf } from "../helpers/models.js";

const { dense, flatten, timeDistributed } = tfl.layers;
const theirs = {
  batch: () => tfl.layers.batchNormalization({ momentum: 0.9 }),
  layer: () => tfl.layers.layerNormalization(),
};

/** A model with batch and layer normalization, directly, in an inner model and in wrappers. It is the same each time. */
function nested(): tfl.LayersModel {
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 3 });
  const inner = tfl.sequential({
    layers: [dense({ units: 5, inputShape: [3, 4], kernelInitializer }), theirs.batch(), theirs.layer()],
  });
  const shared = theirs.layer();
  const input = tfl.input({ shape: [3, 4] });
  const layers = [
    inner,
    theirs.batch(),
    shared,
    timeDistributed({ layer: theirs.layer() }),
    timeDistributed({ layer: theirs.batch() }),
    timeDistributed({ layer: dense({ units: 5, kernelInitializer }) }),
    shared,
    flatten(),
    dense({ units: 1, kernelInitializer }),
  ];
  const output = layers.reduce<tfl.SymbolicTensor>((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);
  return tfl.model({ inputs: input, outputs: output });
}

const compile = (model: tfl.LayersModel) => model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
const trainOn = (model: tfl.LayersModel, x: tf.Tensor, y: tf.Tensor) =>
  model.fit(x, y, { epochs: 3, batchSize: 16, shuffle: false, verbose: 0 });

describe.each(["wasm", "cpu"])("useFusedNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it("changes neither outputs nor weights nor training of a model", async () => {
    const [model, twin] = [nested(), nested()];
    const [x, y] = [data([32, 3, 4], 2, 1), data([32, 1])];
    compile(model);
    compile(twin);
    await trainOn(twin, x, y);
    await trainOn(model, x, y);
    const before = valuesOf(model);
    const predicted = predict(model, x);
    expect(useFusedNormalization(model)).toBe(6);
    expect(valuesOf(model)).toEqual(before);
    expectClose(predict(model, x), predicted, 1e-4);

    const [history, expected] = [await trainOn(model, x, y), await trainOn(twin, x, y)];
    expectClose(history.history.loss as number[], expected.history.loss as number[], 1e-3);
    valuesOf(twin).forEach((values, i) => {
      expectClose(valuesOf(model)[i] as number[], values, 1e-3);
    });
  });
});

describe("useFusedNormalization", () => {
  beforeAll(() => useBackend("wasm"));

  it("changes layers once, and changes them back", () => {
    const model = nested();
    expect(useFusedNormalization(model)).toBe(6);
    expect(useFusedNormalization(model)).toBe(0);
    expect(useFusedNormalization(model, { batchNormalization: false })).toBe(3);
    expect(useFusedNormalization(model, { batchNormalization: false, layerNormalization: false })).toBe(3);
    expect(useFusedNormalization(model, { batchNormalization: false, layerNormalization: false })).toBe(0);
    expect(useFusedNormalization(model, { layerNormalization: false })).toBe(3);
  });

  it("makes the layers instances of this package's classes, and TensorFlow.js's again", () => {
    const model = tfl.sequential({ layers: [dense({ units: 2, inputShape: [3] }), theirs.batch(), theirs.layer()] });
    const [, batch, layer] = model.layers;
    useFusedNormalization(model);
    expect(batch).toBeInstanceOf(BatchNormalization);
    expect(layer).toBeInstanceOf(LayerNormalization);
    useFusedNormalization(model, { batchNormalization: false, layerNormalization: false });
    expect(batch).not.toBeInstanceOf(BatchNormalization);
    expect(layer).not.toBeInstanceOf(LayerNormalization);
  });

  it("saves models that TensorFlow.js loads by itself", async () => {
    const model = nested();
    const before = await saved(model);
    useFusedNormalization(model);
    const after = await saved(model);
    expect(after.modelTopology).toEqual(before.modelTopology);
    expect(after.weightSpecs).toEqual(before.weightSpecs);
    const loaded = await reloaded(model);
    expect(useFusedNormalization(loaded, { batchNormalization: false, layerNormalization: false })).toBe(0);
    const x = data([4, 3, 4]);
    expectClose(predict(loaded, x), predict(model, x), 1e-4);
  });

  it("changes layers within other layers, and single layers", () => {
    class Holding extends tfl.layers.Layer {
      static readonly className = "Holding";
      readonly inner = [theirs.batch(), theirs.layer()];
      readonly other = { notALayer: theirs.batch };
    }
    expect(useFusedNormalization(new Holding({}))).toBe(2);
    expect(useFusedNormalization(theirs.batch())).toBe(1);
    expect(useFusedNormalization(batchNormalization())).toBe(0);
  });

  it("does not change subclasses", () => {
    const Their = theirs.batch().constructor as typeof BatchNormalization;
    class Own extends Their {}
    const layer = new Own();
    expect(useFusedNormalization(layer)).toBe(0);
    expect(layer).toBeInstanceOf(Own);
  });

  it("works with models from Python, whose axis is a list", () => {
    const layer = tfl.layers.batchNormalization({ axis: [2] as unknown as number });
    const x = data([4, 3, 5], 2, 1);
    const expected = (layer.apply(x, { training: true }) as tf.Tensor).dataSync();
    useFusedNormalization(layer);
    expectClose((layer.apply(x, { training: true }) as tf.Tensor).dataSync(), expected, 1e-4);
  });

  it("frees the same tensors as TensorFlow.js's layers", () => {
    const left = (prepare: (model: tfl.LayersModel) => void) => {
      const before = tf.memory().numTensors;
      const model = nested();
      prepare(model);
      const x = data([4, 3, 4]);
      predict(model, x);
      x.dispose();
      model.dispose();
      return tf.memory().numTensors - before;
    };
    expect(left((model) => void useFusedNormalization(model))).toBe(left(() => {}));
  });
});
