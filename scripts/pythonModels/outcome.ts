import { readFileSync } from "node:fs";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { fromKeras } from "../../src/layers.js";
import type { ModelFile } from "./models.js";

/** Of the largest entry of what Python predicted. */
export const TOLERANCE = 1e-5;

/** What became of a file: an error, or the largest difference as a fraction of the largest entry. */
export interface Outcome {
  error?: string;
  difference?: number;
}

/** A handler for a file of the converter. */
export function fileHandler(path: string): tf.io.IOHandler {
  return {
    load: async () => {
      const { weightsManifest, ...model } = JSON.parse(readFileSync(path, "utf8"));
      const groups = weightsManifest as tf.io.WeightsManifestConfig;
      const parts = groups.flatMap((group) => group.paths.map((file) => readFileSync(join(path, "..", file))));
      const data = new Uint8Array(Buffer.concat(parts));
      return { ...model, weightSpecs: groups.flatMap(({ weights }) => weights), weightData: data.buffer };
    },
  };
}

function numbersOf(path: string): Float32Array {
  const bytes = new Uint8Array(readFileSync(path));
  return new Float32Array(bytes.buffer);
}

function tensorsOf(path: string, shapes: number[][], dtypes: string[]): tf.Tensor[] {
  const numbers = numbersOf(path);
  let at = 0;
  return shapes.map((shape, i) => {
    const size = tf.util.sizeFromShape(shape);
    const values = numbers.subarray(at, at + size);
    at += size;
    return tf.tensor(values, shape, /int/.test(dtypes[i] ?? "") ? "int32" : "float32");
  });
}

async function predict(path: string, form: ModelFile["form"], x: tf.Tensor[], plain: boolean): Promise<tf.Tensor[]> {
  const handler = fileHandler(path);
  const inputs = x.length > 1 ? x : (x[0] as tf.Tensor);
  if (form === "graph") {
    const artifacts = (await handler.load?.()) as tf.io.ModelArtifacts;
    const model = await loadGraphModel({ load: async () => artifacts });
    const hasLoop = /"op":"(Exit|While|StatelessWhile)"/.test(JSON.stringify(artifacts.modelTopology));
    return [hasLoop ? await model.executeAsync(inputs) : model.predict(inputs)].flat() as tf.Tensor[];
  }
  const model = await tfl.loadLayersModel(plain ? handler : fromKeras(handler));
  return [model.predict(inputs, { batchSize: x[0]?.shape[0] ?? 1 })].flat();
}

/** Loads a file, and compares. @param options `plain`: without fromKeras */
export async function outcomeOf(
  { folder, form, x: shapes, dtype }: ModelFile,
  { plain, backend }: { plain: boolean; backend: string },
): Promise<Outcome> {
  try {
    if (!(await tf.setBackend(backend))) throw new Error(`no backend '${backend}'`);
    const x = tensorsOf(join(folder, "x.bin"), shapes, dtype);
    const y = (await predict(join(folder, form, "model.json"), form, x, plain)).flatMap((tensor) =>
      Array.from(tensor.dataSync()),
    );
    const wanted = numbersOf(join(folder, "y.bin"));
    if (y.length !== wanted.length) return { error: `${y.length} numbers, and not ${wanted.length}` };
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = y.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] as number))), 0) / largest;
    return Number.isNaN(y.reduce((sum, value) => sum + value, 0)) ? { error: "NaN" } : { difference };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
