import os from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cpuQuota, usableCores } from "../../src/runtime/cores.js";

type Files = { [file: string]: string };
const quotaOf = (files: Files) => cpuQuota((file) => files[file]);

describe("cpuQuota, version 2 of control groups", () => {
  const own = "/proc/self/cgroup";
  const at = (folder: string) => `/sys/fs/cgroup${folder}/cpu.max`;

  it.each<[string, Files, number]>([
    ["in a container, its root's", { [own]: "0::/\n", [at("")]: "200000 100000\n" }, 2],
    ["a part of a core", { [own]: "0::/\n", [at("")]: "150000 100000\n" }, 1.5],
    ["of another period", { [own]: "0::/\n", [at("")]: "30000 10000\n" }, 3],
    ["'max' as none", { [own]: "0::/\n", [at("")]: "max 100000\n" }, Number.POSITIVE_INFINITY],
    ["of a service of systemd", { [own]: "0::/system.slice/a.service\n", [at("/system.slice/a.service")]: "300000 100000\n" }, 3],
    [
      "the least of nested groups",
      { [own]: "0::/a/b/c\n", [at("/a/b/c")]: "max 100000\n", [at("/a/b")]: "250000 100000\n", [at("/a")]: "400000 100000\n" },
      2.5,
    ],
    ["of a group that the innermost lies in", { [own]: "0::/a/b\n", [at("/a")]: "100000 100000\n" }, 1],
    ["in a container that sees its path on the host", { [own]: "0::/docker/0123abc\n", [at("")]: "400000 100000\n" }, 4],
    ["of a group outside of the namespace", { [own]: "0::/../b\n", [at("")]: "400000 100000\n" }, 4],
    ["of a path with colons", { [own]: "0::/kubepods.slice:cri:0123\n", [at("/kubepods.slice:cri:0123")]: "200000 100000\n" }, 2],
    ["none at the root of a machine, which has no such file", { [own]: "0::/\n" }, Number.POSITIVE_INFINITY],
    ["none out of a file that says something else", { [own]: "0::/\n", [at("")]: "\n" }, Number.POSITIVE_INFINITY],
  ])("reads %s", (_, files, cores) => {
    expect(quotaOf(files)).toBe(cores);
  });
});

describe("cpuQuota, version 1 of control groups", () => {
  const own = "/proc/self/cgroup";
  const lines = (path: string) => `12:pids:${path}\n4:cpu,cpuacct:${path}\n3:cpuset:/else\n1:name=systemd:${path}\n0::${path}\n`;
  const group = (folder: string, quota: number): Files => ({
    [`/sys/fs/cgroup/${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
    [`/sys/fs/cgroup/${folder}/cpu.cfs_period_us`]: "100000\n",
  });

  it.each<[string, Files, number]>([
    ["in a container that sees its path on the host", { [own]: lines("/docker/0123abc"), ...group("cpu", 150000) }, 1.5],
    ["-1 as none", { [own]: lines("/docker/0123abc"), ...group("cpu", -1) }, Number.POSITIVE_INFINITY],
    ["where there is no folder 'cpu'", { [own]: lines("/"), ...group("cpu,cpuacct", 200000) }, 2],
    [
      "the least of nested groups",
      {
        [own]: lines("/kubepods/pod1/a"),
        ...group("cpu/kubepods/pod1/a", -1),
        ...group("cpu/kubepods/pod1", 300000),
        ...group("cpu", -1),
      },
      3,
    ],
    ["no other controller's", { [own]: "3:cpuset:/\n", ...group("cpu", 200000) }, Number.POSITIVE_INFINITY],
    [
      "none where a file is missing",
      { [own]: lines("/"), "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n" },
      Number.POSITIVE_INFINITY,
    ],
  ])("reads %s", (_, files, cores) => {
    expect(quotaOf(files)).toBe(cores);
  });
});

it("cpuQuota is none where there are no control groups", () => {
  expect(quotaOf({})).toBe(Number.POSITIVE_INFINITY);
});

describe("usableCores", () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    [8, "250000 100000", 2],
    [8, "50000 100000", 1],
    [2, "800000 100000", 2],
    [3, "max 100000", 3],
    [0, "max 100000", 1],
  ])("of %i cores with quota '%s' are %i", (cores, quota, usable) => {
    vi.spyOn(os, "availableParallelism").mockReturnValue(cores);
    const files: Files = { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": quota };
    expect(usableCores((file) => files[file])).toBe(usable);
  });

  it("are one where the runtime does not say", () => {
    vi.spyOn(os, "availableParallelism").mockImplementation(() => {
      throw new Error("a permission is missing");
    });
    vi.stubGlobal("navigator", undefined);
    expect(usableCores(() => undefined)).toBe(1);
    vi.unstubAllGlobals();
  });
});
