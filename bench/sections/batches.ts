import { comparePasses } from "../passes.js";
import type { Section } from "../section.js";

const BATCHES = [1, 2, 4, 8, 32];
const EXAMPLES = [[256], [14, 14, 64]];

export const batches: Section = {
  name: "batches",
  question: "How fast is UAN in small batches?",
  run: (context) =>
    comparePasses(context, {
      axis: "activations",
      note: "K = 3.",
      cases: EXAMPLES.flatMap((example) => BATCHES.map((batch) => ({ shape: [batch, ...example] }))),
    }),
};
