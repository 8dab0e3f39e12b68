import { parseArgs } from "node:util";
import { TRAINING_DIGITS } from "./data.js";

/** The networks `--model` chooses from. */
export const MODELS = ["mlp"] as const;

export interface Options {
  model: (typeof MODELS)[number];
  /** Digits to train on, the first of the training set. */
  digits: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** K of unsupervised adaptive normalization. */
  components: number;
  seed: number;
}

/** Says, in one line, which option it is about, what was wanted and what came. */
export class OptionError extends Error {}

interface Flag<T> {
  name: string;
  placeholder: string;
  description: string;
  wanted: string;
  default: T;
  /** The option's value, or undefined when it is not what is wanted. */
  parse(text: string): T | undefined;
}

const NUMBER = /^\d+(\.\d*)?(e[+-]?\d+)?$|^\.\d+(e[+-]?\d+)?$/i;

function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

type FlagText = Pick<Flag<unknown>, "name" | "placeholder" | "description">;

function wholeNumber(text: FlagText, from: number, to: number, value: number): Flag<number> {
  const parse = (given: string) => {
    const number = parseNumber(given);
    return number !== undefined && Number.isInteger(number) && number >= from && number <= to ? number : undefined;
  };
  return { ...text, wanted: `a whole number from ${from} to ${to}`, default: value, parse };
}

function positiveNumber(text: FlagText, to: number, value: number): Flag<number> {
  const parse = (given: string) => {
    const number = parseNumber(given);
    return number !== undefined && number > 0 && number <= to ? number : undefined;
  };
  return { ...text, wanted: `a number above 0, up to ${to}`, default: value, parse };
}

function choice<T extends string>(text: FlagText, choices: readonly T[], value: T): Flag<T> {
  return { ...text, wanted: choices.join(" or "), default: value, parse: (given) => choices.find((name) => name === given) };
}

const FLAGS: { [Name in keyof Options]: Flag<Options[Name]> } = {
  model: choice(
    { name: "model", placeholder: "NAME", description: "the network: mlp, a 784-128-64-10 perceptron" },
    MODELS,
    "mlp",
  ),
  digits: wholeNumber({ name: "digits", placeholder: "N", description: "digits to train on" }, 1, TRAINING_DIGITS, 20000),
  epochs: wholeNumber({ name: "epochs", placeholder: "N", description: "passes over them" }, 1, 1000, 10),
  batchSize: wholeNumber(
    { name: "batch-size", placeholder: "N", description: "digits per training step" },
    1,
    TRAINING_DIGITS,
    128,
  ),
  learningRate: positiveNumber({ name: "learning-rate", placeholder: "RATE", description: "Adam's" }, 10, 0.001),
  components: wholeNumber(
    { name: "components", placeholder: "K", description: "Gaussian components per channel of UAN" },
    1,
    64,
    3,
  ),
  seed: wholeNumber(
    { name: "seed", placeholder: "N", description: "of initial weights and batches: same seed, same numbers" },
    0,
    2 ** 31 - 1,
    1,
  ),
};

export function helpText(): string {
  const lines = Object.values(FLAGS).map(({ name, placeholder, description, default: value }) => {
    return `  ${`--${name} ${placeholder}`.padEnd(22)}${description} (default ${value})`;
  });
  return [
    "Trains a network on MNIST without normalization, with batch normalization and with",
    "unsupervised adaptive normalization (UAN), and compares them.",
    "",
    "Usage: npm start -- [options]",
    "",
    ...lines,
    `  ${"--help".padEnd(22)}this text`,
  ].join("\n");
}

/** Reads the command line; undefined when it asks for help. */
export function parseOptions(args: string[]): Options | undefined {
  const flags = new Map(Object.entries(FLAGS).map(([key, flag]) => [flag.name, { key, flag: flag as Flag<unknown> }]));
  const names = [...flags.keys()].map((name) => `--${name}`).join(", ");
  const types = Object.fromEntries([...flags.keys()].map((name) => [name, { type: "string" as const }]));
  const options: Record<string, unknown> = Object.fromEntries([...flags.values()].map(({ key, flag }) => [key, flag.default]));

  // Not strict: its messages run over several lines and do not say what is wanted.
  const { tokens } = parseArgs({ args, options: { ...types, help: { type: "boolean" } }, strict: false, tokens: true });
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) return undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new OptionError(`expected an option (${names}, --help), got '${token.value}'`);
    const known = flags.get(token.name);
    if (!known) throw new OptionError(`${token.rawName} is not an option: expected one of ${names}, --help`);
    const { key, flag } = known;
    const got = token.value === undefined ? "nothing" : `'${token.value}'`;
    const value = token.value === undefined ? undefined : flag.parse(token.value);
    if (value === undefined) throw new OptionError(`--${flag.name} must be ${flag.wanted}, got ${got}`);
    options[key] = value;
  }
  return options as unknown as Options;
}
