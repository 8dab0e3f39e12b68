import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as operations from "../../src/index.js";
import * as layers from "../../src/layers.js";
import * as standalone from "../../src/standalone/index.js";
import * as threads from "../../src/threads.js";
import * as workers from "../../src/workers.js";

const page = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");

/** The lines of the page's code below each comment that names an entry point, "// tfjs-uan/layers: …". */
function codeOf(entryPoint: string): string {
  const parts = page.split(/^\/\/ (tfjs-uan\S*?)(?::.*)?$/m).slice(1);
  return parts.filter((_, i) => parts[i - 1] === entryPoint && i % 2 === 1).join("\n");
}

it.each([
  ["tfjs-uan", operations],
  ["tfjs-uan/layers", layers],
  ["tfjs-uan/standalone", standalone],
  ["tfjs-uan/threads", threads],
  ["tfjs-uan/workers", workers],
])("docs/api.md shows every function of %s", (entryPoint, module) => {
  const functions = Object.keys(module).filter((name) => /^[a-z]/.test(name));
  const code = codeOf(entryPoint);
  expect(functions.length).toBeGreaterThan(0);
  expect(functions.filter((name) => !new RegExp(`\\b${name}\\(`).test(code))).toEqual([]);
});
