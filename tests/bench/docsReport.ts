import {
  BACKENDS,
  EM_STEPS,
  GRADIENTS,
  LAYER_TABLES,
  LAYERS,
  mixtureName,
  NORMALIZATIONS,
  SECTIONS,
  STEP_CONTENDERS,
  TABLES,
} from "../../bench/names.js";
import type { Report, ResultTable, Row } from "../../bench/results.js";
import { CASES, caseName } from "../../bench/step/cases.js";
import { madeUpReport, ratio, timedRow } from "./reports.js";

function targets(batchNorm: number, composed: number, uan: number): ResultTable {
  const rows = ["[2, 500]", "[1000]"].flatMap((shape, i) => [
    timedRow(shape, NORMALIZATIONS.batchNorm, batchNorm + i / 1000),
    timedRow(shape, NORMALIZATIONS.uan, uan, ratio(NORMALIZATIONS.batchNorm, 0.5, 0.01)),
    timedRow(shape, NORMALIZATIONS.composed, composed, ratio(NORMALIZATIONS.uan, 25, 1)),
  ]);
  return { title: TABLES.targets, axis: "activations", note: "K = 7. As it may be.", rows };
}

function gradient(contender: string, value: number, quotient?: number): Row {
  const timed = timedRow(
    "[8, 8], 3×3",
    contender,
    1,
    quotient === undefined ? undefined : ratio(GRADIENTS.forward, quotient, 0.1),
  );
  return { ...timed, quantity: { value, unit: "GFLOP/s" } };
}

/** What TensorFlow.js's contenders take: the library's take 0.002. */
const THEIR_TIMES: Record<string, number> = { [NORMALIZATIONS.batchNorm]: 0.008, [LAYERS.theirs]: 0.5 };

/** A table of the classical layers. */
function layerTable(title: string, to: string, ...contenders: string[]): ResultTable {
  const rows = contenders.map((contender) => {
    const quotient = ratio(to, contender === LAYERS.theirs ? 250 : 0.5, 0);
    return timedRow("[2, 500]", contender, THEIR_TIMES[contender] ?? 0.002, contender === to ? undefined : quotient);
  });
  return { title, axis: "activations", rows };
}

const LAYER_RESULTS = [
  layerTable(LAYER_TABLES.inference, NORMALIZATIONS.batchNorm, NORMALIZATIONS.batchNorm, LAYERS.replaced, LAYERS.batch),
  layerTable(LAYER_TABLES.step, NORMALIZATIONS.batchNorm, NORMALIZATIONS.batchNorm, LAYERS.batch),
  ...[LAYER_TABLES.layerForward, LAYER_TABLES.layerTraining].map((title) =>
    layerTable(title, LAYERS.layer, LAYERS.layer, LAYERS.group, LAYERS.instance, LAYERS.theirs),
  ),
  ...[LAYER_TABLES.mixtureForward, LAYER_TABLES.mixtureTraining].map((title) =>
    layerTable(title, NORMALIZATIONS.uan, NORMALIZATIONS.uan, ...EM_STEPS.map(mixtureName)),
  ),
];
LAYER_RESULTS[0]?.rows.push(timedRow("[1000]", LAYERS.batch, 0.003));

/** A CNN's step takes the library 20 ms, any other one 2 ms; TensorFlow.js eight times, tfjs-node half as long. */
function stepRows(): Row[] {
  const { theirs, ours, native } = STEP_CONTENDERS;
  return CASES.flatMap((of) => {
    const [name, own] = [caseName(of), of.network === "cnn" ? 20 : 2];
    return [
      ...(of.without ? [] : [timedRow(name, theirs, 8 * own, ratio(ours, 8, 0))]),
      timedRow(name, ours, own),
      timedRow(name, native, own / 2, ratio(ours, 0.5, 0)),
    ];
  });
}

/** A report with everything that the documents show. */
export function docsReport(): Report {
  const gradients = [
    gradient(GRADIENTS.forward, 40),
    gradient(GRADIENTS.filter, 50, 0.8),
    gradient(GRADIENTS.input, 80, 0.5),
    gradient(GRADIENTS.theirs, 4, 10),
  ];
  const steps = [timedRow("8×8", BACKENDS.wasm, 35.5), timedRow("8×8", BACKENDS.cpu, 16_816, ratio(BACKENDS.wasm, 473.7, 0))];
  const tables: [string, ResultTable[]][] = [
    [SECTIONS.forward, [targets(0.003, 0.04, 0.0015)]],
    [SECTIONS.training, [targets(0.06, 0.7, 0.005)]],
    [SECTIONS.layers, LAYER_RESULTS],
    [
      SECTIONS.convolution,
      [
        { title: TABLES.gradients, axis: "convolution", note: "Padding 'none'.", rows: gradients },
        { title: TABLES.network, axis: "images", rows: steps },
      ],
    ],
    [SECTIONS.step, [{ title: TABLES.steps, axis: "step", note: "With one abacus.", rows: stepRows() }]],
  ];
  return { ...madeUpReport(), sections: tables.map(([name, tables]) => ({ name, title: `${name}?`, tables })) };
}
