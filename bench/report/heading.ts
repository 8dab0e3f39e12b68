import { type BackendInfo, describeBackend, isSynchronous } from "../../runtimes/backends.js";
import type { Report } from "../results.js";
import { bytes } from "./format.js";

const cores = ({ machine }: Report) => `${machine.cores} core${machine.cores === 1 ? "" : "s"} of ${machine.cpu}`;
const runtime = ({ runtime: { name, version } }: Report) => `${name} ${version}`;
const versions = (report: Report) =>
  Object.entries(report.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");

/** What ran where, as lines of text. */
export function headingLines(report: Report): string[] {
  const { date, quick, machine, backend } = report;
  const composed = "; tfjs-uan is made of TensorFlow.js operations there, too";
  return [
    `${cores(report)}, ${bytes(machine.memoryBytes)} of memory, ${machine.platform}`,
    `${runtime(report)}; ${versions(report)}`,
    ...(backend ? [`${describeBackend(backend as BackendInfo)}${isSynchronous(backend.name) ? "" : composed}`] : []),
    quick ? `${date}, a quick run: figures are rough` : date,
  ];
}

/** The same in short, without the memory. */
export function headingText(report: Report): string {
  return `${cores(report)}, ${runtime(report)},\n${versions(report)}, ${report.date.slice(0, 10)}`;
}
