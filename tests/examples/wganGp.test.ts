import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Gan, gradientPenalty, makeCritic, realImages, SIDE } from "../../examples/wganGp/gan.js";
import { generator, normal } from "../../learning/random.js";
import { useBackend } from "../helpers/backends.js";

/** The mean of the sums over images. A spot's is that of exp(-r²): π. The caller's images are disposed. */
const brightness = (images: tf.Tensor) =>
  tf.tidy(() => {
    const value = tf.mul(tf.mean(images), SIDE * SIDE).dataSync()[0] as number;
    images.dispose();
    return value;
  });

describe("the example of a WGAN with a gradient penalty", () => {
  beforeAll(() => useBackend("wasm"));

  it("has penalties whose gradients, of second order, are the difference quotients to within 2 % + 0.001", () => {
    const critic = makeCritic();
    const real = realImages(8, 1);
    const made = tf.randomUniform([8, SIDE, SIDE, 1], 0, 1, "float32", 2);
    const shares = tf.randomUniform([8, 1, 1, 1], 0, 1, "float32", 3);
    const penalty = () => gradientPenalty(critic, real, made, shares);
    // All but the biases of the last layer, whose gradient is 0.
    const variables = critic.trainableWeights.map((weight) => weight.read() as tf.Variable).slice(0, -1);
    const { grads } = tf.tidy(() => tf.variableGrads(penalty, variables));
    variables.forEach((variable, i) => {
      const direction = tf.tensor(normal(generator(i), variable.size), variable.shape);
      const slope = tf.sum(tf.mul(grads[variable.name] as tf.Tensor, direction)).dataSync()[0] as number;
      const start = variable.clone();
      const [after, before] = [1, -1].map((sign) => {
        variable.assign(tf.add(start, tf.mul(direction, sign * 1e-3)));
        return penalty().dataSync()[0] as number;
      }) as [number, number];
      variable.assign(start);
      expect(Math.abs(slope - (after - before) / 2e-3), variable.name).toBeLessThan(0.02 * Math.abs(slope) + 0.001);
    });
  });

  it("trains: images come three times as near to the brightness of real ones, the penalty falls to a third, and no tensor leaks", () => {
    const before = tf.memory().numTensors;
    const gan = new Gan(8);
    const penalty = () => {
      const [real, made, shares] = [realImages(100, 1), gan.images(100), tf.randomUniform([100, 1, 1, 1], 0, 1, "float32", 2)];
      return gradientPenalty(gan.critic, real, made, shares).dataSync()[0] as number;
    };
    const untrained = tf.tidy(penalty);
    const real = brightness(realImages(100, 1));
    const far = Math.abs(brightness(gan.images(100)) - real);
    gan.step();
    const held = tf.memory().numTensors;
    for (let step = 0; step < 30; step++) gan.step();
    expect(tf.memory().numTensors).toBe(held);
    expect(tf.tidy(penalty)).toBeLessThan(untrained / 3);
    expect(Math.abs(brightness(gan.images(100)) - real)).toBeLessThan(far / 3);
    gan.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
