import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { UnsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { CLASSES, SIDE } from "../../../learning/data/digits.js";
import { MAX_COMPONENTS } from "../protocol.js";
import { fromBase64, type SavedModel, toBase64 } from "../savedModel.js";

/** Where the browser keeps the model. */
const PLACE = "indexeddb://tfjs-uan-live";

export async function saveInBrowser(model: tfl.LayersModel): Promise<void> {
  await model.save(PLACE);
}

export async function loadFromBrowser(): Promise<tfl.LayersModel> {
  if (!(PLACE in (await tf.io.listModels()))) throw new Error("this browser has kept no model: save one first");
  return checked(await tfl.loadLayersModel(PLACE));
}

export async function toSaved(model: tfl.LayersModel): Promise<SavedModel> {
  let saved: SavedModel | undefined;
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const bytes = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
      saved = { modelTopology: modelTopology as object, weightSpecs: weightSpecs as object[], weights: toBase64(bytes) };
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }),
  );
  return saved as SavedModel;
}

export async function fromSaved({ modelTopology, weightSpecs, weights }: SavedModel): Promise<tfl.LayersModel> {
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology,
    weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
    weightData: fromBase64(weights).buffer,
  };
  return checked(await tfl.loadLayersModel(tf.io.fromMemory(artifacts)));
}

/** The model, if it is one that this page can train and show. */
function checked(model: tfl.LayersModel): tfl.LayersModel {
  const shape = (tensors: tfl.SymbolicTensor[]) => tensors.map((tensor) => tensor.shape.slice(1).join(" × ")).join(", ");
  const [input, output] = [shape(model.inputs), shape(model.outputs)];
  const normalizations = model.layers.filter((layer) => layer instanceof UnsupervisedAdaptiveNormalization);
  const counts = new Set(normalizations.map(({ numComponents }) => numComponents));
  const [components = 0] = counts;
  const wanted = `the model must be one that this page saved: ${SIDE} × ${SIDE} × 1 to ${CLASSES}, with UAN of 1 to ${MAX_COMPONENTS} components`;
  const right =
    input === `${SIDE} × ${SIDE} × 1` &&
    output === String(CLASSES) &&
    counts.size === 1 &&
    components <= MAX_COMPONENTS &&
    normalizations.every(({ standardize, input }) => standardize && (input as tfl.SymbolicTensor).rank === 4);
  if (right) return model;
  model.dispose();
  throw new Error(`${wanted}, got ${input} to ${output} with UAN of ${[...counts].join(", ") || "no"} components`);
}
