import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { askInBrowser, type Browser, CHROMIUM } from "../../runtimes/inBrowser.js";
import { openBrowser } from "../../runtimes/openBrowser.js";
import { SKIPS_BROWSER } from "../helpers/browser.js";

const PROGRAM = `
globalThis.answer = async ({ a, b }) => {
  if (b === 0) throw new RangeError("b must not be 0");
  return { quotient: a / b, isolated: crossOriginIsolated };
};`;

let folder: string;
let entry: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tfjs-uan-"));
  entry = join(folder, "program.js");
  writeFileSync(entry, PROGRAM);
});
afterAll(() => rmSync(folder, { recursive: true }));

it.skipIf(SKIPS_BROWSER)("a page posts the answer, and what it throws", async () => {
  const isolated = await askInBrowser(CHROMIUM, entry, { a: 6, b: 4 }, { isolated: true });
  expect(isolated).toEqual({ quotient: 1.5, isolated: true });
  expect(await askInBrowser(CHROMIUM, entry, { a: 6, b: 4 })).toEqual({ quotient: 1.5, isolated: false });
  await expect(askInBrowser(CHROMIUM, entry, { a: 6, b: 0 })).rejects.toThrow("Chromium: RangeError: b must not be 0");
});

/** A browser that is a program of Node.js. */
const programBrowser = (text: string): Browser => ({
  name: "Program",
  missing: () => undefined,
  onDisplay: () => false,
  open: async (url, _, env) => openBrowser(() => ({ command: process.execPath, args: ["-e", text, url] }), env),
});

it("a browser that ends before the answer is an error, with what it said", async () => {
  const ending = programBrowser('console.error("no sandbox"); process.exitCode = 3;');
  await expect(askInBrowser(ending, entry, {})).rejects.toThrow("Program: it ended with exit code 3\nno sandbox");
});

it("a browser that cannot start is an error", async () => {
  const absent: Browser = {
    ...programBrowser(""),
    open: async (_, __, env) => openBrowser(() => ({ command: "/no/browser", args: [] }), env),
  };
  await expect(askInBrowser(absent, entry, {})).rejects.toThrow("Program: spawn /no/browser ENOENT");
});

it("a browser is ended when it has answered, and its home is removed", async () => {
  const posts = `
    fetch(process.argv[1] + "answer", { method: "POST", body: JSON.stringify({ answer: [process.pid, process.env.HOME] }) });
    setInterval(() => {}, 1000);`;
  const [pid, home] = await askInBrowser<[number, string]>(programBrowser(posts), entry, {});
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(() => rmSync(home)).toThrow("ENOENT");
});
