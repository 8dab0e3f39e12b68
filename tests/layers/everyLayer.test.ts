import * as tfl from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { ALIASES, disagreement, EVERY_LAYER, hasChanged, NOT_LAYERS, trainOneStep } from "./everyLayer.js";

type Factory = (args: object) => tfl.layers.Layer;
const factories = tfl.layers as unknown as Record<string, Factory>;

const title = (variant: string) => variant || "trains";

describe("the table of layers", () => {
  it("has every layer of tf.layers", () => {
    const named = [...new Set(EVERY_LAYER.map(({ layer }) => layer)), ...Object.keys(ALIASES), ...NOT_LAYERS];
    expect(named.sort()).toEqual(Object.keys(tfl.layers).sort());
  });

  it.each(Object.entries(ALIASES))("%s is an alias of %s", (alias, name) => {
    expect(factories[alias]?.({}).getClassName()).toBe(factories[name]?.({}).getClassName());
  });

  it("has a model that can be trained for every layer", () => {
    const trained = new Set(EVERY_LAYER.filter(({ untrainable }) => !untrainable).map(({ layer }) => layer));
    const never = EVERY_LAYER.filter(({ layer }) => !trained.has(layer)).map(({ layer }) => layer);
    expect([...new Set(never)]).toEqual([]);
  });
});

const layers = [...new Set(EVERY_LAYER.map(({ layer }) => layer))];
for (const name of layers) {
  describe(name, () => {
    const entries = EVERY_LAYER.filter(({ layer }) => layer === name);

    for (const entry of entries.filter(({ untrainable }) => !untrainable)) {
      it(`${title(entry.variant)}: a training step on 'wasm' agrees with one on 'cpu'`, async () => {
        await useBackend("wasm");
        const onWasm = await trainOneStep(entry);
        expect(onWasm.loss).toBeGreaterThan(0);
        expect(onWasm.loss).toBeLessThan(1e3);
        expect(onWasm.changes.every(({ values }) => values.every(Number.isFinite))).toBe(true);
        expect(onWasm.changes.filter((change) => !hasChanged(change))).toEqual([]);

        await useBackend("cpu");
        const { error } = entry.notOnCpu ?? {};
        if (error) await expect(trainOneStep(entry)).rejects.toThrow(error);
        if (entry.notOnCpu) return;
        expect(disagreement(onWasm, await trainOneStep(entry))).toBeLessThan(1e-3);
      });
    }

    for (const entry of entries) {
      const { untrainable } = entry;
      if (!untrainable) continue;
      it(`${title(entry.variant)}: trains on no backend, because of ${untrainable.why}`, async () => {
        await useBackend("cpu");
        await expect(trainOneStep(entry)).rejects.toThrow(untrainable.error);
        await useBackend("wasm");
        await expect(trainOneStep(entry)).rejects.toThrow();
      });
    }
  });
}
