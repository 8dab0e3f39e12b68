import { type Scores, scores } from "../metrics.js";
import { batches, type Domain, imageTensor } from "./batches.js";
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
