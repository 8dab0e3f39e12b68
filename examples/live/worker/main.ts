import digitsUrl from "virtual:digits";
import { type Digits, unpackDigits } from "../digits.js";
import type { Reply, Request } from "../protocol.js";
import { startBackend } from "./backend.js";
import { fromSaved, loadFromBrowser, saveInBrowser, toSaved } from "./models.js";
import { Session } from "./session.js";
import { measureSpeed, SPEED_ACTIVATIONS } from "./speed.js";

// The worker: everything that TensorFlow.js computes for the page.

async function readDigits(): Promise<Digits> {
  const response = await fetch(new URL(digitsUrl, location.href));
  if (!response.ok || !response.body) throw new Error(`the digits must be at ${response.url}, got status ${response.status}`);
  const bytes = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  return unpackDigits(new Uint8Array(bytes));
}

// The types here are a page's; a worker's postMessage has no target.
const scope = globalThis as unknown as { postMessage(reply: Reply): void };

const session = new Session({
  send: (reply) => scope.postMessage(reply),
  startBackend: ({ backend }) => startBackend(backend),
  readDigits,
  measureSpeed,
  speedActivations: SPEED_ACTIVATIONS,
  saveInBrowser,
  loadFromBrowser,
  toSaved,
  fromSaved,
});

globalThis.addEventListener("message", ({ data }: MessageEvent<Request>) => void session.take(data));
