import { builtinModule } from "./builtin.js";

// How many cores this process may use: a container may be allowed less CPU time than the machine has cores for, which Node.js of
// before 22 does not look at.

/** What is used of node:os and node:fs. */
interface NodeOs {
  availableParallelism?(): number;
  cpus?(): unknown[];
}
interface NodeFs {
  readFileSync(file: string, encoding: "utf8"): string;
}

/** The text of a file; undefined where there is none. */
export type ReadFile = (file: string) => string | undefined;

const CGROUPS = "/sys/fs/cgroup";

function readFile(file: string): string | undefined {
  try {
    return builtinModule<NodeFs>("node:fs")?.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** A folder and all that it lies in, of a path such as /a/b: /a/b, /a and the root, "". */
function withParents(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, i) => `/${names.slice(0, names.length - i).join("/")}`).concat("");
}

/** A quota in cores, of two numbers of microseconds; Infinity where there is none ("max", or -1). */
function quotient(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

/**
 * The CPU time that Linux's control groups allow this process, in cores; Infinity where there is no limit, or no such thing. Of a
 * group and those that it lies in the least counts.
 *
 * @param read default: reads files, where the runtime can
 */
export function cpuQuota(read: ReadFile = readFile): number {
  const own = (read("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const pathOf = (isIt: (controllers: string) => boolean) => own.find(([, controllers = ""]) => isIt(controllers))?.[2] ?? "";
  // Version 2: one file with quota and period. In a container the path may be the host's, so that only the root is there.
  const second = withParents(pathOf((controllers) => controllers === "")).map((folder) => {
    const [quota, period] = (read(`${CGROUPS}${folder}/cpu.max`) ?? "").trim().split(/\s+/);
    return quotient(quota, period);
  });
  const first = withParents(pathOf((controllers) => controllers.split(",").includes("cpu"))).map((folder) => {
    const [quota, period] = ["quota", "period"].map((name) => read(`${CGROUPS}/cpu${folder}/cpu.cfs_${name}_us`));
    return quotient(quota, period);
  });
  return Math.min(...second, ...first);
}

/**
 * The cores that this process may use, a part of a core not counted; at least 1.
 *
 * @param read as of cpuQuota
 */
export function usableCores(read?: ReadFile): number {
  const os = builtinModule<NodeOs>("node:os");
  const cores = os?.availableParallelism?.() ?? os?.cpus?.().length ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  return Math.max(Math.floor(Math.min(cores, cpuQuota(read))), 1);
}
