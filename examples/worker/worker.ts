// A Cloudflare Worker that runs a small model with tfjs-uan's kernels: it says to which of three spirals points of the plane belong.
// In a project with these packages and wrangler:
//
//     npx wrangler dev
//     curl localhost:8787/predict --json '{ "inputs": [[0.5, 0.1], [-0.3, 0.4]] }'
//
// train.ts wrote model.json. Wrangler compiles imported `.wasm` files to modules; wasm.d.ts tells TypeScript so.
import tensorflow from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { chosenWasmModule } from "tfjs-uan";
import "tfjs-uan/layers"; // registers the model's layers for loadLayersModel
import simd from "tfjs-uan/wasm/tfjs-uan-simd.wasm";
import { useWasmModules } from "tfjs-uan/workers";
import artifacts from "./model.json" with { type: "json" };

/** In a request: the backend never gives back the memory that it takes for activations. */
const MAX_POINTS = 1000;

await useWasmModules({ tensorflow, uan: { simd } });
const weightData = Uint8Array.from(atob(artifacts.weights), (character) => character.charCodeAt(0)).buffer;
const model = await tfl.loadLayersModel(tf.io.fromMemory({ ...(artifacts as tf.io.ModelArtifacts), weightData }));

function isPoint(input: unknown): input is [number, number] {
  return Array.isArray(input) && input.length === 2 && input.every(Number.isFinite);
}

async function predict(request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined);
  const inputs: unknown = (body as { inputs?: unknown } | null | undefined)?.inputs;
  if (!Array.isArray(inputs) || inputs.length === 0 || inputs.length > MAX_POINTS || !inputs.every(isPoint)) {
    return Response.json({ error: `expected { "inputs": [[x, y], …] }, 1 to ${MAX_POINTS} points` }, { status: 400 });
  }
  const probabilities = tf.tidy(() => (model.predictOnBatch(tf.tensor2d(inputs)) as tf.Tensor2D).arraySync());
  return Response.json({ probabilities });
}

export default {
  async fetch(request: Request): Promise<Response> {
    switch (`${request.method} ${new URL(request.url).pathname}`) {
      case "POST /predict":
        return predict(request);
      case "GET /backend":
        return Response.json({ backend: tf.getBackend(), binary: chosenWasmModule(), tensors: tf.memory().numTensors });
      default:
        return Response.json({ error: "expected POST /predict or GET /backend" }, { status: 404 });
    }
  },
};
