import { createRequire } from "node:module";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { useFusedNormalization } from "../../src/layers.js";
import { useBackend } from "../helpers/backends.js";
import { EVERY } from "../helpers/layers.js";

const require = createRequire(import.meta.url);

/** A second copy of TensorFlow.js's layers, as a project has it that installed two versions. */
function anotherCopy(): typeof tfl {
  const path = require.resolve("@tensorflow/tfjs-layers");
  const first = require.cache[path];
  delete require.cache[path];
  const copy = require(path) as typeof tfl;
  require.cache[path] = first;
  return copy;
}

const { version_layers } = tfl;
const TWO = `(tfjs-uan imports ${version_layers}; two copies of TensorFlow.js are loaded, where there should be one)`;

describe("useFusedNormalization", () => {
  beforeAll(() => useBackend("wasm"));

  const refused = (model: unknown) => () => useFusedNormalization(model as tfl.LayersModel);
  const message = (got: string) => `useFusedNormalization: argument 'model' must be a layers model or a layer, got ${got}`;

  it.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["an object that is none", {}],
    ["an object that is none", Object.create(null)],
    ["an object of class Map", new Map()],
    ["a promise: await it", Promise.resolve(tfl.sequential())],
    ["model.json", "model.json"],
    ["7", 7],
  ])("says what it got: %s", (got, model) => {
    expect(refused(model)).toThrow(message(got));
  });

  it("says that a graph model has no layers", () => {
    class GraphModel {
      predict() {}
      execute() {}
      executeAsync() {}
    }
    expect(refused(new GraphModel())).toThrow(message("a graph model, which has no layers"));
  });

  it("says that there are two copies of TensorFlow.js, and names them", () => {
    const other = anotherCopy();
    const dense = other.layers.dense({ units: 2, inputShape: [3] });
    const model = other.sequential({ layers: [dense, other.layers.batchNormalization()] });
    const of = "of another copy of @tensorflow/tfjs-layers";
    expect(refused(model)).toThrow(message(`a model ${of} ${version_layers} ${TWO}`));
    expect(refused(dense)).toThrow(message(`a layer ${of} ${TWO}`));
    expect(refused(other.layers.batchNormalization())).toThrow(message(`a layer ${of} ${TWO}`));
  });

  it("takes no options, null", () => {
    expect(useFusedNormalization(tfl.layers.batchNormalization(), null as never)).toBe(1);
  });
});

describe.each(Object.entries(EVERY))("%s", (_, make) => {
  beforeAll(() => useBackend("wasm"));

  it("says that its model is of another copy of TensorFlow.js", () => {
    const other = anotherCopy();
    const input = other.layers.inputLayer({ inputShape: [6] });
    const inputs = `argument 'inputs' must be a tensor, or a symbolic one of @tensorflow/tfjs-layers ${version_layers}`;
    const got = `got a symbolic tensor of another copy of @tensorflow/tfjs-layers ${TWO}`;
    expect(() => other.sequential({ layers: [input, make({ name: "n" })] })).toThrow(
      `n: ${inputs}, which tfjs-uan imports, ${got}`,
    );
    expect(() => make({ name: "n" }).apply(other.input({ shape: [6] }))).toThrow(got);
  });
});
