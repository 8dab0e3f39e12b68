import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import resolve from "resolve";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
/** The oldest TensorFlow.js that the README names, and the one that all other tests run on. */
const VERSIONS = ["4.3.0", "4.22.0"];

const LIBRARY = "node_modules/tfjs-uan";

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

type Files = { types: string; default: string };

/** The entry points of the package that is installed in a project, with their files from the package's folder. */
function entriesOf(project: string): [name: string, files: { import: Files; require: Files }][] {
  const { exports } = JSON.parse(readFileSync(join(project, LIBRARY, "package.json"), "utf8"));
  return Object.entries(exports as object)
    .filter(([, entry]) => entry.require)
    .map(([path, entry]) => [`tfjs-uan${path.slice(1)}`, entry]);
}

/** What the compiler finds wrong in the library's declarations, and in the project's own files, without the DOM library. */
function faultsWithoutDom(project: string, files: string[]): string[] {
  const program = ts.createProgram(
    files.map((file) => join(project, file)),
    {
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts"],
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    },
  );
  // Declarations of TensorFlow.js's own want the DOM library.
  const ours = ts.getPreEmitDiagnostics(program).filter(({ file }) => !file?.fileName.includes("/node_modules/@"));
  return ours.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

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

  it("has declarations that need no DOM library", () => {
    const files = entriesOf(project).flatMap(([, { import: esm, require: cjs }]) => [esm.types, cjs.types]);
    expect(files).toHaveLength(10);
    expect(
      faultsWithoutDom(
        project,
        files.map((file) => join(LIBRARY, file)),
      ),
    ).toEqual([]);
  });
});

describe("the packed library in an empty project, without TensorFlow.js,", () => {
  let project: string;
  const installed = (file: string) => realpathSync(join(project, LIBRARY, file));

  beforeAll(() => {
    project = realpathSync(mkdtempSync(join(folder, "project-")));
    writeFileSync(join(project, "package.json"), '{ "private": true }\n');
    install([tarball], project);
    expect(existsSync(join(project, "node_modules/@tensorflow"))).toBe(false);
  });

  it("has a tfjs-uan/standalone that works", () => {
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

  it("has declarations of tfjs-uan/standalone for a program without DOM library", () => {
    const program = `
      import { createEngine, type WasmModule } from "tfjs-uan/standalone";
      const module: WasmModule | undefined = undefined;
      export const y: Float32Array = createEngine({ module, threads: 1 }).normalize(new Float32Array(1), {
        mean: new Float32Array(1),
        variance: new Float32Array(1),
        prior: new Float32Array(1),
      });
      // @ts-expect-error: bytes have no name of a module
      createEngine({ module: "module" });
    `;
    writeFileSync(join(project, "program.ts"), program);
    expect(faultsWithoutDom(project, ["program.ts"])).toEqual([]);
  });

  it("is found whole by resolvers that do not read `exports`", () => {
    const find = (name: string, field: "main" | "module") => {
      const packageFilter = (json: resolve.PackageJSON) => ({ ...json, main: json[field] as string });
      return realpathSync(resolve.sync(name, { basedir: project, packageFilter }));
    };
    const options = { moduleResolution: ts.ModuleResolutionKind.Node10 };
    const typesOf = (name: string) =>
      ts.resolveModuleName(name, join(project, "index.ts"), options, ts.sys).resolvedModule?.resolvedFileName;
    const entries = entriesOf(project);
    const paths = ["", "/layers", "/standalone", "/threads", "/workers"];
    expect(entries.map(([name]) => name)).toEqual(paths.map((path) => `tfjs-uan${path}`));
    for (const [name, files] of entries) {
      expect(find(name, "main")).toBe(installed(files.require.default));
      expect(find(name, "module")).toBe(installed(files.import.default));
      expect(realpathSync(typesOf(name) as string)).toBe(installed(files.require.types));
    }
    const binaries = readdirSync(join(root, "build/wasm")).filter((name) => name.endsWith(".wasm"));
    const require = createRequire(join(project, "index.js"));
    for (const binary of binaries.map((name) => `tfjs-uan/wasm/${name}`)) {
      expect(find(binary, "main")).toBe(realpathSync(require.resolve(binary)));
    }
    expect(binaries.length).toBeGreaterThan(0);
  });
});
