import * as tf from "@tensorflow/tfjs-core";
import { type Examples, pick } from "../../learning/data/dataset.js";
import { takingTurns } from "../../learning/data/mixed.js";
import { Random } from "../../learning/random.js";
import { isTested, type RunConfig } from "../config.js";
import { mean } from "../metrics.js";
import type { EpochRecord, RunRecord } from "../results.js";
import { adaMatchLoss } from "./adaMatch.js";
import { batches, type Domain, type Domains, imageTensor, labelTensor } from "./batches.js";
import { evaluate, recalibratedScores } from "./evaluation.js";
import { GradientObserver } from "./gradients.js";
import { Learner, type LearnerState, type StepLoss } from "./learner.js";
import { observeMixtures } from "./mixtures.js";
import type { Watch } from "./watch.js";

/** The state of a run between two epochs. */
export interface RunState {
  record: RunRecord;
  learner: LearnerState;
}

/** The record of an epoch has the mean losses of so many equal parts. */
const LOSS_PARTS = 10;

function supervisedLoss(learner: Learner, source: Domain, examples: Examples): StepLoss {
  const x = imageTensor(examples, source);
  const y = labelTensor(examples, source.dataset.classes);
  return {
    loss: () => tf.losses.softmaxCrossEntropy(y, learner.logits(x, true)),
    dispose: () => tf.dispose([x, y]),
  };
}

function* stepLosses(config: RunConfig, learner: Learner, { source, target }: Domains, epoch: number): Generator<StepLoss> {
  const { seed, batchSize, epochs } = config;
  const random = (name: string) => new Random(seed, name, epoch);
  const order = (domain: Domain, name: string) => random(name).order(domain.dataset.train.count);
  const { train } = source.dataset;
  const shuffled = order(source, "order");
  const sources = batches(train, config.data.mixed ? takingTurns(shuffled) : shuffled, batchSize);
  if (!target) {
    for (const examples of sources) yield supervisedLoss(learner, source, examples);
    return;
  }
  const augmentations = random("AdaMatch");
  const targetOrder = order(target, "target order");
  const steps = Math.ceil(train.count / batchSize);
  let step = 0;
  for (const examples of sources) {
    const at = Uint32Array.from(
      { length: examples.count },
      (_, i) => targetOrder[(step * batchSize + i) % targetOrder.length] as number,
    );
    const unlabelled = pick(target.dataset.train, at);
    const done = ((epoch - 1) * steps + step) / (epochs * steps);
    yield adaMatchLoss(learner, { source, target }, examples, unlabelled, done, augmentations);
    step++;
  }
}

/** Means over parts of the values, of nearly equal size. There are at most as many parts as values. */
function partMeans(values: number[], parts: number): number[] {
  const count = Math.min(parts, values.length);
  const start = (i: number) => Math.floor((i * values.length) / count);
  return Array.from({ length: count }, (_, i) => mean(values.slice(start(i), start(i + 1))));
}

/**
 * Trains an epoch. The result depends only on the arguments, because everything is created again for each epoch. So an interrupted
 * run continues with the same numbers.
 *
 * @param state the state after the epoch before; undefined for the first epoch
 */
export async function trainEpoch(
  config: RunConfig,
  state: RunState | undefined,
  domains: Domains,
  watch: Watch,
): Promise<RunState> {
  const record: RunRecord = structuredClone(state?.record ?? { epochs: [] });
  const epoch = record.epochs.length + 1;
  const { source, target, elsewhere } = domains;
  const { dataset } = source;
  const learner = new Learner(config, dataset, dataset.classes);
  if (state) await learner.load(state.learner);

  const steps = Math.ceil(dataset.train.count / config.batchSize);
  const observer = config.observe === "gradients" ? new GradientObserver(learner, steps, epoch - 1) : undefined;
  const losses: number[] = [];
  let milliseconds = 0;
  let startedAt = performance.now();
  for (const { loss, dispose } of stepLosses(config, learner, domains, epoch)) {
    if (observer) {
      losses.push(observer.step(loss));
    } else {
      const { loss: value, gradients } = learner.gradients(loss);
      learner.apply(gradients);
      tf.dispose(gradients);
      losses.push(value);
    }
    dispose();
    milliseconds += performance.now() - startedAt;
    if (config.observe === "mixtures" && epoch === 1 && losses.length === 1) record.mixtures = [observeMixtures(learner, source)];
    watch.step(1 / steps);
    await watch.pause();
    startedAt = performance.now();
  }

  const done: EpochRecord = { epoch, loss: mean(losses), losses: partMeans(losses, LOSS_PARTS), seconds: milliseconds / 1000 };
  const other = target ?? elsewhere;
  if (isTested(epoch, config)) {
    done.test = await evaluate(learner, source, watch);
    if (other) done.target = await evaluate(learner, other, watch);
  }
  record.epochs.push(done);
  if (observer) record.gradients = [...(record.gradients ?? []), ...observer.records];
  const isOver = epoch === config.epochs;
  if (config.observe === "mixtures" && isOver) record.mixtures?.push(observeMixtures(learner, source));
  const learned = await learner.save();
  const isSound = learned.weights.every(({ values }) => values.every(Number.isFinite));
  const recalibrated = isOver && isSound ? await recalibratedScores(learner, domains, watch) : undefined;
  if (recalibrated) done.recalibrated = recalibrated;
  learner.dispose();
  return { record, learner: learned };
}
