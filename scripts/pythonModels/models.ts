import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OptionError } from "../../reporting/program.js";

/** What a model was converted from: .h5, .keras, both as layers models; a SavedModel, as a graph model. */
export const FORMS = ["h5", "keras", "graph"] as const;

type Shapes = number[] | number[][];

/** A model as index.json describes it. */
interface Model {
  x: Shapes;
  y: Shapes;
  /** Of the inputs, where they are not all float32. */
  dtype?: string[];
  forms: string[];
}

/** A file to load, and what to compare it with. */
export interface ModelFile {
  flavor: string;
  name: string;
  form: (typeof FORMS)[number];
  /** The folder that has x.bin, y.bin and the forms' folders. */
  folder: string;
  /** Shapes of the inputs. */
  x: number[][];
  dtype: string[];
}

const listed = (shapes: Shapes): number[][] => (Array.isArray(shapes[0]) ? (shapes as number[][]) : [shapes as number[]]);

/** All files that a folder's index.json names, which describes flavors of models, or the models of one flavor. */
export function indexOf(folder: string): ModelFile[] {
  const path = join(folder, "index.json");
  if (!existsSync(path)) throw new OptionError(`FOLDER must have an index.json, got '${folder}'`);
  const index = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const isOfModels = Object.values(index).some((value) => Array.isArray((value as Model).forms));
  const flavors = (isOfModels ? { "": index } : index) as Record<string, Record<string, Model>>;
  return Object.entries(flavors).flatMap(([flavor, models]) =>
    Object.entries(models).flatMap(([name, { x, dtype = [], forms }]) =>
      FORMS.filter((form) => forms.includes(form)).map((form) => ({
        flavor,
        name,
        form,
        folder: join(folder, flavor, name),
        x: listed(x),
        dtype,
      })),
    ),
  );
}
