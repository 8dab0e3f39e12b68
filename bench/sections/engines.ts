import { createEngine, type Engine, type EngineBuffer } from "tfjs-uan/standalone";
import { type Case, shapeText } from "../comparison.js";
import type { Pass } from "../contenders/contender.js";
import { threadsName } from "../names.js";
import type { ResultTable, Row } from "../results.js";
import { type Call, timeInRounds } from "../rounds.js";
import { timedRows } from "../rows.js";
import type { Context, Section } from "../section.js";
import { TARGET_CASES } from "../shapes.js";

const COMPONENTS = 3;
const CHANNELS = 64;
/** Sizes around the one from which on calls are split. */
const SIZES = [2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18];
const CASES: Case[] = [...SIZES.map((size) => ({ shape: [size / CHANNELS, CHANNELS] })), ...TARGET_CASES];

function coresHere(): number {
  const { navigator, process } = globalThis as {
    navigator?: { hardwareConcurrency?: number };
    process?: { getBuiltinModule?(name: "os"): { availableParallelism(): number } };
  };
  return navigator?.hardwareConcurrency ?? process?.getBuiltinModule?.("os").availableParallelism() ?? 1;
}

/** Calls of an engine whose tensors are all in its own memory. */
function callsOf(engine: Engine, size: number, channels: number): { calls: Record<Pass, Call>; free(): void } {
  const buffers: EngineBuffer[] = [];
  const buffer = (length: number, value: (i: number) => number) => {
    const made = engine.buffer(length);
    made.values.set(Float32Array.from({ length }, (_, i) => value(i)));
    buffers.push(made);
    return made;
  };
  const x = buffer(size, (i) => 2 * Math.sin(i));
  const dy = buffer(size, (i) => Math.cos(i));
  const y = buffer(size, () => 0);
  const mean = buffer(COMPONENTS * channels, (i) => Math.floor(i / channels) - 1);
  const mixture = { mean, variance: buffer(COMPONENTS * channels, () => 1), prior: buffer(COMPONENTS, () => 1 / COMPONENTS) };
  return {
    calls: {
      forward: () => void engine.normalize(x, mixture, {}, y),
      training: () => void engine.gradients(x, dy, mixture, {}, { x: y }),
    },
    free() {
      for (const made of buffers) made.free();
    },
  };
}

async function tableOf(title: string, pass: Pass, tensors: number, engines: Engine[], context: Context): Promise<ResultTable> {
  const rows: Row[] = [];
  for (const { shape } of CASES) {
    const size = shape.reduce((product, length) => product * length);
    if (size > context.largest) continue;
    context.progress(`${title}, ${shapeText(shape)}`);
    const made = engines.map((engine) => ({
      name: threadsName(engine.threads),
      ...callsOf(engine, size, shape.at(-1) as number),
    }));
    const calls = Object.fromEntries(made.map(({ name, calls }) => [name, calls[pass]]));
    const samples = await timeInRounds(calls, context.seconds, context.rounds);
    rows.push(
      ...timedRows({ case: shapeText(shape) }, samples, made[0]?.name as string, () => ({
        elements: size,
        bytes: 4 * size * tensors,
      })),
    );
    for (const { free } of made) free();
  }
  return {
    title,
    axis: "activations",
    note: "Engines of tfjs-uan/standalone, K = 3, with all tensors in their own memory.",
    rows,
  };
}

export const engines: Section = {
  name: "engines",
  question: "From how many activations on are threads of tfjs-uan/standalone faster, and by how much?",
  threads: "none",
  async run(context) {
    if (typeof SharedArrayBuffer === "undefined") return [];
    const engines: Engine[] = [];
    for (const count of [1, 2, 4].filter((count) => count <= Math.max(coresHere(), 2))) {
      const engine = createEngine({ threads: count });
      engines.push(engine);
      const { calls, free } = callsOf(engine, 2 ** 18, CHANNELS);
      calls.forward();
      while (engine.threads < count) await new Promise((resolve) => setTimeout(resolve, 5));
      free();
    }
    try {
      return [
        await tableOf("threads, forward", "forward", 2, engines, context),
        await tableOf("threads, backward", "training", 3, engines, context),
      ];
    } finally {
      for (const engine of engines) engine.dispose();
    }
  },
};
