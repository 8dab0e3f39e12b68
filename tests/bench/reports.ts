import type { Report, ResultTable, Row } from "../../bench/results.js";

/** A row of a thousand elements. */
export function timedRow(name: string, contender: string, median: number, ratio?: Row["ratio"]): Row {
  return {
    case: name,
    contender,
    timing: { median, minimum: median * 0.9, samples: 100, elements: 1000, bytes: 8000 },
    ...(ratio && { ratio }),
  };
}

export function ratio(to: string, median: number, spread: number): Row["ratio"] {
  return { to, median, low: median - spread, high: median + spread };
}

/** Of one section with these tables. */
export function madeUpReport(...tables: ResultTable[]): Report {
  return {
    version: 1,
    date: "2025-01-02T03:04:05.000Z",
    quick: false,
    machine: { cpu: "Abacus 9000", cores: 4, memoryBytes: 8 * 1024 ** 3, platform: "linux x64" },
    runtime: { name: "Node", version: "20.1.0" },
    versions: { "@tensorflow/tfjs-core": "4.22.0", binary: "simd" },
    sections: [{ name: "made-up", title: "Is it fast?", tables }],
  };
}

export const SHAPES: ResultTable = {
  title: "shapes",
  note: "Both in turns.",
  axis: "activations",
  rows: [
    timedRow("[10, 100]", "tf.batchNorm", 0.004),
    timedRow("[10, 100]", "tfjs-uan", 0.002, { to: "tf.batchNorm", median: 0.501, low: 0.497, high: 0.508 }),
  ],
};
