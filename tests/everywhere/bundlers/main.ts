import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { OptionError, runProgram } from "../../../reporting/program.js";
import { textTable } from "../../../reporting/textTable.js";
import { findChromium } from "../../../runtimes/chromium.js";
import { ROOT } from "../../../runtimes/project.js";
import { type AppOutcome, shortcomingOf } from "../app/check.js";
import { outcomeOf } from "../outcome.js";
import { BUNDLERS, type Bundler } from "./bundlers.js";

const HELP = `Builds an app with bundlers, in projects that install the package as users do, and runs it.

Usage: npm run bundlers -- [names] [options]

Names (default: all): ${Object.keys(BUNDLERS).join(", ")}

Options:
  --help                    this text

It needs npm's registry, and Chromium.`;

/** Milliseconds that one command may take. */
const MAX_TIME = 600_000;
/** How much of a failed command's output is shown. */
const MAX_OUTPUT = 3000;
const HERE = fileURLToPath(new URL(".", import.meta.url));
const APP = fileURLToPath(new URL("../app/app.js", import.meta.url));
/** What the app imports beside the library. */
const TENSORFLOW = ["core", "layers", "backend-cpu", "backend-wasm"].map((name) => `@tensorflow/tfjs-${name}@4.22.0`);

async function execute(cwd: string, command: string, args: string[]): Promise<string> {
  const env = { ...process.env, CI: "true", NEXT_TELEMETRY_DISABLED: "1", NODE_OPTIONS: "" };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env, timeout: MAX_TIME, maxBuffer: 2 ** 26 });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${[command, ...args].join(" ")}: ${stdout + stderr || message}`.slice(0, MAX_OUTPUT));
  }
}

/** Packs the library. @returns the path of the archive */
async function pack(folder: string): Promise<string> {
  // The build has just run.
  const printed = await execute(ROOT, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  return join(folder, printed.trim().split("\n").at(-1) as string);
}

function copyFiles(name: string, { binaries, copied = [] }: Bundler, folder: string): void {
  const built = join(folder, "built");
  mkdirSync(built);
  cpSync(join(HERE, name), folder, { recursive: true });
  cpSync(APP, join(folder, "app.js"));
  for (const file of copied) cpSync(join(folder, file), join(built, file));
  if (!binaries) return;
  const from = join(folder, "node_modules/@tensorflow/tfjs-backend-wasm/dist");
  cpSync(from, join(folder, binaries), { recursive: true, filter: (path) => path === from || path.endsWith(".wasm") });
}

/** Makes the project, builds the app and runs it. @returns the build's lines that name the library */
async function tryBundler(name: string, bundler: Bundler, folder: string, archive: string): Promise<string[]> {
  const { packages, commands, manifest, runs } = bundler;
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", ...manifest }));
  await execute(folder, "npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", archive, ...TENSORFLOW, ...packages]);
  copyFiles(name, bundler, folder);
  const printed: string[] = [];
  for (const [command = "", ...args] of commands) {
    printed.push(await execute(folder, join(folder, "node_modules/.bin", command), args));
  }
  const outcome: AppOutcome =
    runs === "Node.js"
      ? JSON.parse(readFileSync(join(folder, "outcome.json"), "utf8"))
      : await outcomeOf<AppOutcome>({ folders: { "/": join(folder, "built/") } }, "/index.html");
  const shortcoming = shortcomingOf(outcome, runs === "Node.js" ? "cpu" : "wasm");
  if (shortcoming) throw new Error(shortcoming);
  return printed
    .join("\n")
    .split("\n")
    .filter((line) => /warn/i.test(line) && line.includes("tfjs-uan"));
}

async function main(): Promise<void> {
  const { values, positionals } = (() => {
    try {
      return parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
    } catch (error) {
      throw new OptionError((error as Error).message);
    }
  })();
  if (values.help) {
    console.log(HELP);
    return;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(BUNDLERS);
  const unknown = names.find((name) => !Object.hasOwn(BUNDLERS, name));
  if (unknown !== undefined) throw new OptionError(`'${unknown}' is not one of ${Object.keys(BUNDLERS).join(", ")}`);
  if (!findChromium()) throw new OptionError("Chromium was not found: set the environment variable CHROMIUM to its path");
  const cells = [["bundler", "runs in", "seconds", "result"]];
  const folder = mkdtempSync(join(tmpdir(), "tfjs-uan-bundlers-"));
  try {
    const archive = await pack(folder);
    for (const name of names) {
      const bundler = BUNDLERS[name] as Bundler;
      const start = performance.now();
      let result = "trains, saves, loads and predicts";
      try {
        const warnings = await tryBundler(name, bundler, join(folder, name), archive);
        if (warnings.length > 0) throw new Error(`warnings: ${warnings.join("\n")}`);
      } catch (error) {
        console.error(`${name}: ${(error as Error).message}`);
        result = "FAILED: see above";
        process.exitCode = 1;
      }
      const version = (bundler.packages[0] as string).split("@").at(-1);
      const seconds = Math.round((performance.now() - start) / 1000);
      cells.push([`${bundler.title} ${version}`, bundler.runs, String(seconds), result]);
      console.log(`${name}: ${result}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  console.log(textTable(cells, 2));
}

await runProgram("bundlers", main);
