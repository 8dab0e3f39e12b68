import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type Folders, PROVIDED } from "../learning/data/prepare.js";
import { OptionError } from "../reporting/program.js";
import { ALL_EXPERIMENTS, CHOICE, EXPERIMENTS, type ExperimentName } from "./config.js";
import { MAX_SEEDS, PRESETS, type Preset, withSeeds } from "./presets.js";

export interface Options {
  experiments: ExperimentName[];
  /** With the seeds that the command line asks for. */
  preset: Preset;
  folders: Folders;
  /** How many runs are made in parallel. */
  processes: number;
  /** Whether the experiments' earlier results are removed first. */
  fresh: boolean;
}

const QUESTIONS: Record<ExperimentName, string> = {
  classification: "does a CNN classify better, at two learning rates?",
  gradients: "are gradients more stable while it trains?",
  "batch-size": "how large must each method's batches be? From 2 to 128, at three learning rates.",
  components: "how many components are best, and what do the mixtures look like?",
  "mixed-domains": "does it help where every batch has images of two domains?",
  longer: "what is left of the differences after longer training?",
  "domain-adaptation": "does it help AdaMatch adapt from MNIST to another domain?",
  recalibration: "how far does recalibration alone adapt a network to that domain?",
  [CHOICE]: "which prior mass and memory are best? Comes before the others, and alone.",
};

export const HELP = `Measures what the paper claims of UAN, on backend 'wasm' with the library's kernels, on real data.

Usage: npm run paper -- [experiments] [options]

Experiments (default: all but ${CHOICE}):
${ALL_EXPERIMENTS.map((name) => `  ${name.padEnd(20)}${QUESTIONS[name]}`).join("\n")}

Options:
  --preset NAME       quick (default): ${PRESETS.quick.description}
                      full: ${PRESETS.full.description}
  --seeds N           makes every run with N seeds (default: ${PRESETS.quick.seeds.length}), from ${PRESETS.quick.seeds[0]} on; complete runs are not made again.
                      ${CHOICE} has seeds of its own (default: ${PRESETS.quick.choice.seeds.length}), from ${PRESETS.quick.choice.seeds[0]} on
  --cifar-10 FOLDER   classifies CIFAR-10 instead of MNIST; the folder holds its binary version
  --cifar-100 FOLDER  the same for CIFAR-100
  --svhn FOLDER       adapts to SVHN instead of a domain made from MNIST; holds train_32x32.mat and test_32x32.mat
  --processes N       runs that are made in parallel (default: one for each core)
  --fresh             removes the experiments' runs and makes them again
  --help              this text

After an interruption, the same command without --fresh continues each run after its last complete epoch. If code or data have
changed, runs start again. Results are written to out/paper/PRESET: results.json and page.html, of ${CHOICE} choice.json and choice.html.`;

const TYPES = {
  preset: { type: "string" },
  seeds: { type: "string" },
  "cifar-10": { type: "string" },
  "cifar-100": { type: "string" },
  svhn: { type: "string" },
  processes: { type: "string" },
  fresh: { type: "boolean" },
  help: { type: "boolean" },
} as const;

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: TYPES, allowPositionals: true });
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function parseCount(option: string, text: string, max = Number.POSITIVE_INFINITY): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= max) return count;
  const range = Number.isFinite(max) ? `from 1 to ${max}` : "from 1";
  throw new OptionError(`--${option} must be an integer ${range}, got '${text}'`);
}

function parseExperiments(positionals: string[]): ExperimentName[] {
  const named = positionals.map((given) => {
    const name = ALL_EXPERIMENTS.find((known) => known === given);
    if (!name) throw new OptionError(`'${given}' is not an experiment: expected some of ${ALL_EXPERIMENTS.join(", ")}`);
    return name;
  });
  if (!named.includes(CHOICE)) return EXPERIMENTS.filter((name) => named.length === 0 || named.includes(name));
  if (named.some((name) => name !== CHOICE)) {
    throw new OptionError(`${CHOICE} comes before the other experiments: it must be alone, got ${named.join(", ")}`);
  }
  return [CHOICE];
}

/** Reads the command line. Returns undefined if it asks for help. */
export function parseOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const experiments = parseExperiments(positionals);
  const { preset: presetName = "quick", seeds, processes, fresh = false } = values;
  const preset = Object.values(PRESETS).find(({ name }) => name === presetName);
  if (!preset) throw new OptionError(`--preset must be ${Object.keys(PRESETS).join(" or ")}, got '${presetName}'`);
  const folders = PROVIDED.flatMap((name) => {
    const folder = values[name];
    return folder === undefined ? [] : [[name, folder]];
  });
  return {
    experiments,
    preset: seeds === undefined ? preset : withSeeds(preset, parseCount("seeds", seeds, MAX_SEEDS)),
    folders: Object.fromEntries(folders),
    processes: processes === undefined ? availableParallelism() : parseCount("processes", processes),
    fresh,
  };
}
