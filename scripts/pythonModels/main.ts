import { join } from "node:path";
import { parseArgs } from "node:util";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { indexOf } from "./models.js";
import { outcomeOf, TOLERANCE } from "./outcome.js";

const KEPT = "tests/keras/models";

const HELP = `Loads models that Keras and tensorflowjs_converter wrote, and compares what they predict with what Python predicted.

Usage: npm run python:models -- [options] [FOLDER]

FOLDER is by default ${KEPT}, which the tests use.
FOLDER/index.json describes the models: { FLAVOR: { NAME: { x: SHAPE, y: SHAPE, forms: [FORM] } } }, or one flavor alone. A model with
several inputs or outputs has lists of shapes. FOLDER/FLAVOR/NAME/ has x.bin and y.bin, float32, and FORM/model.json with its weights. Forms
are h5 and keras, layers models made of .h5 and .keras files, and graph, graph models.

Options:
  --plain         without fromKeras, as tf.loadLayersModel alone reads layers models
  --only TEXT     those models alone whose file has TEXT in its name
  --faults        those rows alone that do not load, or differ by more than ${TOLERANCE} of the largest entry
  --backend NAME  default wasm
  --help          this text`;

function parse() {
  try {
    const options = {
      plain: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      faults: { type: "boolean", default: false },
      backend: { type: "string", default: "wasm" },
      help: { type: "boolean", default: false },
    } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [folder = KEPT, ...more] = positionals;
  if (more.length > 0) throw new OptionError(`one FOLDER may be given, got ${positionals.length}`);
  const rows: string[][] = [];
  let right = 0;
  let failed = 0;
  const files = indexOf(folder).filter(({ flavor, name, form }) => join(flavor, name, form).includes(values.only));
  for (const file of files) {
    const { error = "", difference = Number.NaN } = await outcomeOf(file, values);
    if (difference <= TOLERANCE) right++;
    else if (error) failed++;
    if (values.faults && difference <= TOLERANCE) continue;
    const shown = Number.isNaN(difference) ? "" : difference.toExponential(1);
    rows.push([join(file.flavor, file.name, file.form), error ? "no" : "yes", shown, error.slice(0, 200)]);
  }
  console.log(textTable([["file", "loads", "largest difference", "error"], ...rows], 2));
  console.log(`${right} of ${files.length} differ by at most ${TOLERANCE} of the largest entry, ${failed} do not load.`);
}

await runProgram("python:models", main);
