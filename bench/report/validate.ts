import { boolean, list, number, object, oneOf, record, string } from "../../reporting/checks.js";
import type { Report } from "../results.js";

const row = object(
  { case: string, contender: string },
  {
    x: number,
    timing: object({ median: number, minimum: number, samples: number }, { elements: number, bytes: number, processor: number }),
    quantity: object({ value: number, unit: oneOf("bytes", "ms", "GFLOP/s") }),
    ratio: object({ to: string, median: number, low: number, high: number }),
    calls: number,
    part: number,
  },
);
const table = object({ title: string, axis: string, rows: list(row) }, { note: string });

const required = {
  date: string,
  quick: boolean,
  machine: object({ cpu: string, cores: number, memoryBytes: number, platform: string }, { cpuModel: string, megahertz: number }),
  runtime: object({ name: string, version: string }),
  versions: record(string),
};
const optional = {
  backend: object({ name: string }, { simd: boolean, threads: number, device: string, software: boolean }),
};
const section = object({ name: string, title: string, tables: list(table) }, { run: object(required, optional) });
const report = object({ version: oneOf(1), ...required, sections: list(section) }, optional);

/** Throws unless the value is a report of version 1; the message says where in the value the fault is, and begins with `at`. */
export function checkReport(value: unknown, at: string): asserts value is Report {
  report(value, at);
}
