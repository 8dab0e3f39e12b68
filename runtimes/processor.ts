import { readFile } from "node:fs/promises";
import { cpus } from "node:os";

export interface Processor {
  /** The model's name, as the system says it. */
  cpu: string;
  cores: number;
  /** Which model it is, where the name does not say that: Linux knows it. */
  cpuModel?: string;
  /** Where the system says it: the base frequency on most virtual machines, elsewhere also the frequency of the moment. */
  megahertz?: number;
}

/** The lines of /proc/cpuinfo that tell models apart, on x86 and on Arm. */
const MODEL_LINES = ["cpu family", "model", "CPU implementer", "CPU part"];

/** A name with a number tells models apart, but the number must not be the frequency. */
const saysModel = (name: string) => /\d/.test(name.replace(/@.*/, ""));

/** What /proc/cpuinfo says of the first core. */
function parseCpuInfo(text: string): Map<string, string> {
  const [first = ""] = text.split("\n\n");
  return new Map(first.split("\n").map((line) => line.split(":", 2).map((part) => part.trim()) as [string, string]));
}

/**
 * @param cores what `os.cpus()` says of the cores
 * @param cpuInfo the text of /proc/cpuinfo; "" where there is none
 */
export function processorOf(cores: { model: string; speed: number }[], cpuInfo: string): Processor {
  const info = parseCpuInfo(cpuInfo);
  const cpu = cores[0]?.model.trim() || "unknown";
  const model = MODEL_LINES.flatMap((line) => (info.has(line) ? [`${line} ${info.get(line)}`] : [])).join(", ");
  // Node.js says 0 where Linux has no frequency scaling.
  const megahertz = Math.round(cores[0]?.speed || Number(info.get("cpu MHz") ?? 0));
  return {
    cpu,
    cores: cores.length,
    ...(model && !saysModel(cpu) && { cpuModel: model }),
    ...(megahertz > 0 && { megahertz }),
  };
}

export const describeProcessor = async (): Promise<Processor> =>
  processorOf(cpus(), await readFile("/proc/cpuinfo", "utf8").catch(() => ""));

/** Number, name, model and frequency of the cores. */
export function processorText({ cpu, cores, cpuModel, megahertz }: Processor): string {
  const facts = [...(cpuModel ? [cpuModel] : []), ...(megahertz ? [`${(megahertz / 1000).toFixed(1)} GHz`] : [])];
  return `${cores} core${cores === 1 ? "" : "s"} of ${cpu}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}
