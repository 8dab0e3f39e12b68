import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { indexOf } from "../../scripts/pythonModels/models.js";
import { outcomeOf, TOLERANCE } from "../../scripts/pythonModels/outcome.js";

const FOLDER = fileURLToPath(new URL("models", import.meta.url));

const files = indexOf(FOLDER).map((file) => [`${file.flavor}/${file.name}, ${file.form}`, file] as const);

describe(`models that Keras and tensorflowjs_converter wrote predict what Python predicted, within ${TOLERANCE} of the largest entry`, () => {
  it.each(files)("%s", async (_, file) => {
    const { error, difference } = await outcomeOf(file, { plain: false, backend: "wasm" });
    expect(error).toBeUndefined();
    expect(difference).toBeLessThanOrEqual(TOLERANCE);
  });

  it("are of Keras 2 and 3, of all forms", () => {
    expect(files.length).toBeGreaterThan(40);
    const kinds = new Set(files.map(([, { flavor, form }]) => `${/^keras-\d/.exec(flavor) ?? ""} ${form}`));
    for (const kind of ["keras-2 h5", "keras-2 keras", "keras-3 h5", "keras-3 keras", "keras-3 graph"])
      expect(kinds).toContain(kind);
  });

  it("are not read by tf.loadLayersModel alone, if they are of Keras 3 or .keras files", async () => {
    const wanted = files.filter(([, { form, flavor }]) => form === "keras" || (form === "h5" && flavor.startsWith("keras-3")));
    for (const [name, file] of wanted) {
      const { error } = await outcomeOf(file, { plain: true, backend: "wasm" });
      expect(error, name).toBeDefined();
    }
  });

  it("are small", () => {
    const bytes = files.reduce((sum, [, { folder, form }]) => sum + readFileSync(`${folder}/${form}/model.json`).length, 0);
    expect(bytes).toBeLessThan(300_000);
  });
});
