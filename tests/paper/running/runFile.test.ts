import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import type { Finished } from "../../../paper/results.js";
import { RunFile } from "../../../paper/running/runFile.js";
import { folderOf } from "../../helpers/folders.js";
import { SMALL } from "./configs.js";

const epochs = [{ epoch: 1, loss: Number.NaN, losses: [2.5, Number.NaN], seconds: 1 }];
const state = {
  record: { epochs },
  learner: {
    weights: [{ name: "kernel", shape: [2], dtype: "float32" as const, values: Float32Array.of(1, -0.1) }],
    optimizer: [{ name: "iter", shape: [], dtype: "int32" as const, values: Int32Array.of(7) }],
  },
};
const finished: Finished = { config: SMALL, source: "MNIST: some", classes: 10, record: { epochs } };

it("reads a state as it was written", async () => {
  const file = new RunFile(folderOf({}), SMALL, "a");
  expect(await file.readState()).toBeUndefined();
  await file.writeState(state);
  expect(await file.readState()).toEqual(state);
});

it("replaces a state by the result, and keeps the NaN of a diverged loss", async () => {
  const folder = folderOf({});
  const file = new RunFile(folder, SMALL, "a");
  await file.writeState(state);
  expect(await file.readFinished()).toBeUndefined();
  await file.writeFinished(finished);
  expect(await file.readFinished()).toEqual(finished);
  expect(await file.readState()).toBeUndefined();
  expect(readdirSync(folder)).toHaveLength(1);
});

it.each(["", "half a"])("warns of a file that holds '%s', and treats it as missing", async (text) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const spoil = (folder: string) => {
    const [name] = readdirSync(folder);
    writeFileSync(join(folder, name as string), text);
    return [expect.stringMatching(`${name}: cannot be read \\(.+\\); the run starts without it`)];
  };
  const [one, other] = [folderOf({}), folderOf({})];
  const going = new RunFile(one, SMALL, "a");
  await going.writeState(state);
  const done = new RunFile(other, SMALL, "a");
  await done.writeFinished(finished);
  const said = [spoil(one), spoil(other)];
  expect(await going.readState()).toBeUndefined();
  expect(await done.readFinished()).toBeUndefined();
  expect(warn.mock.calls).toEqual(said);
});

it("removes all files of a run", async () => {
  const folder = folderOf({});
  const file = new RunFile(folder, SMALL, "a");
  await file.writeFinished(finished);
  await file.writeState(state);
  await file.remove();
  await file.remove();
  expect(readdirSync(folder)).toEqual([]);
});

it("has other files for another configuration or another origin", async () => {
  const folder = folderOf({});
  await new RunFile(folder, SMALL, "a").writeFinished(finished);
  expect(await new RunFile(folder, { ...SMALL, learningRate: 0.001 }, "a").readFinished()).toBeUndefined();
  expect(await new RunFile(folder, { ...SMALL, data: { ...SMALL.data, train: 65 } }, "a").readFinished()).toBeUndefined();
  expect(await new RunFile(folder, SMALL, "b").readFinished()).toBeUndefined();
  expect(await new RunFile(folder, SMALL, "a").readFinished()).toBeDefined();
});
