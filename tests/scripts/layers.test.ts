import { describe, expect, it } from "vitest";
import { type Report, readReport } from "../../scripts/layers/results.js";
import { failingRows, layersDocs, untrainableRows } from "../../scripts/layers/table.js";
import { expectWritten, fileOf } from "../helpers/docs.js";
import { EVERY_LAYER } from "../layers/everyLayer.js";

const RESULTS = fileOf("scripts/layers/results.json");

const madeUp: Report = {
  version: 1,
  date: "2025-01-02T03:04:05.000Z",
  runtime: { name: "Node.js", version: "v20.1.0" },
  versions: { "@tensorflow/tfjs-core": "4.22.0" },
  without: {
    dense: { plain: "trains", relu: "trains" },
    conv1d: { valid: "no kernel", same: "no kernel" },
    pool: { valid: "wrong gradients", same: "trains", full: "wrong gradients", one: "no kernel" },
    odd: { "": "trains" },
  },
  with: {
    dense: { plain: "trains", relu: "trains" },
    conv1d: { valid: "trains", same: "trains" },
    pool: { valid: "trains", same: "trains", full: "trains", one: "trains" },
    odd: { "": "wrong gradients" },
  },
  untrainable: { conv1d: { causal: "not there" }, mask: { "": "no gradient" } },
};

describe("the tables of layers", () => {
  it("have the layers of which a variant fails, without the library or with it", () => {
    expect(failingRows(madeUp)).toEqual([
      ["layer", "without tfjs-uan", "with tfjs-uan"],
      ["`conv1d`", "no kernel", "trains"],
      ["`pool`", "wrong gradients (valid; full), no kernel (one)", "trains"],
      ["`odd`", "trains", "wrong gradients"],
    ]);
  });

  it("have a row for each variant that no backend can train", () => {
    expect(untrainableRows(madeUp).slice(1)).toEqual([
      ["`conv1d`", "causal", "not there"],
      ["`mask`", "", "no gradient"],
    ]);
  });
});

describe("scripts/layers/results.json", () => {
  it("is what docs/training.md says: `npm run docs:layers` writes both", async () => {
    await expectWritten(layersDocs(await readReport(RESULTS)));
  });

  it("has every model, and with the library all of them train", async () => {
    const { without, with: withLibrary, untrainable } = await readReport(RESULTS);
    const names = (texts: Report["with"]) =>
      Object.entries(texts).flatMap(([layer, variants]) => Object.keys(variants).map((variant) => `${layer}, ${variant}`));
    const wanted = (isTrainable: boolean) =>
      EVERY_LAYER.filter((entry) => !entry.untrainable === isTrainable).map(({ layer, variant }) => `${layer}, ${variant}`);
    expect(names(withLibrary)).toEqual(wanted(true));
    expect(names(without)).toEqual(wanted(true));
    expect(names(untrainable)).toEqual(wanted(false));
    expect(new Set(Object.values(withLibrary).flatMap(Object.values))).toEqual(new Set(["trains"]));
  });
});
