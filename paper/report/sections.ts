import { ALL_EXPERIMENTS, CHOICE, type ExperimentName } from "../config.js";
import type { Results } from "../results.js";
import { batchSize } from "./batchSize.js";
import { choice } from "./choice.js";
import { classification } from "./classification.js";
import { components } from "./components.js";
import { domainAdaptation } from "./domainAdaptation.js";
import { gradients } from "./gradients.js";
import { longer } from "./longer.js";
import { mixedDomains } from "./mixedDomains.js";
import { recalibration } from "./recalibration.js";
import { type Runs, withConfig } from "./runs.js";
import type { Section } from "./section.js";

/** Of the experiment's runs, beside those of all experiments. */
const SECTIONS: Record<ExperimentName, (runs: Runs, all: Runs) => Section> = {
  classification,
  gradients,
  "batch-size": batchSize,
  components,
  "mixed-domains": mixedDomains,
  longer,
  "domain-adaptation": domainAdaptation,
  recalibration,
  [CHOICE]: choice,
};

/** One for each experiment that has runs. */
export function sectionsOf({ runs }: Results): Section[] {
  return ALL_EXPERIMENTS.flatMap((experiment) => {
    const own = withConfig(runs, { experiment });
    return own.length > 0 ? [SECTIONS[experiment](own, runs)] : [];
  });
}

/** How many comparisons the sections make. */
export const comparisonsOf = (sections: Section[]): number =>
  sections.flatMap(({ verdicts }) => verdicts).reduce((sum, { comparisons }) => sum + comparisons, 0);
