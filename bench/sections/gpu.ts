import * as tf from "@tensorflow/tfjs-core";
import { shapeText } from "../comparison.js";
import { batchNorm } from "../contenders/batchNorm.js";
import { composedUan } from "../contenders/composedUan.js";
import { type Contender, NORMALIZATION_TRAFFIC, type Pass } from "../contenders/contender.js";
import { copy } from "../contenders/copy.js";
import { batch } from "../contenders/layers.js";
import { uan } from "../contenders/uan.js";
import { makeProblem, type Problem } from "../problem.js";
import type { ResultTable, Row } from "../results.js";
import { type Call, type Samples, timeInRounds } from "../rounds.js";
import { timedRows } from "../rows.js";
import type { Context, Section } from "../section.js";

const SHAPES = [
  [8, 32, 32, 64],
  [32, 32, 32, 64],
  [32, 56, 56, 256],
];

const CONTENDERS = [copy, uan, batchNorm, batch, composedUan];

/** The device's own clock: milliseconds of a call's programs, without what is between them. */
async function onDevice(calls: Record<string, Call>, seconds: number, rounds: number): Promise<Samples> {
  const samples: Samples = Object.fromEntries(Object.keys(calls).map((name) => [name, []]));
  const start = performance.now();
  const isTimeFor = (round: number) => performance.now() < start + seconds * (round < rounds ? 10_000 : 1000);
  for (let round = 0; round === 0 || isTimeFor(round); round++) {
    for (const [name, call] of Object.entries(calls)) {
      const { kernelMs } = await tf.time(() => void call());
      samples[name]?.push(kernelMs as number);
    }
  }
  return samples;
}

const hasClock = () => (tf.backend() as { supportTimestampQuery?: boolean }).supportTimestampQuery === true;

const NOTES: Record<Pass, string> = {
  forward: "K = 3. At the copy's rate a call takes ×1: it reads x and writes y.",
  training:
    "K = 3; forward and backward pass, with the gradients of x and of all parameters. At the copy's rate a call takes ×2.5: it reads x " +
    "and writes y, reads x and dy and writes dx. tf.batchNorm means tf.moments and tf.batchNorm.",
};

async function callsOf(problem: Problem, pass: Pass, contenders: Contender[], context: Context): Promise<Record<string, Call>> {
  const calls: Record<string, Call> = {};
  for (const contender of contenders) {
    const call = (await contender.calls(problem, context))[pass];
    if (call) calls[contender.name] = call;
  }
  return calls;
}

export const gpu: Section = {
  name: "gpu",
  question: "How fast is UAN on a GPU, compared with batch normalization and with a copy of the activations?",
  backends: ["webgpu", "webgl"],
  async run(context) {
    const clocks = { ...(hasClock() && { "on the device's clock": onDevice }), "calls in a row": timeInRounds };
    const tables: ResultTable[] = [];
    for (const pass of ["forward", "training"] as const) {
      const rows: Record<string, Row[]> = Object.fromEntries(Object.keys(clocks).map((clock) => [clock, []]));
      for (const shape of SHAPES) {
        const size = tf.util.sizeFromShape(shape);
        if (size > context.largest) continue;
        context.progress(`${pass}, ${shapeText(shape)}`);
        const problem = makeProblem(shape, 3);
        try {
          const calls = await callsOf(problem, pass, CONTENDERS, context);
          for (const [clock, time] of Object.entries(clocks)) {
            const samples = await time(calls, context.seconds, context.rounds);
            const traffic = (name: string) =>
              CONTENDERS.find((contender) => contender.name === name)?.traffic?.[pass] ?? NORMALIZATION_TRAFFIC[pass];
            const sizes = (name: string) => ({ elements: size, bytes: 4 * size * traffic(name) });
            rows[clock]?.push(...timedRows({ case: shapeText(shape) }, samples, copy.name, sizes));
          }
        } finally {
          problem.dispose();
        }
      }
      for (const clock of Object.keys(clocks)) {
        tables.push({ title: `${pass}, ${clock}`, note: NOTES[pass], axis: "activations", rows: rows[clock] as Row[] });
      }
    }
    return tables;
  },
};
