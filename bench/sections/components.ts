import { comparePasses } from "../passes.js";
import type { Section } from "../section.js";

const SHAPE = [1, 56, 56, 64];
const COMPONENTS = [1, 2, 3, 5, 8, 16];

export const components: Section = {
  name: "components",
  question: "How does the time of UAN grow with its components?",
  run: (context) =>
    comparePasses(context, {
      axis: "components",
      note: `Activations [${SHAPE.join(", ")}].`,
      cases: COMPONENTS.map((K) => ({ name: `${K}`, x: K, shape: SHAPE, components: K })),
    }),
};
