import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchNormalization, useFusedNormalization } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { EVERY, fused, training, WITH_STATE } from "../helpers/layers.js";
import { data, networkWith, reloaded, train, trainingGradients, valuesOf } from "../helpers/models.js";

const keras = Object.entries({
  ...EVERY,
  ...WITH_STATE,
  "tf.layers.batchNormalization, fused as Keras's": fused((args) => tfl.layers.batchNormalization(args), { asKeras: true }),
}).filter(([name]) => name !== "batchNormalization");

const x = () => data([40, 6], 2, 1, 7);

/** A layer that has seen a batch that is far from x. */
function seasoned(make: (args?: Record<string, unknown>) => tfl.layers.Layer) {
  const layer = make({ momentum: 0.5 });
  training(layer, data([300, 6], 1, -3));
  return layer;
}

describe("a frozen layer", () => {
  beforeAll(() => useBackend("wasm"));

  it.each(keras)("%s: infers in training, and nothing moves", (_, make) => {
    const layer = seasoned(make);
    layer.trainable = false;
    const [before, inferred] = [valuesOf(layer), (layer.apply(x()) as tf.Tensor).dataSync()];
    expect(training(layer, x()).dataSync()).toEqual(inferred);
    expect(valuesOf(layer)).toEqual(before);
    const weight = data([40, 6], 1, 0, 9);
    const inferring = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(weight, tf.tanh(layer.apply(x) as tf.Tensor))));
    expectClose(trainingGradients(layer, x()).x as Float32Array, inferring(x()).dataSync(), 1e-5);
  });

  const learning = Object.entries(WITH_STATE).filter(([name]) => !name.endsWith("data"));
  it.each(learning)("%s: learns again when it is trainable again", (_, make) => {
    const layer = seasoned(make);
    const before = valuesOf(layer);
    layer.trainable = false;
    training(layer, x());
    layer.trainable = true;
    training(layer, x());
    expect(valuesOf(layer)).not.toEqual(before);
  });

  it.each(Object.entries(WITH_STATE))("%s: gathers nothing before it learns", (_, make) => {
    const [layer, other] = [make(), make()];
    layer.trainable = false;
    training(layer, data([300, 6], 1, -3));
    layer.trainable = true;
    training(layer, x());
    training(other, x());
    expect(valuesOf(layer)).toEqual(valuesOf(other));
  });

  it.each(keras)("%s: in a model that is frozen as a whole", (_, make) => {
    const layer = make({ center: true, scale: true });
    const base = networkWith(layer, [2, 5]);
    tf.tidy(() => void base.apply(data([150, 2, 5], 1, -3), { training: true }));
    base.trainable = false;
    const before = valuesOf(base);
    const x = data([8, 2, 5]);
    expect((base.apply(x, { training: true }) as tf.Tensor).dataSync()).toEqual((base.apply(x) as tf.Tensor).dataSync());
    expect(valuesOf(base)).toEqual(before);
  });

  it.each(keras)("%s: stays frozen when it was saved, and its model's other layers train", async (_, make) => {
    const layer = make({ trainable: false });
    const model = networkWith(layer, [2, 5]);
    const before = valuesOf(layer);
    const loss = await train(model, data([64, 2, 5], 2, 1), data([64, 1]), 8);
    expect(loss.at(-1)).toBeLessThan(loss[0] as number);
    expect(valuesOf(layer)).toEqual(before);
    const loaded = await reloaded(model);
    expect(loaded.layers[1]?.trainable).toBe(false);
  });
});

describe("batchNormalization that is frozen", () => {
  beforeAll(() => useBackend("wasm"));

  it("keeps tf.layers' ways by default: it normalizes by the batch, and its averages move", () => {
    const [ours, theirs] = [batchNormalization({ trainable: false }), tfl.layers.batchNormalization({ trainable: false })];
    expectClose(training(ours, x()).dataSync(), (theirs.apply(x(), { training: true }) as tf.Tensor).dataSync(), 1e-4);
    expectClose(valuesOf(ours).flat(), valuesOf(theirs).flat(), 1e-5);
    expect(valuesOf(ours)[2]).not.toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("takes Keras's ways and tf.layers' again by useFusedNormalization, and keeps them where that says nothing", () => {
    const layer = tfl.layers.batchNormalization();
    const ways = (options: object) => {
      const changed = useFusedNormalization(layer, options);
      return [changed, (layer as { asKeras?: boolean }).asKeras];
    };
    expect(ways({ asKeras: true })).toEqual([1, true]);
    expect(ways({ asKeras: true })).toEqual([0, true]);
    expect(ways({})).toEqual([0, true]);
    expect(ways({ asKeras: false })).toEqual([1, false]);
    expect(ways({ batchNormalization: false, asKeras: true })).toEqual([1, undefined]);
    expect(ways({})).toEqual([1, false]);
    expect(useFusedNormalization(batchNormalization({ asKeras: true }), { asKeras: false })).toBe(1);
  });

  it("does not save which ways it has: it is tf.layers.batchNormalization", () => {
    expect(batchNormalization({ name: "n", asKeras: true }).getConfig()).toEqual(
      tfl.layers.batchNormalization({ name: "n" }).getConfig(),
    );
  });
});
