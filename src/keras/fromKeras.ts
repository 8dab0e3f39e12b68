import { io } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { withoutInitializers } from "./objects.js";
import { rewriteEntry } from "./topology.js";
import { type Config, type Entry, isEntry, type KerasVersion } from "./topologyTypes.js";
import { uniqueNames } from "./uniqueNames.js";
import { renamedWeights } from "./weights.js";

/** The version of Keras that made a model, or undefined where TensorFlow.js made it. */
function versionOf({ modelTopology, generatedBy }: io.ModelArtifacts): KerasVersion | undefined {
  const { keras_version } = modelTopology as Config;
  const version = typeof keras_version === "string" ? keras_version : /keras v(\S+)/.exec(generatedBy ?? "")?.[1];
  if (!version || !/^\d/.test(version)) return undefined;
  return { version, isKeras3: Number.parseInt(version, 10) >= 3 };
}

/** A model of the topology, without its weights' values. */
async function modelOf(topology: Entry, { version }: KerasVersion): Promise<tfl.LayersModel> {
  try {
    const modelTopology = withoutInitializers(topology);
    return await tfl.loadLayersModel({ load: async () => ({ modelTopology }) });
  } catch (error) {
    throw new Error(`fromKeras: TensorFlow.js makes no layers of this model of Keras ${version}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The artifacts as tf.loadLayersModel reads them; the same ones, if it reads them anyway. */
async function readable(artifacts: io.ModelArtifacts, isStrict: boolean): Promise<io.ModelArtifacts> {
  const keras = versionOf(artifacts);
  const whole = artifacts.modelTopology as Config;
  const found = whole.model_config ?? whole;
  if (!keras || !isEntry(found)) return artifacts;
  const rewritten = rewriteEntry(found, keras);
  const { weightSpecs, weightData } = artifacts;
  const withTopology = (topology: Entry) => (whole.model_config ? { ...whole, model_config: topology } : topology);
  if (!weightSpecs || !weightData) return { ...artifacts, modelTopology: withTopology(rewritten) };
  const model = await modelOf(rewritten, keras);
  try {
    const names = uniqueNames(model, keras);
    const weights = renamedWeights({ weightSpecs, weightData }, { entry: found, model, keras, names, isStrict });
    const topology = names.in(rewritten);
    const isAsBefore = JSON.stringify([topology, weights.weightSpecs]) === JSON.stringify([found, weightSpecs]);
    return isAsBefore ? artifacts : { ...artifacts, modelTopology: withTopology(topology), ...weights };
  } finally {
    model.dispose();
  }
}

/** The handler that tf.loadLayersModel has for a URL. */
function handlerOf(url: string, options?: io.LoadOptions): io.IOHandler {
  const [handler = io.browserHTTPRequest(url, options), ...more] = io.getLoadHandlers(url, options) as io.IOHandler[];
  if (more.length > 0)
    throw new Error(`fromKeras: argument 'urlOrHandler' must have one handler, got ${more.length + 1} for '${url}'`);
  return handler;
}

/**
 * Makes models that Keras wrote readable for tf.loadLayersModel, after `tensorflowjs_converter`, from .h5 and .keras files of Keras 2 and 3:
 *
 *     const model = await tf.loadLayersModel(fromKeras("model/model.json"));
 *
 * It rewrites, of topology and names of weights, what TensorFlow.js does not read, and nothing else. Where it is not needed, it changes
 * nothing. It makes the layers once more than tf.loadLayersModel does, to learn the names and shapes of their weights.
 *
 * @param urlOrHandler what tf.loadLayersModel would take: a URL, or a handler such as tf.io.browserFiles(files)
 * @param options of the request, where it is a URL: `onProgress`, `requestInit`, `weightPathPrefix` and others. With `strict: false`
 *     weights may be missing or superfluous; tf.loadLayersModel then wants the option, too.
 * @returns a handler; its `load` throws an Error that names layer, key and the version of Keras where TensorFlow.js cannot compute what the
 *     file says, and weights that are missing, superfluous, or of another shape
 */
export function fromKeras(urlOrHandler: string | io.IOHandler, options?: io.LoadOptions): io.IOHandler {
  const handler = typeof urlOrHandler === "string" ? handlerOf(urlOrHandler, options) : urlOrHandler;
  if (typeof handler?.load !== "function") {
    throw new Error(
      `fromKeras: argument 'urlOrHandler' must be a URL or a handler with a load method, got ${typeof urlOrHandler}`,
    );
  }
  return {
    load: async () => readable(await (handler.load as NonNullable<io.IOHandler["load"]>)(), options?.strict ?? true),
  };
}
