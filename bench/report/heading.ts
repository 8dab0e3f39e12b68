import { type BackendInfo, describeBackend, hasPrograms, isSynchronous } from "../../runtimes/backends.js";
import { coresText, runtimeText, versionsText } from "../../runtimes/environment.js";
import type { Report, Run } from "../results.js";
import { bytes } from "./format.js";

/** What computes where the binary does not work on TensorFlow.js's memory. */
const onDevice = (name: string) =>
  hasPrograms(name) ? "; tfjs-uan has programs of its own there" : "; tfjs-uan is composed of TensorFlow.js operations there";

/** What ran where, as lines of text. */
export function headingLines(report: Report): string[] {
  const { date, quick, machine, backend } = report;
  return [
    `${coresText(report)}, ${bytes(machine.memoryBytes)} of memory, ${machine.platform}`,
    `${runtimeText(report)}; ${versionsText(report)}`,
    ...(backend
      ? [`${describeBackend(backend as BackendInfo)}${isSynchronous(backend.name) ? "" : onDevice(backend.name)}`]
      : []),
    quick ? `${date}, a quick run with rough figures` : date,
  ];
}

/** The same in short, without the memory and the platform. */
export function headingText(run: Run): string {
  return `${coresText(run)}, ${runtimeText(run)},\n${versionsText(run)}, ${run.date.slice(0, 10)}`;
}
