import { CONVOLUTIONS, timeConvolution, timeNetwork } from "../convolutions.js";
import { SECTIONS, TABLES } from "../names.js";
import type { Row } from "../results.js";
import type { Section } from "../section.js";

export const convolution: Section = {
  name: SECTIONS.convolution,
  question: "How fast are the gradients of convolutions?",
  backends: ["wasm"],
  async run(context) {
    const rows: Row[] = [];
    for (const convolution of CONVOLUTIONS) rows.push(...(await timeConvolution(convolution, context)));
    const gradients = {
      title: TABLES.gradients,
      axis: "convolution",
      note: "Padding 'same'. tfjs-uan replaces the backend's own gradient of the input.",
      rows,
    };
    // On 'cpu' a step takes 17 seconds.
    if (context.quick) return [gradients];
    return [gradients, { title: TABLES.network, axis: "images", rows: await timeNetwork(context) }];
  },
};
