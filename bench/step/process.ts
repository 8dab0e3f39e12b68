import { setFlagsFromString } from "node:v8";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { setKernelReplacement } from "tfjs-uan";
import { BackendError } from "../../runtimes/backends.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";
import { NO_BASELINE_COMPILER } from "../v8.js";
import type { ContenderKey, StepCase } from "./cases.js";
import { makeBatch, makeModel, type Normalize, optimizerOf } from "./networks.js";
import { NORMALIZE } from "./normalizations.js";
import { type Profile, profile } from "./profile.js";

// The program of a process that trains one network for one contender, when it is told to.

export type Order =
  /** The first one. Steps until `warmUp` milliseconds have passed are not timed. */
  | { kind: "start"; contender: ContenderKey; of: StepCase; threads: number; checkedSteps: number; warmUp: number }
  /** Steps for so many milliseconds. */
  | { kind: "time"; milliseconds: number }
  | { kind: "profile"; steps: number };

/** The answer to each order. */
export interface Answers {
  /** The loss before each of the first steps, and what computes, if the backend's name does not say it. */
  start: { losses: number[]; device?: string };
  /** Of one step. */
  time: { milliseconds: number; processor: number };
  profile: Profile;
}

export type News = { kind: "answer"; answer: Answers[Order["kind"]] } | { kind: "failed"; message: string; isOfBackend: boolean };

let model: tfl.LayersModel;
let batch: { x: tf.Tensor; y: tf.Tensor };

const step = async () => (await model.trainOnBatch(batch.x, batch.y)) as number;

async function stepsFor(milliseconds: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  do {
    await step();
    count++;
  } while (performance.now() < start + milliseconds);
  return count;
}

async function start({ contender, of, threads, checkedSteps, warmUp }: Order & { kind: "start" }): Promise<Answers["start"]> {
  setFlagsFromString(NO_BASELINE_COMPILER);
  const { device } = await startNodeBackend(contender === "native" ? "tensorflow" : "wasm", threads);
  setKernelReplacement(contender !== "theirs");
  model = makeModel(of.network, NORMALIZE[contender][of.normalization] as Normalize, optimizerOf(contender, of));
  batch = makeBatch(of.network, of.batch);
  const losses: number[] = [];
  while (losses.length < checkedSteps) losses.push(await step());
  await stepsFor(warmUp);
  const { binding } = tf.backend() as { binding?: { TF_Version: string } };
  return { losses, ...(device && { device: binding ? `${device}, TensorFlow ${binding.TF_Version}` : device }) };
}

async function time(milliseconds: number): Promise<Answers["time"]> {
  // Fills the caches, which another process has used.
  await step();
  const before = process.cpuUsage();
  const start = performance.now();
  const count = await stepsFor(milliseconds);
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: took / count, processor: (user + system) / 1000 / count };
}

function obey(order: Order): Promise<Answers[Order["kind"]]> {
  if (order.kind === "start") return start(order);
  return order.kind === "time" ? time(order.milliseconds) : profile(step, order.steps);
}

process.on("message", async (order: Order) => {
  const tell = (news: News) => process.send?.(news);
  try {
    tell({ kind: "answer", answer: await obey(order) });
  } catch (error) {
    const { message, stack } = error as Error;
    const isOfBackend = error instanceof BackendError;
    tell({ kind: "failed", message: isOfBackend ? message : (stack ?? message), isOfBackend });
  }
});
process.on("disconnect", () => process.exit());
