import { type BackendInfo, describeBackend, hasPrograms } from "../../runtimes/backends.js";
import { coresText, runtimeText, versionsText } from "../../runtimes/environment.js";
import type { Report, Run } from "../results.js";
import { bytes } from "./format.js";

/** What of the library computes on a backend: where it says nothing, the binary. */
function computedBy({ name, device }: BackendInfo): string {
  if (hasPrograms(name)) return "; tfjs-uan's programs compute there";
  const isNativeGpu = name === "tensorflow" && device?.endsWith("with a GPU");
  return isNativeGpu ? "; tfjs-uan is composed of TensorFlow.js operations there" : "";
}

/** What ran where, as lines of text. */
export function headingLines(report: Report): string[] {
  const { date, quick, machine, backend } = report;
  return [
    `${coresText(report)}, ${bytes(machine.memoryBytes)} of memory, ${machine.platform}`,
    `${runtimeText(report)}; ${versionsText(report)}`,
    ...(backend ? [`${describeBackend(backend as BackendInfo)}${computedBy(backend as BackendInfo)}`] : []),
    quick ? `${date}, a quick run with rough figures` : date,
  ];
}

/** The same in short, without the memory and the platform. */
export function headingText(run: Run): string {
  return `${coresText(run)}, ${runtimeText(run)},\n${versionsText(run)}, ${run.date.slice(0, 10)}`;
}
