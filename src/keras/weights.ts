import type { io } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { showShape } from "../arguments.js";
import type { FoundWeights } from "./foundWeights.js";
import type { Entry, KerasVersion } from "./topologyTypes.js";
import type { UniqueNames } from "./uniqueNames.js";
import { cut } from "./weightData.js";
import { weightsByName } from "./weightsByName.js";
import { weightsByPath } from "./weightsByPath.js";

type Spec = io.WeightsManifestEntry;
type Weights = Required<Pick<io.ModelArtifacts, "weightSpecs" | "weightData">>;

/** Names of .keras files say where a weight is in the model's objects, those of .h5 files what it is. */
const isPath = ({ name }: Spec) => /(^|\/)vars\/\d+$/.test(name);

/** What TensorFlow.js has no use for: weights of optimizers and metrics, the state of random numbers. */
const isUnused = (name: string) => /^(optimizer|metrics|_?loss_tracker)\/|(^|\/)seed_generator(_\d+)?(\/|_state$)/.test(name);

const few = (names: string[]) => {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
};

/** A weight, by the names that users know: its own, and that of its place in the file. */
const said = ({ originalName, shape }: tfl.LayerVariable) => `${originalName} ${showShape(shape as number[])}`;

/** What a file's weights are for. */
interface Target {
  /** The topology as the file has it. */
  entry: Entry;
  /** A model of that topology. */
  model: tfl.LayersModel;
  keras: KerasVersion;
  names: UniqueNames;
  isStrict: boolean;
}

/** What is wrong with the weights that were found, or not found. */
function faultsOf(specs: Spec[], { found, repeated }: FoundWeights, { model, isStrict }: Target): string[] {
  const taken = new Set([...found.values(), ...repeated]);
  const missing = model.weights.filter((weight) => !found.has(weight));
  const superfluous = specs.filter((spec) => !taken.has(spec));
  const inFile = ({ name, shape }: Spec) => `${name} ${showShape(shape)}`;
  const misshapen = [...found].filter(([{ shape }, spec]) => showShape(spec.shape) !== showShape(shape as number[]));
  return [
    ...(isStrict && missing.length > 0 ? [`the file lacks ${few(missing.map(said))}`] : []),
    ...(isStrict && superfluous.length > 0 ? [`no layer has ${few(superfluous.map(inFile))}`] : []),
    ...(misshapen.length > 0 ? [few(misshapen.map(([weight, spec]) => `${said(weight)} is ${inFile(spec)} in the file`))] : []),
  ];
}

/**
 * A file's weights under the names that TensorFlow.js has for them.
 *
 * @throws Error that names weights that are missing, superfluous, or of another shape
 */
export function renamedWeights({ weightSpecs, weightData }: Weights, target: Target): Weights {
  const { entry, model, keras, names } = target;
  const ofModel = weightSpecs.filter(({ group, name }) => group !== "optimizer" && !isUnused(name));
  const weights = (ofModel.some(isPath) ? weightsByPath : weightsByName)(entry, model, ofModel, keras);
  const faults = faultsOf(ofModel, weights, target);
  if (faults.length > 0) {
    throw new Error(`fromKeras: the weights of Keras ${keras.version} do not fit the layers: ${faults.join("; ")}`);
  }
  const renamed = new Map(Array.from(weights.found, ([weight, spec]) => [spec, names.of(weight)]));
  const isKept = (spec: Spec) => renamed.has(spec) || spec.group === "optimizer";
  const kept = weightSpecs.filter(isKept).map((spec) => ({ ...spec, name: renamed.get(spec) ?? spec.name }));
  return { weightSpecs: kept, weightData: weightSpecs.every(isKept) ? weightData : cut(weightData, weightSpecs, isKept) };
}
