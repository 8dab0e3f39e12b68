import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";

// Models as model.json and weights.bin, which tfjs-node alone writes and reads by itself.

/** The files of a layers model. */
export interface ModelFiles {
  json: tf.io.ModelJSON;
  weights: Uint8Array;
}

/** What model.save writes, with an optimizer's weights. */
export async function filesOf(model: tfl.LayersModel): Promise<ModelFiles> {
  let files: ModelFiles | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    const { weightData, weightSpecs, ...json } = artifacts;
    const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    files = {
      json: { ...json, weightsManifest } as tf.io.ModelJSON,
      weights: new Uint8Array(tf.io.concatenateArrayBuffers([weightData].flat() as ArrayBuffer[])),
    };
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler, { includeOptimizer: true });
  return files as ModelFiles;
}

/** Writes model.json and weights.bin into a folder, which is made. */
export async function writeModel(folder: string, { json, weights }: ModelFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.json"), `${JSON.stringify(json)}\n`);
  await writeFile(join(folder, "weights.bin"), weights);
}

/** A folder's model, for tf.loadLayersModel. */
export async function modelIn(folder: string): Promise<tf.io.IOHandler> {
  const { weightsManifest, ...rest } = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as tf.io.ModelJSON;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const files = await Promise.all(weightsManifest.flatMap(({ paths }) => paths).map((path) => readFile(join(folder, path))));
  const weightData = new Uint8Array(Buffer.concat(files)).buffer;
  return tf.io.fromMemory({ ...rest, weightSpecs, weightData } as tf.io.ModelArtifacts);
}
