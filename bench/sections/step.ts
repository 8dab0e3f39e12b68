import { SECTIONS, STEP_CONTENDERS, TABLES } from "../names.js";
import type { ResultTable, Row } from "../results.js";
import type { Section } from "../section.js";
import { CASES, CASES_NOTE, caseName } from "../step/cases.js";
import { kernelTable } from "../step/kernelTable.js";
import { measureStep, nothingKnown } from "../step/measure.js";
import { NORMALIZATIONS_NOTE } from "../step/normalizations.js";

const threadsNote = (threads: number) =>
  threads === 1
    ? "One thread each."
    : `${threads} threads, but one for '${STEP_CONTENDERS.theirs}', because TensorFlow.js has no threads in Node.js.`;

const CONTENDERS_NOTE =
  `'${STEP_CONTENDERS.theirs}' has the kernels that the backend lacks from the library, and no replaced ones; the gradients of ` +
  "its volumes are wrong. The losses of the others agree.";

export const step: Section = {
  name: SECTIONS.step,
  question: "How long does a training step take, and what of it does each kernel take?",
  backends: ["wasm"],
  inNodeOnly: true,
  async run(context) {
    const rows: Row[] = [];
    const scaling: Row[] = [];
    const kernels: ResultTable[] = [];
    const known = nothingKnown();
    for (const of of CASES) {
      if (context.quick && !of.isQuick) continue;
      context.progress(caseName(of));
      const found = await measureStep(of, context, known);
      rows.push(...found.rows);
      scaling.push(...found.scaling);
      if (of.isProfiled) kernels.push(kernelTable(`kernels: ${caseName(of)}`, found.profiles));
    }
    const devices = [...known.devices].map(([contender, device]) => `${STEP_CONTENDERS[contender]} is ${device}.`);
    const missing = [...known.leftOut].map(([contender, why]) => `Left out: ${STEP_CONTENDERS[contender]} (${why}).`);
    const note = [
      CASES_NOTE,
      NORMALIZATIONS_NOTE,
      threadsNote(context.threads ?? 1),
      CONTENDERS_NOTE,
      ...devices,
      ...missing,
    ].join(" ");
    const ofOurs = { title: "scaling", axis: "step", note: "The library's step on its threads, against one.", rows: scaling };
    return [{ title: TABLES.steps, axis: "step", note, rows }, ...(scaling.length > 0 ? [ofOurs] : []), ...kernels];
  },
};
