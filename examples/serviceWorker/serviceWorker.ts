import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "tfjs-uan/layers"; // registers the model's layers for loadLayersModel
import { useWasmModules } from "tfjs-uan/workers";
import artifacts from "../worker/model.json" with { type: "json" };

// TypeScript's types of pages ("DOM") do not have those of service workers.
interface ExtendableEvent extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  request: Request;
  respondWith(response: Promise<Response>): void;
}
interface ServiceWorkerScope {
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}
const scope = globalThis as unknown as ServiceWorkerScope;

/** To be changed with any of the files. */
const CACHE = "tfjs-uan-1";
const TENSORFLOW = "tfjs-backend-wasm-simd.wasm";
const UAN = "tfjs-uan-simd.wasm";
/** All that the page needs without a network. The browser keeps the service worker's own file, and the model in it. */
const FILES = ["./", "page.js", TENSORFLOW, UAN];

/** What a service worker fetches itself does not go through its listener, so it looks into the cache. */
async function compile(file: string): Promise<WebAssembly.Module> {
  const response = (await caches.match(file)) ?? (await fetch(file));
  return WebAssembly.compile(await response.arrayBuffer());
}

async function loadModel(): Promise<tfl.LayersModel> {
  const [tensorflow, simd] = await Promise.all([compile(TENSORFLOW), compile(UAN)]);
  await useWasmModules({ tensorflow, uan: { simd } });
  const weightData = Uint8Array.from(atob(artifacts.weights), (character) => character.charCodeAt(0)).buffer;
  return tfl.loadLayersModel(tf.io.fromMemory({ ...(artifacts as tf.io.ModelArtifacts), weightData }));
}

/** A browser ends service workers that have nothing to do, and starts them anew: the model is loaded at the first request. */
let model: Promise<tfl.LayersModel> | undefined;

async function predict(request: Request): Promise<Response> {
  try {
    const { inputs } = (await request.json()) as { inputs: number[][] };
    model ??= loadModel();
    const loaded = await model;
    const probabilities = tf.tidy(() => (loaded.predict(tf.tensor2d(inputs)) as tf.Tensor2D).arraySync());
    return Response.json({ probabilities, tensors: tf.memory().numTensors });
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 400 });
  }
}

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
  void scope.skipWaiting();
});

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}
scope.addEventListener("activate", (event) => event.waitUntil(activate()));

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "POST" && new URL(request.url).pathname.endsWith("/predict")) event.respondWith(predict(request));
  else event.respondWith(caches.match(request).then((cached) => cached ?? fetch(request)));
});
