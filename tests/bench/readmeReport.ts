import { BACKENDS, CONVOLUTIONS, NORMALIZATIONS, SECTIONS, TABLES } from "../../bench/report/names.js";
import type { Report, ResultTable, Row } from "../../bench/results.js";
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
    quotient === undefined ? undefined : ratio(CONVOLUTIONS.forward, quotient, 0.1),
  );
  return { ...timed, quantity: { value, unit: "GFLOP/s" } };
}

/** Of all that the README's tables are made of. */
export function readmeReport(): Report {
  const gradients = [
    gradient(CONVOLUTIONS.forward, 40),
    gradient(CONVOLUTIONS.filter, 50, 0.8),
    gradient(CONVOLUTIONS.input, 80, 0.5),
    gradient(CONVOLUTIONS.theirs, 4, 10),
  ];
  const steps = [timedRow("8×8", BACKENDS.wasm, 35.5), timedRow("8×8", BACKENDS.cpu, 16_816, ratio(BACKENDS.wasm, 473.7, 0))];
  const tables: [string, ResultTable[]][] = [
    [SECTIONS.forward, [targets(0.003, 0.04, 0.0015)]],
    [SECTIONS.training, [targets(0.06, 0.7, 0.005)]],
    [
      SECTIONS.convolution,
      [
        { title: TABLES.gradients, axis: "convolution", note: "Padding 'none'.", rows: gradients },
        { title: TABLES.network, axis: "images", rows: steps },
      ],
    ],
  ];
  return { ...madeUpReport(), sections: tables.map(([name, tables]) => ({ name, title: `${name}?`, tables })) };
}
