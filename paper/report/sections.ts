import { EXPERIMENTS, type ExperimentName } from "../config.js";
import type { Results } from "../results.js";
import { batchSize } from "./batchSize.js";
import { classification } from "./classification.js";
import { components } from "./components.js";
import { domainAdaptation } from "./domainAdaptation.js";
import { gradients } from "./gradients.js";
import { type Runs, withConfig } from "./runs.js";
import type { Section } from "./section.js";

const SECTIONS: Record<ExperimentName, (runs: Runs) => Section> = {
  classification,
  gradients,
  "batch-size": batchSize,
  components,
  "domain-adaptation": domainAdaptation,
};

/** One for each experiment that has runs. */
export function sectionsOf({ runs }: Results): Section[] {
  return EXPERIMENTS.flatMap((experiment) => {
    const own = withConfig(runs, { experiment });
    return own.length > 0 ? [SECTIONS[experiment](own)] : [];
  });
}

/** How many comparisons the sections make. */
export const comparisonsOf = (sections: Section[]): number =>
  sections.flatMap(({ verdicts }) => verdicts).reduce((sum, { comparisons }) => sum + comparisons, 0);
