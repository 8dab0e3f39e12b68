import { shapeText } from "../comparison.js";
import { comparePasses } from "../passes.js";
import type { Section } from "../section.js";

const CHANNELS = 100;
const ACTIVATIONS = [1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7];

export const activations: Section = {
  name: "activations",
  question: "From how many activations on is the fixed cost of a call negligible?",
  run: (context) =>
    comparePasses(context, {
      axis: "activations",
      note:
        `${CHANNELS} channels, K = 3. The median for the fewest activations is the fixed cost of a call. It is negligible where ` +
        "ns per element stops falling.",
      cases: ACTIVATIONS.map((count) => {
        const shape = [count / CHANNELS, CHANNELS];
        return { name: `${count.toLocaleString("en")} ${shapeText(shape)}`, x: count, shape };
      }),
    }),
};
