import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { binaryFlags, chosenBinary } from "../binary.js";
import type { Row } from "../results.js";
import type { Samples } from "../rounds.js";
import { timedRows } from "../rows.js";
import type { Section } from "../section.js";

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL("../startupChild.mjs", import.meta.url));
const WITHOUT = "without tfjs-uan";
const WITH = "with tfjs-uan";
/** The processes that are started: contender and argument. */
const PROCESSES = [
  [WITHOUT, "without"],
  [WITH, "with"],
  [WITH, "compile"],
] as const;

async function binaries(): Promise<Row[]> {
  const files = {
    "tfjs-uan": chosenBinary(),
    "backend wasm": new URL("../../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm", import.meta.url),
  };
  const sizes = Object.entries(files).map(async ([contender, file]): Promise<Row> => {
    const { size } = await stat(file);
    return { case: "chosen here", contender, quantity: { value: size, unit: "bytes" } };
  });
  return Promise.all(sizes);
}

export const startup: Section = {
  name: "startup",
  question: "How long until the first result?",
  backends: ["wasm"],
  inNodeOnly: true,
  threads: "none",
  async run({ quick, progress }) {
    const events: Record<string, Samples> = {};
    const rounds = quick ? 2 : 9;
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      for (const [contender, mode] of PROCESSES) {
        const { stdout } = await run(process.execPath, [...binaryFlags, CHILD, mode, chosenBinary().href]);
        for (const [event, milliseconds] of Object.entries<number>(JSON.parse(stdout))) {
          events[event] ??= {};
          events[event][contender] ??= [];
          events[event][contender].push(milliseconds);
        }
      }
    }
    const note =
      "Processes in turns. Both import tfjs-core and the backend. The first result is tf.batchNorm or UAN of activations [128, 256]; its " +
      "time includes compiling.";
    const rows = Object.entries(events).flatMap(([event, samples]) => timedRows({ case: event }, samples, WITHOUT));
    return [
      { title: "times", axis: "event", note, rows },
      { title: "binaries", axis: "binary", rows: await binaries() },
    ];
  },
};
