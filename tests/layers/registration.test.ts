import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { networkWith, reloaded } from "../helpers/models.js";

/** A user's own layers, under names that this library has layers for, too. */
class InstanceNormalization extends tfl.layers.Layer {
  static readonly className = "InstanceNormalization";
}
class Other extends tfl.layers.Layer {
  static readonly className = "Other";
}

const { classNameMap } = tf.serialization.SerializationMap.getMap();
const holder = (name: string) => classNameMap[name]?.[0];

/** A fresh copy of the library. @returns it, and what it warned of class names and copies */
async function importLayers() {
  vi.resetModules();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const layers = await import("../../src/layers.js");
  const warnings = warn.mock.calls.map(([text]) => String(text)).filter((text) => /class name|copies/.test(text));
  warn.mockRestore();
  return { layers, warnings };
}

describe("importing the layers", () => {
  beforeAll(() => tf.setBackend("cpu"));
  beforeEach(() => {
    for (const name of Object.keys(classNameMap)) {
      if (/UCBNorm|UnsupervisedAdaptive|Instance|Group|Mixture/.test(name)) delete classNameMap[name];
    }
  });

  it("registers their classes, without a warning", async () => {
    const { layers, warnings } = await importLayers();
    expect(warnings).toEqual([]);
    expect(holder("InstanceNormalization")).toBe(layers.InstanceNormalization);
    expect(holder("Addons>GroupNormalization")).toBe(layers.GroupNormalization);
    expect(holder("MixtureNormalization")).toBe(layers.MixtureNormalization);
    expect(holder("UCBNorm")).toBe(layers.UnsupervisedAdaptiveNormalization);
  });

  it("leaves a name to the class that a user registered before, with one warning", async () => {
    tf.serialization.registerClass(InstanceNormalization);
    const { layers, warnings } = await importLayers();
    expect(warnings).toEqual([
      "tfjs-uan: the class name 'InstanceNormalization' was registered before; " +
        "saved models that name it load the class registered first.",
    ]);
    expect(holder("InstanceNormalization")).toBe(InstanceNormalization);
    expect(tf.serialization.getRegisteredName(InstanceNormalization)).toBe("Custom>InstanceNormalization");
    expect(holder("Addons>InstanceNormalization")).toBe(layers.InstanceNormalization);
    expect(holder("GroupNormalization")).toBe(layers.GroupNormalization);
    const loaded = await reloaded(networkWith(new InstanceNormalization({})));
    expect(loaded.layers[1]).toBeInstanceOf(InstanceNormalization);
    // The library's layer still works.
    expect(networkWith(layers.instanceNormalization()).countParams()).toBe(24 + 12 + 97);
  });

  it("leaves other names, too, and says so once for a layer", async () => {
    for (const name of ["UCBNorm", "Custom>UCBNorm"]) classNameMap[name] = [Other, Other.fromConfig];
    const { layers, warnings } = await importLayers();
    expect(warnings).toEqual([expect.stringContaining("the class name 'UCBNorm', 'Custom>UCBNorm' was registered before")]);
    expect(holder("UCBNorm")).toBe(Other);
    expect(holder("UnsupervisedAdaptiveNormalization")).toBe(layers.UnsupervisedAdaptiveNormalization);
  });

  it("of a second copy of the library takes the names of the first", async () => {
    const { layers: first } = await importLayers();
    const { layers: second, warnings } = await importLayers();
    expect(warnings).toEqual([]);
    expect(second.GroupNormalization).not.toBe(first.GroupNormalization);
    expect(holder("GroupNormalization")).toBe(second.GroupNormalization);
    expect(holder("Addons>GroupNormalization")).toBe(second.GroupNormalization);
  });

  it("warns of two copies of TensorFlow.js's core, whose lists of classes differ", async () => {
    const theirs = classNameMap.BatchNormalization as (typeof classNameMap)[string];
    delete classNameMap.BatchNormalization;
    const { warnings } = await importLayers();
    classNameMap.BatchNormalization = theirs;
    expect(warnings).toEqual([
      `tfjs-uan: two copies of @tensorflow/tfjs-core are loaded, ${tf.version_core}, which tfjs-uan imports, and that of ` +
        `@tensorflow/tfjs-layers ${tfl.version_layers}; saved models that hold layers of tfjs-uan cannot be loaded. ` +
        "Install one of them alone.",
    ]);
  });

  it("leaves a name to a user's subclass of a layer of the library", async () => {
    const { layers: first } = await importLayers();
    class Own extends first.GroupNormalization {}
    tf.serialization.registerClass(Own);
    const { warnings } = await importLayers();
    expect(warnings).toHaveLength(1);
    expect(holder("GroupNormalization")).toBe(Own);
  });
});
