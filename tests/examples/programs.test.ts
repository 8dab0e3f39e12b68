import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { ROOT } from "../../runtimes/project.js";
import { folderOf } from "../helpers/folders.js";

/** The programs of Node.js, by folder: an argument with which they are short, and what they print at last. */
const PROGRAMS: [string, string, RegExp][] = [
  ["fineTuning", "100", /as Keras's .* %\s/],
  ["lstm", "1", /^epoch 1: squared error 0\.\d+, of other sequences 0\.\d+\n$/],
  ["styleTransfer", "2", /out\/styleTransfer\.html shows images before and after\n$/],
  ["threads", "2", /^1 thread: \d+ ms, losses (.*)\n2 threads: \d+ ms, losses \1\n$/],
  ["wganGp", "1", /\nmade:\n[^a-z]*$/],
];

/** Runs a program in an empty folder. */
function run(name: string, argument: string) {
  const cwd = folderOf({});
  const tsx = join(ROOT, "node_modules/tsx/dist/cli.mjs");
  return promisify(execFile)(process.execPath, [tsx, join(ROOT, "examples", name, "main.ts"), argument], { cwd });
}

it.each(PROGRAMS)("examples/%s runs to its end with the argument %s", async (name, argument, expected) => {
  const { stdout, stderr } = await run(name, argument);
  expect(stderr).toBe("");
  expect(stdout).toMatch(expected);
});

it("a program says which argument it wants", async () => {
  await expect(run("wganGp", "0")).rejects.toThrow("STEPS must be a whole number from 1 on, got '0'");
});

it("examples/README.md names each folder", () => {
  const readme = readFileSync(join(ROOT, "examples/README.md"), "utf8");
  const entries = readdirSync(join(ROOT, "examples"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(folders).toContain("live");
  expect(folders.filter((name) => !readme.includes(`](${name}/`))).toEqual([]);
});
