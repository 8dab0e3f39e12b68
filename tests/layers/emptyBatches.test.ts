import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { EVERY, fused, training } from "../helpers/layers.js";
import { built, data, trainingGradients, valuesOf } from "../helpers/models.js";

const LAYERS = Object.entries({
  ...EVERY,
  "tf.layers.batchNormalization, fused": fused((args) => tfl.layers.batchNormalization(args)),
});

describe.each(BACKENDS)("an empty batch in training on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(LAYERS)("changes nothing in %s", (_, make) => {
    for (const shape of [
      [0, 6],
      [0, 4, 6],
      [3, 0, 6],
    ]) {
      const layer = make();
      const other = built(make(), shape.slice(1));
      // Neither as the first batch nor as a further one.
      training(layer, tf.zeros(shape));
      expect(valuesOf(layer)).toEqual(valuesOf(other));
      const x = data(
        shape.map((size) => size || 50),
        2,
        1,
      );
      training(layer, x);
      training(other, x);
      expect(training(layer, tf.zeros(shape)).shape).toEqual(shape);
      expect(valuesOf(layer)).toEqual(valuesOf(other));
      const { x: dx, ...gradients } = trainingGradients(layer, tf.zeros(shape));
      expect(dx).toHaveLength(0);
      expect(
        Object.values(gradients)
          .flatMap((values) => [...values])
          .every((value) => value === 0),
      ).toBe(true);
    }
  });
});
