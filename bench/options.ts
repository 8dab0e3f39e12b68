import { parseArgs } from "node:util";
import { OptionError } from "../reporting/program.js";
import { BACKENDS, type BackendName, isSynchronous } from "../runtimes/backends.js";
import { misfit, type Section } from "./section.js";
import type { Target } from "./target.js";

export interface Options extends Target {
  sections: Section[];
  /** If no section is named: why some sections cannot run. */
  leftOut: string[];
  quick: boolean;
  relaxedSimd: boolean;
  /** Time for all rounds of a case. */
  seconds: number;
  json: string;
  page: string;
  /** A report of an earlier run. */
  compare?: string;
}

/** In a page TensorFlow.js has 8 at most. */
const MAX_THREADS = { page: 8, node: 64 };
const SECONDS = { whole: 2.5, quick: 0.05 };
const FILES = { json: "out/bench.json", page: "out/bench.html" };

/** The placeholder of an option's value; "" if the option takes none. */
const PLACEHOLDERS = {
  backend: "NAME",
  browser: "",
  isolated: "",
  threads: "N",
  quick: "",
  "relaxed-simd": "",
  seconds: "N",
  json: "FILE",
  page: "FILE",
  compare: "OLD.json",
  help: "",
};

type Name = keyof typeof PLACEHOLDERS;

const DESCRIPTIONS: Record<Name, string> = {
  backend: "TensorFlow.js's backend: wasm (default), cpu, tensorflow or webgpu in Node.js, webgl in Chromium",
  browser: "runs wasm, cpu or webgpu in Chromium, too",
  isolated: "runs in a cross-origin isolated page, in which TensorFlow.js's wasm has threads",
  threads: `threads of wasm (default 1): in Node.js the library's, up to ${MAX_THREADS.node}; with --isolated TensorFlow.js's, up to ${MAX_THREADS.page} (default: its choice)`,
  quick: "measures wasm in under a minute: fewer and smaller cases, less precise",
  "relaxed-simd": "uses the binary for relaxed SIMD; Node.js 20 gets a flag for it",
  seconds: `time for the rounds of one case (default ${SECONDS.whole}; ${SECONDS.quick} with --quick)`,
  json: `the file for the results as JSON (default ${FILES.json})`,
  page: `the file for the results as a page (default ${FILES.page})`,
  compare: "compares the results with those of an earlier run",
  help: "this text",
};

const NAMES = Object.keys(PLACEHOLDERS) as Name[];

export function helpText(sections: Section[]): string {
  return [
    "Measures UAN, batch normalization and other normalizations.",
    "",
    "Usage: npm run bench -- [sections] [options]",
    "",
    "Sections:",
    ...sections.map(({ name, question }) => `  ${name.padEnd(20)}${question}`),
    "",
    "Options:",
    ...NAMES.map((name) => `  ${`--${name} ${PLACEHOLDERS[name]}`.padEnd(20)}${DESCRIPTIONS[name]}`),
    "",
    "By default, all sections run that the backend supports. Each has a process of its own, in Chromium also a page of its own.",
    "tensorflow, and the contender tfjs-node of section step, need the package @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node. The",
    "environment variable TFJS_NODE names the folder of another project that has one installed; without one, step leaves tfjs-node out.",
    "Set the environment variable CHROMIUM to the path of Chromium if it is not found.",
    "The report names the renderer of webgl and webgpu: without a GPU, Chromium emulates them in software, which is slow.",
  ].join("\n");
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds < Infinity)) throw new OptionError(`--seconds must be a number above 0, got '${text}'`);
  return seconds;
}

function parseThreads(text: string, most: number): number {
  const threads = Number(text);
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= most)) {
    throw new OptionError(`--threads must be an integer from 1 to ${most}, got '${text}'`);
  }
  return threads;
}

function parseTarget(given: Partial<Record<Name, string>>): Target {
  const { backend: name = "wasm" } = given;
  const backend = BACKENDS.find((known): known is BackendName => known === name);
  if (!backend) throw new OptionError(`--backend must be one of ${BACKENDS.join(", ")}, got '${name}'`);
  const isolated = given.isolated !== undefined || (given.browser !== undefined && given.threads !== undefined);
  const threads = given.threads === undefined ? undefined : parseThreads(given.threads, MAX_THREADS[isolated ? "page" : "node"]);
  if (threads !== undefined && backend !== "wasm")
    throw new OptionError(`--threads must be used with backend 'wasm', got '${backend}'`);
  const browser = isolated || given.browser !== undefined || backend === "webgl";
  if (browser && backend === "tensorflow") throw new OptionError("--backend tensorflow must run in Node.js, got a browser");
  if (given["relaxed-simd"] !== undefined && !isSynchronous(backend)) {
    throw new OptionError(`--relaxed-simd must be used with backend 'wasm' or 'cpu', got '${backend}'`);
  }
  return { backend, browser, isolated, ...(threads !== undefined && { threads }) };
}

/** Reads the command line. Returns undefined if it asks for help. */
export function parseOptions(args: string[], all: Section[]): Options | undefined {
  const types = Object.fromEntries(NAMES.map((name) => [name, { type: PLACEHOLDERS[name] ? "string" : "boolean" } as const]));
  // Not strict, because its error messages do not say what is wanted.
  const { tokens } = parseArgs({ args, options: types, strict: false, tokens: true });
  const named = new Set<string>();
  const given: Partial<Record<Name, string>> = {};
  for (const token of tokens) {
    if (token.kind === "positional") named.add(token.value);
    if (token.kind !== "option") continue;
    const name = NAMES.find((name) => name === token.name);
    if (!name) throw new OptionError(`${token.rawName} is not an option: expected one of --${NAMES.join(", --")}`);
    const wanted = PLACEHOLDERS[name] || "nothing";
    if (!PLACEHOLDERS[name] !== (token.value === undefined)) {
      throw new OptionError(
        `--${name} must be followed by ${wanted}, got ${token.value === undefined ? "nothing" : `'${token.value}'`}`,
      );
    }
    given[name] = token.value ?? "";
  }
  for (const name of named) {
    if (all.some((section) => section.name === name)) continue;
    throw new OptionError(`'${name}' is not a section: expected some of ${all.map(({ name }) => name).join(", ")}`);
  }
  if (given.help !== undefined) return undefined;
  const quick = given.quick !== undefined;
  const target = parseTarget(given);
  const why = (section: Section) => misfit(section, target);
  const wanted = named.size > 0 ? all.filter(({ name }) => named.has(name)) : all;
  const leftOut = wanted.map(why).filter((reason) => reason !== undefined);
  if (named.size > 0 && leftOut.length > 0) throw new OptionError(leftOut.join("; "));
  const { json = FILES.json, page = FILES.page, compare } = given;
  return {
    ...target,
    json,
    page,
    ...(compare !== undefined && { compare }),
    sections: wanted.filter((section) => why(section) === undefined),
    leftOut,
    quick,
    relaxedSimd: given["relaxed-simd"] !== undefined,
    seconds: given.seconds === undefined ? SECONDS[quick ? "quick" : "whole"] : parseSeconds(given.seconds),
  };
}
