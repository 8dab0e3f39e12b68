import type * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type GroupNormalization,
  groupNormalization,
  type InstanceNormalization,
  instanceNormalization,
} from "../../src/layers.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { built, data, trainingGradients } from "../helpers/models.js";

/** The layer with weights that differ from the initial ones, and the reference's problem for x. */
function problem(layer: GroupNormalization | InstanceNormalization, x: tf.Tensor, groups: number) {
  const { shape } = x;
  built(layer, shape.slice(1));
  const at = layer.axis < 0 ? layer.axis + x.rank : layer.axis;
  const [slices, channels] = [shape[0], shape[at]] as [number, number];
  const [gamma, beta] = [data([channels], 1, 1, 2), data([channels], 1, 0, 3)];
  layer.setWeights([gamma, beta]);
  const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);
  const sizes = { slices, outer: product(shape.slice(1, at)), channels, inner: product(shape.slice(at + 1)), groups };
  return { ...sizes, epsilon: layer.epsilon, x: x.dataSync(), gamma: gamma.dataSync(), beta: beta.dataSync() };
}

describe.each(["wasm", "cpu"])("on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each<[string, GroupNormalization | InstanceNormalization, number[], number]>([
    ["32 groups", groupNormalization(), [3, 5, 64], 32],
    ["3 groups", groupNormalization({ groups: 3, epsilon: 0.1 }), [4, 3, 3, 6], 3],
    ["one group", groupNormalization({ groups: 1 }), [4, 6], 1],
    ["a group per channel", groupNormalization({ groups: -1 }), [2, 7, 6], 6],
    ["groups of channels first", groupNormalization({ groups: 2, axis: 1 }), [3, 4, 5, 5], 2],
    ["instances", instanceNormalization(), [4, 3, 3, 6], 6],
    ["instances of channels first", instanceNormalization({ axis: 1 }), [4, 6, 3, 3], 6],
  ])("%s has the formula's values and gradients, in training and in inference", (_, layer, shape, groups) => {
    const x = data(shape, 2, 1);
    const formula = problem(layer, x, groups);
    const { y } = normalizeSets(formula);
    expectClose((layer.apply(x) as tf.Tensor).dataSync(), y, 5e-5);
    expectClose((layer.apply(x, { training: true }) as tf.Tensor).dataSync(), y, 5e-5);
    const weight = data(shape, 1, 0, 9).dataSync();
    const dy = y.map((value, i) => (weight[i] as number) / Math.cosh(value) ** 2);
    const expected = normalizeSetsGradients(formula, dy);
    for (const [name, values] of Object.entries(trainingGradients(layer, x))) {
      expectCloseToLargest(values, expected[name as "x"], 1e-4, name);
    }
  });
});

describe("groupNormalization", () => {
  it.each([0, -2, 2.5])("refuses %d groups", (groups) => {
    const message = `argument 'groups' must be a positive integer, or -1 for one per channel, got ${groups}`;
    expect(() => groupNormalization({ groups })).toThrow(`GroupNormalization: ${message}`);
  });

  it("refuses groups that do not divide the channels", () => {
    expect(() => built(groupNormalization({ name: "gn" }), [48])).toThrow(
      "gn: argument 'groups' must divide the 48 channels, got 32",
    );
  });

  it("has Keras's configuration", () => {
    expect(Object.keys(groupNormalization({ name: "gn" }).getConfig()).sort()).toEqual(
      "axis betaConstraint betaInitializer betaRegularizer center epsilon gammaConstraint gammaInitializer gammaRegularizer groups name scale trainable".split(
        " ",
      ),
    );
  });
});
