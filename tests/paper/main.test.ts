import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { folderOf } from "../helpers/folders.js";

const MAIN = fileURLToPath(new URL("../../paper/main.ts", import.meta.url));
const TYPESCRIPT = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Runs the program in an empty folder. */
function paper(...options: string[]) {
  const cwd = folderOf({});
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", TYPESCRIPT, MAIN, ...options], {
    cwd,
    encoding: "utf8",
  });
  return { status, stdout, stderr, hasWritten: existsSync(`${cwd}/out`) };
}

describe("npm run paper", () => {
  it("prints its help", () => {
    const { status, stdout, hasWritten } = paper("--help");
    expect(stdout).toContain("Usage: npm run paper -- [experiments] [options]");
    expect([status, hasWritten]).toEqual([0, false]);
  });

  it("refuses wrong arguments in one line", () => {
    const { status, stderr, hasWritten } = paper("gradient");
    expect(stderr).toMatch(/^paper: 'gradient' is not an experiment: expected some of choose, classification, .*\n$/);
    expect([status, hasWritten]).toEqual([2, false]);
  });

  it("refuses missing data before it trains", () => {
    const { status, stderr, hasWritten } = paper("--svhn", "/nowhere");
    expect(stderr).toMatch(/^paper: \/nowhere\/train_32x32\.mat: there is no such file; the folder must hold .*\n$/);
    expect([status, hasWritten]).toEqual([1, false]);
  });
});
