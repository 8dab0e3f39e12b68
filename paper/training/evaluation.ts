import type { Examples } from "../../learning/data/dataset.js";
import { type Scores, scores } from "../metrics.js";
import type { Recalibrated } from "../results.js";
import { batches, type Domain, type Domains, imageTensor } from "./batches.js";
import type { Learner } from "./learner.js";
import type { Watch } from "./watch.js";

const BATCH_SIZE = 250;

/** The network's scores on a domain's test images. */
export async function evaluate(learner: Learner, domain: Domain, watch: Watch): Promise<Scores> {
  const { test } = domain.dataset;
  const predictions: number[] = [];
  for (const batch of batches(test, Uint32Array.from(test.labels.keys()), BATCH_SIZE)) {
    const x = imageTensor(batch, domain);
    predictions.push(...learner.predict(x));
    x.dispose();
    await watch.pause();
  }
  return scores(predictions, test.labels);
}

/** Recalibration sees at most so many training images. */
export const RECALIBRATION_IMAGES = 512;

async function recalibrate(learner: Learner, domain: Domain, watch: Watch): Promise<boolean> {
  const { train } = domain.dataset;
  const [first] = batches(train, Uint32Array.from(train.labels.keys()), RECALIBRATION_IMAGES);
  const x = imageTensor(first as Examples, domain);
  const isDone = await learner.recalibrate(x, BATCH_SIZE);
  x.dispose();
  await watch.pause();
  return isDone;
}

/**
 * The network's scores on each domain with moving moments of that domain's training images, whose labels are not used. Undefined if
 * the network has no moving moments. The network's own are lost.
 */
export async function recalibratedScores(learner: Learner, domains: Domains, watch: Watch): Promise<Recalibrated | undefined> {
  const { source, target, elsewhere } = domains;
  if (!(await recalibrate(learner, source, watch))) return undefined;
  const test = await evaluate(learner, source, watch);
  const other = target ?? elsewhere;
  if (!other) return { test };
  await recalibrate(learner, other, watch);
  return { test, target: await evaluate(learner, other, watch) };
}
