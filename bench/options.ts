import { parseArgs } from "node:util";
import type { Section } from "./section.js";

export interface Options {
  sections: Section[];
  quick: boolean;
  relaxedSimd: boolean;
  /** For the rounds of one case. */
  seconds: number;
  json: string;
  page: string;
  /** A report of an earlier run. */
  compare?: string;
}

/** Says, in one line, what was wanted and what came. */
export class OptionError extends Error {}

const SECONDS = { whole: 2.5, quick: 0.05 };
const FILES = { json: "out/bench.json", page: "out/bench.html" };

/** What stands behind an option; "" where nothing does. */
const PLACEHOLDERS = { quick: "", "relaxed-simd": "", seconds: "N", json: "FILE", page: "FILE", compare: "OLD.json", help: "" };

type Name = keyof typeof PLACEHOLDERS;

const DESCRIPTIONS: Record<Name, string> = {
  quick: "all in under a minute: fewer and smaller cases, rough figures",
  "relaxed-simd": "with the binaries for runtimes with relaxed SIMD; Node 20 is started anew, with a flag",
  seconds: `time for the rounds of one case (default ${SECONDS.whole}; ${SECONDS.quick} with --quick)`,
  json: `where the results go, for machines (default ${FILES.json})`,
  page: `where they go, for a browser (default ${FILES.page})`,
  compare: "sets the results of an earlier run beside these",
  help: "this text",
};

const NAMES = Object.keys(PLACEHOLDERS) as Name[];

export function helpText(sections: Section[]): string {
  return [
    "UAN against batch normalization, in one run.",
    "",
    "Usage: npm run bench -- [sections] [options]",
    "",
    "Sections (default: all):",
    ...sections.map(({ name, question }) => `  ${name.padEnd(20)}${question}`),
    "",
    "Options:",
    ...NAMES.map((name) => `  ${`--${name} ${PLACEHOLDERS[name]}`.padEnd(20)}${DESCRIPTIONS[name]}`),
  ].join("\n");
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds < Infinity)) throw new OptionError(`--seconds must be a number above 0, got '${text}'`);
  return seconds;
}

/** Reads the command line; undefined when it asks for help. */
export function parseOptions(args: string[], all: Section[]): Options | undefined {
  const types = Object.fromEntries(NAMES.map((name) => [name, { type: PLACEHOLDERS[name] ? "string" : "boolean" } as const]));
  // Not strict: its messages do not say what is wanted.
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
  return {
    ...FILES,
    ...given,
    sections: named.size > 0 ? all.filter(({ name }) => named.has(name)) : all,
    quick,
    relaxedSimd: given["relaxed-simd"] !== undefined,
    seconds: given.seconds === undefined ? SECONDS[quick ? "quick" : "whole"] : parseSeconds(given.seconds),
  };
}
