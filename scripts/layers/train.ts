import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { disagreement, type Entry, EVERY_LAYER, trainOneStep } from "../../tests/layers/everyLayer.js";
import { type Outcomes, type Texts, TRAINS } from "./results.js";

// A process of its own: trains every model for one step, with the library or without it, and sends the outcomes to its parent.

const TOLERANCE = 1e-3;

/** What an error says, in short. */
function shortened(message: string): string {
  const kernel = /Kernel '(\w+)' not registered for backend 'wasm'/.exec(message)?.[1];
  if (kernel) return `no kernel \`${kernel}\``;
  if (message.includes("dilation rates greater than 1")) return "no gradient of dilated convolutions";
  if (/must match the product of shape/.test(message)) return "gradients of a wrong shape";
  const operation = /gradient function not found for (\w+)/.exec(message)?.[1];
  return operation ? `no gradient of \`${operation}\`` : (message.split("\n")[0] as string);
}

async function outcomeOf(entry: Entry): Promise<string> {
  await tf.setBackend("wasm");
  try {
    const step = await trainOneStep(entry);
    if (entry.notOnCpu) return TRAINS;
    await tf.setBackend("cpu");
    return disagreement(step, await trainOneStep(entry)) < TOLERANCE ? TRAINS : "wrong gradients";
  } catch (error) {
    return shortened((error as Error).message);
  }
}

function note(texts: Texts, { layer, variant }: Entry, text: string): void {
  texts[layer] = { ...texts[layer], [variant]: text };
}

if (process.argv[2] === "with") await import("tfjs-uan/layers");
const found: Outcomes = { outcomes: {}, untrainable: {} };
for (const entry of EVERY_LAYER) {
  if (entry.untrainable) note(found.untrainable, entry, entry.untrainable.why);
  else note(found.outcomes, entry, await outcomeOf(entry));
}
process.send?.(found, () => process.exit(0));
