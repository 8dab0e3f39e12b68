import { comparePasses } from "../passes.js";
import type { Section } from "../section.js";

const CHANNELS = [1, 3, 7, 16, 63, 64, 65, 256, 1000, 1024];
const ACTIVATIONS = 2 ** 18;

export const channels: Section = {
  name: "channels",
  question: "What is the cost of many channels, and of an odd number of channels?",
  run: (context) =>
    comparePasses(context, {
      axis: "channels",
      note: `About ${ACTIVATIONS.toLocaleString("en")} activations, K = 3.`,
      cases: CHANNELS.map((count) => ({ name: `${count}`, x: count, shape: [Math.round(ACTIVATIONS / count), count] })),
    }),
};
