import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
/** The oldest TensorFlow.js that the README names, and the one that all other tests run on. */
const VERSIONS = ["4.3.0", "4.22.0"];

let folder: string;
let tarball: string;

// A dependency brings an old npm of its own, which npm's scripts would find first.
const PATH = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((path) => !path.includes("node_modules"))
  .join(delimiter);

const run = (command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}) =>
  execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH, ...env },
  });

/** The npm that runs this, a script of Node.js's; else that of the PATH, which Windows does not find without a shell. */
function npm(args: string[], cwd: string): string {
  const { npm_execpath } = process.env;
  return npm_execpath ? run(process.execPath, [npm_execpath, ...args], cwd) : run("npm", args, cwd);
}

/** Installs into a project, from npm's cache where it can. */
const install = (packages: string[], project: string) =>
  npm(["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...packages], project);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tfjs-uan-"));
  const [packed] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root));
  tarball = join(folder, packed.filename);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(VERSIONS)("the packed library in an empty project, with TensorFlow.js %s,", (version) => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(folder, "project-"));
    writeFileSync(join(project, "package.json"), '{ "private": true }\n');
    const peers = ["core", "layers", "backend-wasm", "backend-cpu"].map((name) => `@tensorflow/tfjs-${name}@${version}`);
    install([tarball, ...peers], project);
    for (const file of ["smoke.mjs", "smoke.cjs", "smoke.ts"]) copyFileSync(join(here, file), join(project, file));
  });

  it("works as an ES module, imported before the backends and after them", () => {
    expect(run("node", ["smoke.mjs"], project)).toContain("ok");
    expect(run("node", ["smoke.mjs"], project, { AFTER: "1" })).toContain("ok");
  });

  it("works as CommonJS", () => {
    expect(run("node", ["smoke.cjs"], project)).toContain("ok");
  });

  it.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
    ["commonjs", "node10"],
  ])("has declarations for module %s, resolution %s", (module, moduleResolution) => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"];
    run("node", [tsc, ...flags, "--module", module, "--moduleResolution", moduleResolution, "smoke.ts"], project);
  });
});

it("tfjs-uan/standalone works where TensorFlow.js is not installed", () => {
  const project = mkdtempSync(join(folder, "project-"));
  writeFileSync(join(project, "package.json"), '{ "private": true }\n');
  install([tarball], project);
  expect(existsSync(join(project, "node_modules/@tensorflow"))).toBe(false);
  const program = `
    const one = Float32Array.of(1);
    const mixture = { mean: Float32Array.of(0), variance: one, prior: one };
    console.log(createEngine().normalize(one, mixture, { epsilon: 0 })[0].toFixed(3));
  `;
  const imported = 'import { createEngine } from "tfjs-uan/standalone";';
  const required = 'const { createEngine } = require("tfjs-uan/standalone");';
  expect(run("node", ["--input-type=module", "-e", imported + program], project)).toBe("1.000\n");
  expect(run("node", ["-e", required + program], project)).toBe("1.000\n");
});
