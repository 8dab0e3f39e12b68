import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { NODE } from "../../bench/names.js";
import { ALL_SECTIONS } from "../../bench/nodeSections.js";
import { SectionError, withProcesses } from "../../bench/processes.js";
import { readReport } from "../../bench/report/json.js";
import type { Section } from "../../bench/section.js";
import type { Target } from "../../bench/target.js";
import { BackendError } from "../../runtimes/backends.js";
import { RELAXED_SIMD } from "../../runtimes/v8.js";
import { folderOf } from "../helpers/folders.js";

const NODE_TARGET: Target = { backend: "wasm", browser: false, isolated: false };
const CARE = { quick: true, seconds: 0.001, rounds: 1, largest: 1024 };

const UNKNOWN: Section = { name: "nothing", question: "?", run: async () => [] };

describe("withProcesses", () => {
  it("says what the processes run on, and gives them flags", async () => {
    const found = await withProcesses(NODE_TARGET, RELAXED_SIMD, async ({ backend, binary, runtime }) => ({
      backend,
      binary,
      runtime,
    }));
    expect(found).toEqual({
      backend: { name: "wasm", simd: true },
      binary: "relaxedSimd",
      runtime: { name: NODE, version: process.version },
    });
  });

  it("runs a section, tells of its progress, and goes on after one that fails", async () => {
    const steps: string[] = [];
    const tables = await withProcesses(NODE_TARGET, [], async (runner) => {
      const failed = runner.run(UNKNOWN, CARE, () => {});
      await expect(failed).rejects.toBeInstanceOf(SectionError);
      await expect(failed).rejects.toThrow("there is no section 'nothing'");
      return runner.run(ALL_SECTIONS[0] as Section, CARE, (step) => steps.push(step));
    });
    expect(tables.map(({ title }) => title)).toEqual(["target shapes", "shapes of real networks"]);
    expect(tables[1]?.rows[0]?.timing?.median).toBeGreaterThan(0);
    expect(steps).toContain("shapes of real networks, dense [1, 1024]");
  });

  it("rejects if the backend does not start", async () => {
    vi.stubEnv("CHROMIUM", "/nowhere");
    const started = withProcesses({ ...NODE_TARGET, browser: true }, [], async () => {});
    const error = await started.catch((error: Error) => error).finally(() => vi.unstubAllEnvs());
    expect(error).toEqual(new BackendError("CHROMIUM must be the path of a browser, got '/nowhere'"));
    expect(error).toBeInstanceOf(BackendError);
  });
});

/** Starts the program, without npm. */
function startBench(...args: string[]) {
  const folder = folderOf({});
  const json = join(folder, "bench.json");
  const program = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const files = ["--json", json, "--page", join(folder, "bench.html")];
  const child = spawn(process.execPath, ["--import", tsx, program, ...args, "--quick", ...files], {
    env: { ...process.env, PATH: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stdout.resume();
  child.stderr.on("data", (data) => {
    errors += data;
  });
  // The processes that it starts write to the same pipes, so these close when all of them have ended.
  const closed = once(child, "close").then(([code]) => ({ code: code as number, errors }));
  return { child, json, closed };
}

describe("npm run bench", () => {
  it("tells at the end which section failed, and keeps the others' results", async () => {
    const { json, closed } = startBench("package", "memory");
    const { code, errors } = await closed;
    expect(code).toBe(1);
    expect(errors).toMatch(/memory \(1 of 2\)[\s\S]*package \(2 of 2\)\nbench: package: Error: spawn npm ENOENT/);
    const { sections, machine } = await readReport(json);
    expect(sections.map(({ name }) => name)).toEqual(["memory"]);
    expect(machine.cores).toBeGreaterThan(0);
  });

  it.skipIf(process.platform === "win32")("stops its process at Ctrl-C", async () => {
    const { child, closed } = startBench("training");
    await once(child.stderr, "data");
    child.kill("SIGINT");
    expect((await closed).code).toBe(130);
  });
});
