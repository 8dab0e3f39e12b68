import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { beforeAll, expect, it } from "vitest";
import type { Digits } from "../../../examples/live/digits.js";
import { componentDensities } from "../../../examples/live/mixture.js";
import { DEFAULTS, type Reply, type Request } from "../../../examples/live/protocol.js";
import { fromSaved, toSaved } from "../../../examples/live/worker/models.js";
import { Network, UanLayers } from "../../../examples/live/worker/network.js";
import { Session } from "../../../examples/live/worker/session.js";
import { PIXELS } from "../../../learning/data/digits.js";
import { generator, uniform } from "../../../learning/random.js";

beforeAll(() => tf.setBackend("wasm"));

const part = (count: number) => ({
  count,
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  images: Uint8Array.from({ length: count * PIXELS }, (_, i) => (i * i) % 251),
});
const DIGITS: Digits = { training: part(12), test: part(10) };

function session() {
  const replies: Reply[] = [];
  const made = new Session({
    send: (reply) => replies.push(reply),
    startBackend: async () => "here",
    readDigits: async () => DIGITS,
    measureSpeed: async () => [],
    speedActivations: 1,
    saveInBrowser: async () => undefined,
    loadFromBrowser: () => Promise.reject(new Error("nothing is kept")),
    toSaved,
    fromSaved,
  });
  const ask = async (request: Request) => {
    replies.length = 0;
    await made.take(request);
    return [...replies];
  };
  return { ask, replies };
}

const settings = { ...DEFAULTS, batchSize: 4, components: 2 };

it("answers requests in order: the same seed gives the same losses, another one others", async () => {
  const { ask } = session();
  const losses = async (seed: number) => {
    const [ready] = await ask({ type: "start", settings: { ...settings, seed } });
    expect(ready).toMatchObject({
      type: "ready",
      layers: [
        { channels: 8, height: 28 },
        { channels: 16, width: 14 },
      ],
    });
    const [first] = await ask({ type: "step" });
    const [second] = await ask({ type: "step" });
    return [first, second].map((reply) => reply?.type === "progress" && reply.losses);
  };
  const some = await losses(1);
  expect(await losses(1)).toEqual(some);
  expect(await losses(2)).not.toEqual(some);
});

it("trains until it is paused, one run at a time, and keeps no tensors", async () => {
  const { ask, replies } = session();
  await ask({ type: "start", settings });
  await ask({ type: "step" });
  const before = tf.memory().numTensors;
  for (const on of [true, false, true]) await ask({ type: "train", on });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await ask({ type: "train", on: false });
  expect(replies.at(-1)).toEqual({ type: "paused" });
  const { length } = replies;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(replies).toHaveLength(length);
  await ask({ type: "recognize", pixels: new Float32Array(PIXELS) });
  expect(tf.memory().numTensors).toBe(before);
});

it("says what did not work, and goes on", async () => {
  const { ask } = session();
  expect(await ask({ type: "step" })).toEqual([
    { type: "failed", request: "step", message: "the networks must have been made, got a request before 'start' was done" },
  ]);
  await ask({ type: "start", settings });
  expect(await ask({ type: "load", from: "browser" })).toEqual([{ type: "failed", request: "load", message: "nothing is kept" }]);
  const [wrong] = await ask({ type: "view", view: { layer: 5, channel: 0 } });
  expect(wrong).toMatchObject({ type: "failed", message: "the layer must be 0 to 1, got 5" });
});

it("loads what it saved, in the place of the network with UAN, and no other model", async () => {
  const { ask } = session();
  await ask({ type: "start", settings });
  await ask({ type: "step" });
  const [saved] = await ask({ type: "save", to: "file" });
  const density = async () => (await ask({ type: "view", view: { layer: 1, channel: 3 } }))[0];
  const learned = await density();
  await ask({ type: "start", settings: { ...settings, components: 4 } });
  if (saved?.type !== "saved" || !saved.model) throw new Error(`a model must be saved, got ${saved?.type}`);
  const [loaded] = await ask({ type: "load", from: saved.model });
  expect(loaded).toEqual({ type: "loaded", components: 2 });
  expect({ ...(await density()), step: 1 }).toEqual(learned);

  const other = Network.build("batch", settings);
  const [failed] = await ask({ type: "load", from: await toSaved(other.model) });
  other.dispose();
  expect(failed).toMatchObject({
    type: "failed",
    message: expect.stringContaining("got 28 × 28 × 1 to 10 with UAN of no components"),
  });
});

it("the mixture that is drawn is the one that the layer normalizes with, within 1e-4", async () => {
  const network = Network.build("uan", { components: 3, seed: 1 });
  const x = tf.tensor4d(uniform(generator(1), 8 * PIXELS, 0, 1), [8, 28, 28, 1]);
  const y = tf.tensor2d(new Array(80).fill(0.1), [8, 10]);
  for (let i = 0; i < 3; i++) await network.train(x, y);
  const layers = new UanLayers(network.model);
  const channel = 2;
  const activations = layers.activations(0, channel, x);
  const { mean, variance, prior } = await layers.mixture(0, channel);
  const layer = network.model.layers[1] as (typeof network.model.layers)[number];
  const all = tf.tidy(() =>
    tf.slice(layer.apply(network.model.layers[0]?.apply(x) as tf.Tensor) as tf.Tensor4D, [0, 0, 0, channel], [8, 28, 28, 1]),
  );
  const expected = await all.data();
  // docs/math.md, section 2.1: the sum of τ_k·(x − μ_k)/√(v_k)/√π_k.
  const errors = Array.from(await activations.data(), (value, i) => {
    const densities = componentDensities({ mean, variance, prior }, value);
    const total = densities.reduce((sum, density) => sum + density, 0);
    const normalized = densities.reduce((sum, density, k) => {
      const z = (value - (mean[k] as number)) / Math.sqrt(variance[k] as number);
      return sum + ((density / total) * z) / Math.sqrt(prior[k] as number);
    }, 0);
    return Math.abs(normalized - (expected[i] as number)) / (1 + Math.abs(normalized));
  });
  expect(Math.max(...errors)).toBeLessThan(1e-4);
  network.dispose();
});
