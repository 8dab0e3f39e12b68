import * as tf from "@tensorflow/tfjs-core";
import { comparePasses } from "../passes.js";
import type { Row } from "../results.js";
import type { Section } from "../section.js";

const SHAPE = [8, 14, 14, 32];

export const backends: Section = {
  name: "backends",
  question: "How fast is UAN on TensorFlow.js's 'cpu', where the binary works on copies?",
  backends: ["wasm"],
  async run(context) {
    const rows: Record<string, Row[]> = {};
    const axis = "backend";
    const note = `Activations [${SHAPE.join(", ")}], K = 3.`;
    for (const backend of ["wasm", "cpu"]) {
      await tf.setBackend(backend);
      for (const table of await comparePasses(context, { axis, cases: [{ name: backend, shape: SHAPE }] })) {
        rows[table.title] ??= [];
        rows[table.title]?.push(...table.rows);
      }
    }
    return Object.entries(rows).map(([title, rows]) => ({ title, note, axis, rows }));
  },
};
