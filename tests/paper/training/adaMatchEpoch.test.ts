import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import "tfjs-uan";
import type { Examples } from "../../../learning/data/dataset.js";
import type * as AdaMatch from "../../../paper/training/adaMatch.js";
import { adaMatchLoss } from "../../../paper/training/adaMatch.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, outcome, train } from "./setting.js";

vi.mock(import("../../../paper/training/adaMatch.js"), async (original) => {
  const module: typeof AdaMatch = await original();
  return { ...module, adaMatchLoss: vi.fn(module.adaMatchLoss) };
});

const source = domain({ channels: 3 });
const target = domain({ channels: 3, seed: 2, bright: 120, dark: 40 });
const run = config({ method: "bn", normalizes: "all" });

beforeAll(() => useBackend("wasm"));
beforeEach(() => void vi.mocked(adaMatchLoss).mockClear());

const calls = () =>
  vi.mocked(adaMatchLoss).mock.calls.map(([, , labelled, unlabelled, done, random]) => ({ labelled, unlabelled, done, random }));

/** Each image as text, in order. */
const imagesOf = (...parts: Examples[]) =>
  parts.flatMap(({ images, count }) => {
    const size = images.length / count;
    return Array.from({ length: count }, (_, n) => images.subarray(n * size, (n + 1) * size).join());
  });

it("passes the complete share of the training to each step", async () => {
  await train(run, { source, target });
  expect(calls().map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((step) => step / 8));
});

it("goes through both domains once in each epoch, each in its own order, which differs between epochs", async () => {
  await train(run, { source, target });
  const [one, two] = [calls().slice(0, 4), calls().slice(4)];
  for (const [domain, part] of [
    [source, "labelled"],
    [target, "unlabelled"],
  ] as const) {
    const [first, second] = [one, two].map((epoch) => imagesOf(...epoch.map((step) => step[part]))) as [string[], string[]];
    expect([...first].sort()).toEqual(imagesOf(domain.dataset.train).sort());
    expect([...second].sort()).toEqual(imagesOf(domain.dataset.train).sort());
    expect(second).not.toEqual(first);
  }
  const positions = (part: "labelled" | "unlabelled", all: string[]) =>
    imagesOf(...one.map((step) => step[part])).map((image) => all.indexOf(image));
  expect(positions("labelled", imagesOf(source.dataset.train))).not.toEqual(
    positions("unlabelled", imagesOf(target.dataset.train)),
  );
});

it("augments by other random numbers in the next epoch", async () => {
  await train(run, { source, target });
  const [one, same, , , two] = calls().map(({ random }) => random);
  expect(same).toBe(one);
  expect(two?.next()).not.toBe(one?.next()); // after what each epoch drew
});

it.each([
  [24, "begins again with a target domain that has fewer images"],
  [100, "has as many as of the source of one that has more"],
])("of %i images: %s", async (count) => {
  const other = domain({ channels: 3, seed: 3, train: count });
  await train(run, { source: domain({ channels: 3, train: 40 }), target: other }, 1);
  expect(calls().map(({ unlabelled }) => unlabelled.count)).toEqual([16, 16, 8]);
  const seen = imagesOf(...calls().map(({ unlabelled }) => unlabelled));
  expect(new Set(seen).size).toBe(Math.min(40, count));
  expect(new Set(seen.slice(0, 24)).size).toBe(24);
});

it("does not use the labels of the target domain's training images", async () => {
  const { dataset } = target;
  const labels = dataset.train.labels.map((label) => 3 - label);
  const mislabelled = { ...target, dataset: { ...dataset, train: { ...dataset.train, labels } } };
  const [one, other] = [await train(run, { source, target }, 1), await train(run, { source, target: mislabelled }, 1)];
  expect(outcome(other)).toEqual(outcome(one));
});

it("learns both domains", async () => {
  const long = config({ method: "bn", normalizes: "all", learningRate: 0.01, epochs: 12 });
  const { record } = await train(long, { source, target });
  expect(record.epochs.at(-1)?.test?.accuracy).toBeGreaterThan(0.9);
  expect(record.epochs.at(-1)?.target?.accuracy).toBeGreaterThan(0.9);
});
