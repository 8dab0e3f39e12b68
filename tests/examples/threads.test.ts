import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { train } from "../../examples/threads/train.js";

it("the example of threads trains on 1 and on 2 to the same losses, which fall, and no tensor leaks", async () => {
  const sizes = { count: 64, epochs: 3 };
  const one = await train({ threads: 1, ...sizes });
  const held = tf.memory().numTensors;
  const two = await train({ threads: 2, ...sizes });
  expect([one.threads, two.threads]).toEqual([1, 2]);
  expect(two.losses).toEqual(one.losses);
  expect(one.losses.at(-1)).toBeLessThan(one.losses[0] as number);
  expect(tf.memory().numTensors).toBe(held);
});
