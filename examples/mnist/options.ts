import { parseArgs } from "node:util";
import { TEST_DIGITS, TRAINING_DIGITS } from "../../learning/data/digits.js";
import { OptionError } from "../../reporting/program.js";
import { BACKENDS } from "../../runtimes/backends.js";
import { MODELS, type ModelName } from "./models.js";

/** TensorFlow.js's backends, and "fastest" for the one that useFastestBackend chooses in Node.js. */
const CHOICES = [...BACKENDS, "fastest"] as const;
export type BackendChoice = (typeof CHOICES)[number];

export interface Options {
  backend: BackendChoice;
  /** Of 'wasm' in Node.js. */
  threads: number;
  model: ModelName;
  /** The network's numbers of channels are multiplied by this. */
  width: number;
  /** How many digits of the training set to train on: its first. */
  digits: number;
  /** How many digits of the test set to test on: its first. */
  testDigits: number;
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** K of unsupervised adaptive normalization. */
  components: number;
  seed: number;
}

interface Flag<T> {
  name: string;
  placeholder: string;
  description: string;
  /** What the value must be, for error messages. */
  wanted: string;
  /** The option's value, or undefined if the text is not what is wanted. */
  parse(text: string): T | undefined;
}

const NUMBER = /^\d+(\.\d*)?(e[+-]?\d+)?$|^\.\d+(e[+-]?\d+)?$/i;

function parseNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

type FlagText = Pick<Flag<unknown>, "name" | "placeholder" | "description">;

function wholeNumber(text: FlagText, from: number, to: number): Flag<number> {
  const parse = (given: string) => {
    const number = parseNumber(given);
    return number !== undefined && Number.isInteger(number) && number >= from && number <= to ? number : undefined;
  };
  return { ...text, wanted: `an integer from ${from} to ${to}`, parse };
}

function positiveNumber(text: FlagText, to: number): Flag<number> {
  const parse = (given: string) => {
    const number = parseNumber(given);
    return number !== undefined && number > 0 && number <= to ? number : undefined;
  };
  return { ...text, wanted: `a number above 0, up to ${to}`, parse };
}

function choice<T extends string>(text: FlagText, choices: readonly T[]): Flag<T> {
  return { ...text, wanted: choices.join(" or "), parse: (given) => choices.find((name) => name === given) };
}

const MODEL_NAMES = Object.keys(MODELS) as ModelName[];

const BACKEND = "wasm, cpu, tensorflow or fastest in Node.js, webgl or webgpu in Chromium";

const THREADS = "threads of backend wasm in Node.js, where TensorFlow.js has one";

const FLAGS: { [Name in keyof Options]: Flag<Options[Name]> } = {
  backend: choice({ name: "backend", placeholder: "NAME", description: BACKEND }, CHOICES),
  threads: wholeNumber({ name: "threads", placeholder: "N", description: THREADS }, 1, 64),
  model: choice({ name: "model", placeholder: "NAME", description: `the network: ${MODEL_NAMES.join(" or ")}` }, MODEL_NAMES),
  width: positiveNumber({ name: "width", placeholder: "FACTOR", description: "multiplies the network's numbers of channels" }, 4),
  digits: wholeNumber({ name: "digits", placeholder: "N", description: "digits to train on" }, 1, TRAINING_DIGITS),
  testDigits: wholeNumber({ name: "test-digits", placeholder: "N", description: "digits to test on" }, 1, TEST_DIGITS),
  epochs: wholeNumber({ name: "epochs", placeholder: "N", description: "passes over the training digits" }, 1, 1000),
  batchSize: wholeNumber({ name: "batch-size", placeholder: "N", description: "digits per training step" }, 1, TRAINING_DIGITS),
  learningRate: positiveNumber({ name: "learning-rate", placeholder: "RATE", description: "learning rate of Adam" }, 10),
  components: wholeNumber({ name: "components", placeholder: "K", description: "Gaussian components per channel of UAN" }, 1, 64),
  seed: wholeNumber(
    {
      name: "seed",
      placeholder: "N",
      description: "for initial weights and batches; a backend gives the same numbers for the same seed",
    },
    0,
    2 ** 31 - 1,
  ),
};

/** The options if none is given. */
function defaultsOf(model: ModelName): Options {
  const common = { backend: "wasm", threads: 1, testDigits: TEST_DIGITS, learningRate: 0.001, components: 3, seed: 1 } as const;
  return { model, ...MODELS[model].defaults, ...common };
}

const DEFAULT_MODEL: ModelName = "cnn";

/** The default of an option. It names the networks if their defaults differ. */
function defaultText(key: keyof Options): string {
  if (key === "model") return DEFAULT_MODEL;
  const values = MODEL_NAMES.map((model) => defaultsOf(model)[key]);
  return new Set(values).size === 1 ? `${values[0]}` : values.map((value, i) => `${MODEL_NAMES[i]}: ${value}`).join(", ");
}

export function helpText(): string {
  const lines = Object.entries(FLAGS).map(([key, { name, placeholder, description }]) => {
    return `  ${`--${name} ${placeholder}`.padEnd(22)}${description} (default ${defaultText(key as keyof Options)})`;
  });
  return [
    "Trains a network on MNIST without normalization, with batch normalization and with",
    "unsupervised adaptive normalization (UAN), and compares them.",
    "",
    "Usage: npm start -- [options]",
    "",
    ...lines,
    `  ${"--help".padEnd(22)}this text`,
    "",
    "Networks:",
    ...MODEL_NAMES.map((name) => `  ${name}  ${MODELS[name].description}`),
    "",
    "Backends:",
    "  tensorflow needs the package @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node. fastest uses it if it works, else wasm.",
    "  webgl and webgpu need Chromium: set the environment variable CHROMIUM to its path if it is not found. Without a GPU,",
    "  Chromium emulates webgl and webgpu in software. That is slow, and so is cpu: use few digits and epochs.",
  ].join("\n");
}

/** Reads the command line. Returns undefined if it asks for help. */
export function parseOptions(args: string[]): Options | undefined {
  const flags = new Map(Object.entries(FLAGS).map(([key, flag]) => [flag.name, { key, flag: flag as Flag<unknown> }]));
  const names = [...flags.keys()].map((name) => `--${name}`).join(", ");
  const types = Object.fromEntries([...flags.keys()].map((name) => [name, { type: "string" as const }]));
  const given: Record<string, unknown> = {};

  // Not strict, because its error messages do not say what is wanted.
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
    given[key] = value;
  }
  const { model = DEFAULT_MODEL, ...rest } = given as Partial<Options>;
  const options = { ...defaultsOf(model), ...rest };
  if (options.threads > 1 && options.backend !== "wasm") {
    throw new OptionError(`--threads must be used with backend 'wasm', got '${options.backend}'`);
  }
  return options;
}
