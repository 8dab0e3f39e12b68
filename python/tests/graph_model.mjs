// node graph_model.mjs FOLDER INPUTS.json: runs a graph model in TensorFlow.js, without tfjs-uan, and prints its outputs as JSON.
// Inputs are found by their shapes.
import { readFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";

const [folder, file] = process.argv.slice(2);
await tf.setBackend("cpu");
const json = JSON.parse(readFileSync(`${folder}/model.json`, "utf8"));
const [{ paths, weights: weightSpecs }] = json.weightsManifest;
const weightData = new Uint8Array(Buffer.concat(paths.map((path) => readFileSync(`${folder}/${path}`)))).buffer;
const model = await converter.loadGraphModel(tf.io.fromMemory({ ...json, weightSpecs, weightData }));
const given = JSON.parse(readFileSync(file, "utf8"));
const fits = (shape, node) =>
  node.length === shape.length && node.every((size, i) => size === -1 || size === null || size === shape[i]);
const inputs = Object.fromEntries(
  model.inputs.map(({ name, shape, dtype }) => {
    const one = given.find((input) => fits(input.shape, shape));
    return [name, tf.tensor(one.values, one.shape, dtype)];
  }),
);
const names = Object.entries(json.signature.outputs).sort(([a], [b]) => (a < b ? -1 : 1));
const outputs = await model.executeAsync(
  inputs,
  names.map(([, { name }]) => name),
);
const show = (tensor) => ({ shape: tensor.shape, values: Array.from(tensor.dataSync()) });
console.log(JSON.stringify([outputs].flat().map(show)));
