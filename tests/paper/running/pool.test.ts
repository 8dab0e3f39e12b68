import { expect, it, onTestFinished } from "vitest";
import type { Folders } from "../../../learning/data/prepare.js";
import type { RunConfig } from "../../../paper/config.js";
import { type PlannedRun, type Pool, startPool } from "../../../paper/running/pool.js";
import { RunFile } from "../../../paper/running/runFile.js";
import type { News } from "../../../paper/running/worker.js";
import { folderOf } from "../../helpers/folders.js";
import { SMALL } from "./configs.js";

/** Enough that a run reports progress several times before it ends, so that the tests can interrupt it. */
const EPOCHS = 40;

function poolFor(runs: string, processes: number, folders: Folders = {}): Pool {
  const pool = startPool(processes, { folders, runs });
  onTestFinished(pool.stop);
  return pool;
}

const planned = (configs: RunConfig[]): PlannedRun[] => configs.map((config) => ({ config, origin: "test" }));

/** The result of a run, without its times. */
async function outcome(runs: string, config: RunConfig) {
  const finished = await new RunFile(runs, config, "test").readFinished();
  return {
    ...finished,
    record: { ...finished?.record, epochs: finished?.record.epochs.map((epoch) => ({ ...epoch, seconds: 0 })) },
  };
}

it("continues a run whose process was killed after its last complete epoch, with the same numbers", async () => {
  const [whole, broken] = [folderOf({}), folderOf({})];
  const config: RunConfig = { ...SMALL, epochs: EPOCHS };
  await poolFor(whole, 1).run(planned([config]), () => {});

  const pool = poolFor(broken, 1);
  const interrupted = pool.run(planned([config, { ...config, seed: 2 }]), (_, news) => {
    if (news.kind === "progress" && news.epoch > 2) pool.stop();
  });
  const failures = await interrupted;
  expect(failures.map(({ message }) => message)).toEqual(["classification, uan-data, seed 1: its process ended with SIGKILL"]);
  const left = await new RunFile(broken, config, "test").readState();
  const done = left?.record.epochs.length as number;
  expect(done).toBeGreaterThanOrEqual(2);
  expect(done).toBeLessThan(EPOCHS);

  const news: News[] = [];
  await poolFor(broken, 1).run(planned([config]), (_, some) => news.push(some));
  expect(news[0]).toEqual({ kind: "resumed", epochs: done });
  const outcomes = [await outcome(whole, config), await outcome(broken, config)];
  expect(outcomes[0]?.record.epochs).toHaveLength(EPOCHS);
  expect(outcomes[1]).toEqual(outcomes[0]);
});

it("shares runs between processes, whose number does not change the results", async () => {
  const [one, two] = [folderOf({}), folderOf({})];
  const configs = [1, 2, 3].map((seed) => ({ ...SMALL, seed }));
  const finished: number[] = [];
  let epochs = 0;
  await poolFor(two, 2).run(planned(configs), ({ seed }, news) => {
    if (news.kind === "finished") finished.push(seed);
    if (news.kind === "progress") epochs += news.epochs;
  });
  expect(finished.sort()).toEqual([1, 2, 3]);
  expect(epochs).toBeCloseTo(12);
  await poolFor(one, 1).run(planned(configs), () => {});
  for (const config of configs) expect(await outcome(two, config)).toEqual(await outcome(one, config));
});

it("reports a run that fails, and makes the others", async () => {
  const folder = folderOf({});
  const failing: RunConfig = { ...SMALL, data: { name: "cifar-10", seed: 1 } };
  const configs = [SMALL, failing, { ...SMALL, seed: 2 }];
  const failed: unknown[] = [];
  const failures = await poolFor(folder, 1, { "cifar-10": "/nowhere" }).run(planned(configs), (config, news) => {
    if (news.kind === "failed") failed.push(config);
  });
  expect(failed).toEqual([failing]);
  expect(failures.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^classification, uan-data, seed 1: \/nowhere\/data_batch_1\.bin: there is no such file/),
  ]);
  expect(await new RunFile(folder, SMALL, "test").readFinished()).toBeDefined();
  expect(await new RunFile(folder, { ...SMALL, seed: 2 }, "test").readFinished()).toBeDefined();
});

it("replaces a process that dies, and makes the other runs", async () => {
  const folder = folderOf({});
  const pool = poolFor(folder, 1);
  const dying: RunConfig = { ...SMALL, epochs: EPOCHS };
  const failures = await pool.run(planned([dying, { ...SMALL, seed: 2 }, { ...SMALL, seed: 3 }]), (config, news) => {
    if (config !== dying || news.kind !== "progress") return;
    for (const worker of pool.workers) worker.kill("SIGKILL");
  });
  expect(failures.map(({ message }) => message)).toEqual(["classification, uan-data, seed 1: its process ended with SIGKILL"]);
  for (const seed of [2, 3]) expect(await new RunFile(folder, { ...SMALL, seed }, "test").readFinished()).toBeDefined();
  expect(pool.workers.size).toBeLessThanOrEqual(1);
});
