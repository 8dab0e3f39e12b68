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
 * group and those that it lies in the least counts. A container may see the path of its group on the host, and of the groups itself
 * alone, as the root.
 *
 * @param read default: reads files, where the runtime can
 */
export function cpuQuota(read: ReadFile = readFile): number {
  const quotas = [Number.POSITIVE_INFINITY];
  // For each hierarchy a line "number:controllers:path". The path may have colons, too.
  for (const [, controllers, path] of (read("/proc/self/cgroup") ?? "").matchAll(/^\d+:([^:\n]*):(.*)$/gm)) {
    const folders = withParents(path as string);
    if (controllers === "") {
      // Version 2: one file has quota and period.
      for (const folder of folders) {
        const [quota, period] = (read(`${CGROUPS}${folder}/cpu.max`) ?? "").trim().split(/\s+/);
        quotas.push(quotient(quota, period));
      }
    } else if (controllers?.split(",").includes("cpu")) {
      // Version 1: the controllers' names are that of a folder, and "cpu" is mostly a link to it.
      for (const folder of folders.flatMap((folder) => [`/${controllers}${folder}`, `/cpu${folder}`])) {
        const [quota, period] = ["quota", "period"].map((name) => read(`${CGROUPS}${folder}/cpu.cfs_${name}_us`));
        quotas.push(quotient(quota, period));
      }
    }
  }
  return Math.min(...quotas);
}

function coresOfMachine(): number {
  const os = builtinModule<NodeOs>("node:os");
  try {
    return os?.availableParallelism?.() ?? os?.cpus?.().length ?? globalThis.navigator?.hardwareConcurrency ?? 1;
  } catch {
    return globalThis.navigator?.hardwareConcurrency ?? 1; // Deno may have to be asked for a permission
  }
}

/**
 * The cores that this process may use, a part of a core not counted; at least 1.
 *
 * @param read as of cpuQuota
 */
export function usableCores(read?: ReadFile): number {
  return Math.max(Math.floor(Math.min(coresOfMachine(), cpuQuota(read))), 1);
}
