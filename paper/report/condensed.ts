import { mean } from "../metrics.js";
import type { Finished, Results, RunRecord } from "../results.js";
import type { GradientRecord } from "../training/gradients.js";

/** Merges records into one that gives the same table: means, and the largest changes. */
function merged(records: GradientRecord[]): GradientRecord[] {
  const last = records.at(-1);
  if (!last) return [];
  const means = (list: (record: GradientRecord) => number[]) =>
    list(last).map((_, i) => mean(records.map((record) => list(record)[i] as number)));
  const [norms, fluctuations, variances] = (["norm", "fluctuation", "variance"] as const).map((key) =>
    means(({ layers }) => layers.map((layer) => layer[key])),
  );
  return [
    {
      at: last.at,
      layers: last.layers.map(({ layer }, i) => ({
        layer,
        norm: norms?.[i] as number,
        fluctuation: fluctuations?.[i] as number,
        variance: variances?.[i] as number,
      })),
      turn: means(({ turn }) => turn),
      change: last.change.map((_, i) => Math.max(...records.map(({ change }) => change[i] as number))),
    },
  ];
}

function condensedRecord({ config, record: { epochs, gradients, mixtures } }: Finished): RunRecord {
  const early = config.experiment === "classification" ? epochs.find(({ test }) => test) : undefined;
  const kept = new Set([early, epochs.at(-1)]);
  return {
    epochs: epochs.filter((epoch) => kept.has(epoch)).map((epoch) => ({ ...epoch, losses: [] })),
    ...(gradients && { gradients: merged(gradients) }),
    ...(mixtures && { mixtures: mixtures.map(({ used }) => ({ used, channels: [] })) }),
  };
}

/** Only what the figures of docs/evidence.md depend on. */
export function condensed(results: Results): Results {
  return { ...results, runs: results.runs.map((run): Finished => ({ ...run, record: condensedRecord(run) })) };
}
