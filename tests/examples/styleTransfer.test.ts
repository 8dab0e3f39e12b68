import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { contentImages, styleImage } from "../../examples/styleTransfer/images.js";
import { asBmp } from "../../examples/styleTransfer/page.js";
import { StyleTransfer } from "../../examples/styleTransfer/transfer.js";
import { useBackend } from "../helpers/backends.js";

describe("the example of style transfer", () => {
  beforeAll(() => useBackend("wasm"));

  it("trains: the loss of the style falls to a third, on images that it has not seen, too, and no tensor leaks", () => {
    const before = tf.memory().numTensors;
    const style = styleImage();
    const transfer = new StyleTransfer(style);
    const step = (seed: number) => {
      const images = contentImages(2, seed);
      const losses = transfer.step(images);
      images.dispose();
      return losses;
    };
    const first = step(0);
    const held = tf.memory().numTensors;
    for (let seed = 1; seed < 50; seed++) step(seed);
    const last = step(50);
    expect(tf.memory().numTensors).toBe(held);
    expect(last.style).toBeLessThan(first.style / 3);
    transfer.dispose();
    style.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("draws an image the same with half of its contrast: instance normalization takes it out", () => {
    const style = styleImage();
    const { model } = new StyleTransfer(style);
    const images = contentImages(2, 1);
    const [drawn, drawnOfPale] = [images, tf.add(tf.mul(images, 0.5), 0.25)].map((x) => model.predict(x) as tf.Tensor) as [
      tf.Tensor,
      tf.Tensor,
    ];
    const difference = tf.mean(tf.abs(tf.sub(drawn, drawnOfPale))).dataSync()[0] as number;
    const [one, other] = tf.unstack(drawn) as [tf.Tensor, tf.Tensor];
    const between = tf.mean(tf.abs(tf.sub(one, other))).dataSync()[0] as number;
    // Not to zero: zeros are padded at the edge.
    expect(difference).toBeLessThan(0.5 * between);
  });

  it("writes images as BMP files, rows from the top, blue first", () => {
    const file = asBmp(tf.tensor3d([1, 0, 0, 0, 0.5, 0, 0, 0, 1], [1, 3, 3]));
    expect([file.toString("latin1", 0, 2), file.readUInt32LE(2), file.readInt32LE(18), file.readInt32LE(22)]).toEqual([
      "BM",
      66,
      3,
      -1,
    ]);
    expect([...file.subarray(54)]).toEqual([0, 0, 255, 0, 128, 0, 255, 0, 0, 0, 0, 0]);
  });
});
