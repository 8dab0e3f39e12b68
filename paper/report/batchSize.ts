import { type RunConfig, stepsOf, trainingImages } from "../config.js";
import { type MethodName, methodOf } from "../methods.js";
import { mean } from "../metrics.js";
import type { Finished } from "../results.js";
import { type LineChart, lineChart, methodLines, pointOf } from "./charts.js";
import { compare, compareBySetting, type Finding, isLost, isWon, type Word } from "./compare.js";
import { FORMATS, isDiverged, listed } from "./format.js";
import { finalScore, JUDGED, type Judged, waysOf } from "./measures.js";
import { methodsOf, type Part, type Runs, STANDARDIZED, seedsOf, UAN, unique, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { type Standing, standings, type TrainedWith, trainedWith, trainedWithText } from "./settings.js";
import { besideNames, type Column, heads, methodRows } from "./table.js";
import { reworded, verdict } from "./verdict.js";

export const NETWORKS: Record<RunConfig["network"], string> = { cnn: "CNN", mlp: "perceptron" };

const accuracy = (judged: Judged) => finalScore("accuracy", judged);

/** The runs of a network. */
export function networksOf(runs: Runs): Part[] {
  const networks = unique(runs.map(({ config }) => config.network));
  return networks.map((network) => ({ name: NETWORKS[network], runs: withConfig(runs, { network }) }));
}

const ratesOf = ({ name, runs }: Part): Part[] =>
  valuesOf(runs, "learningRate").map((learningRate) => ({
    name: `${name}, learning rate ${learningRate}`,
    runs: withConfig(runs, { learningRate }),
  }));

const epochsText = (epochs: number[]) => `${listed(epochs)} ${epochs.length === 1 && epochs[0] === 1 ? "epoch" : "epochs"}`;

/** How long networks are trained at every batch size. */
function stepsText(runs: Runs): string {
  const texts = valuesOf(runs, "batchSize").map((batchSize) => {
    const own = withConfig(runs, { batchSize });
    const epochs = valuesOf(own, "epochs");
    return `${epochsText(epochs)} of batches of ${batchSize} (${listed(unique(own.map(({ config }) => stepsOf(config))))} steps)`;
  });
  return `Training: ${listed(texts)}.`;
}

const columns = (sizes: number[]): Column[] =>
  JUDGED.flatMap((judged) =>
    sizes.map((size) => ({
      head: judged === "recalibrated" ? `${size}, recalibrated` : `${size}`,
      measure: accuracy(judged),
      format: FORMATS.percent,
      where: ({ batchSize }: RunConfig) => batchSize === size,
    })),
  );

function summary(runs: Runs, parts: Part[], seeds: number): Table {
  const shown = columns(valuesOf(runs, "batchSize"));
  const rows = parts.flatMap(ratesOf).flatMap(({ name, runs }) => besideNames([name], methodRows(runs, shown, seeds)));
  return {
    title: "Test accuracy at the end, %, by batch size",
    note: stepsText(runs),
    rows: [["", "", ...heads(shown)], ...rows],
    names: 2,
  };
}

// The table "does it help": means alone, with marks.

const MARKS: Record<"bn" | "none", { better: string; worse: string }> = {
  bn: { better: "▲", worse: "▼" },
  none: { better: "△", worse: "▽" },
};

export const MARKS_TEXT =
  "As it is / with moving moments of training images, where there are any. ▲ better, ▼ worse than BN; △ better, ▽ worse than no " +
  "normalization, both judged in the same way.";

/** The mean accuracy of a method, with marks. @param runs which differ only in method and seed */
export function markedCell(runs: Runs, method: MethodName): string {
  const own = withConfig(runs, { method });
  if (own.length === 0) return "–";
  const cell = (judged: Judged) => {
    const values = own.map(accuracy(judged));
    const marks = (["bn", "none"] as const).map((reference) => {
      const others = withConfig(runs, { method: reference }).map(accuracy(judged));
      if (reference === method || others.length === 0) return "";
      const { word } = compare(values, others, "more");
      return isWon(word) ? MARKS[reference].better : isLost(word) ? MARKS[reference].worse : "";
    });
    const text = isDiverged(values) ? "diverged" : FORMATS.percent.mean(mean(values));
    return marks.join("") === "" ? text : `${text} ${marks.join("")}`;
  };
  return waysOf(own).map(cell).join(" / ");
}

function doesItHelp({ name, runs }: Part): Table {
  const sizes = valuesOf(runs, "batchSize");
  const row = (method: MethodName) => sizes.map((batchSize) => markedCell(withConfig(runs, { batchSize }), method));
  return {
    title: `Does it help? Test accuracy, %, by batch size: ${name}`,
    rows: [["", ...sizes.map(String)], ...methodsOf(runs).map((method) => [methodOf(method).label, ...row(method)])],
  };
}

/** Mean rank and accuracy of every method, over all batch sizes and learning rates. */
function ranking({ name, runs }: Part): Table {
  const settings = trainedWith(runs);
  const methods = methodsOf(runs);
  const by = (judged: Judged) =>
    standings(
      methods.map((method) => settings.map((setting) => mean(withConfig(runs, { method, ...setting }).map(accuracy(judged))))),
    );
  const all = JUDGED.map(by);
  const cells = ({ rank, value }: Standing) => [
    FORMATS.count.mean(rank),
    Number.isNaN(value) ? "–" : FORMATS.percent.mean(value),
  ];
  return {
    title: `Mean rank among the methods, and mean accuracy, %, over all batch sizes and learning rates: ${name}`,
    rows: [
      ["", ...JUDGED.flatMap((judged) => [`rank, ${judged}`, `accuracy, ${judged}`])],
      ...methods.map((method, i) => [methodOf(method).label, ...all.flatMap((standings) => cells(standings[i] as Standing))]),
    ],
  };
}

/** The runs of two methods. */
export const ofEither = (runs: Runs, one: MethodName, other: MethodName): Finished[] =>
  runs.filter(({ config }) => config.method === one || config.method === other);

type Compared = [setting: TrainedWith, word: Word][];

/** The outcomes of a method's comparisons with another one, by batch size and learning rate. */
function outcomes(runs: Runs, method: MethodName, reference: MethodName, judged: Judged): Compared {
  return trainedWith(runs).flatMap((setting): Compared => {
    const values = (method: MethodName) => withConfig(runs, { method, ...setting }).map(accuracy(judged));
    const [own, others] = [values(method), values(reference)];
    return own.length > 0 && others.length > 0 ? [[setting, compare(own, others, "more").word]] : [];
  });
}

/** The settings at which a method is better or worse than another one. */
function bySetting(runs: Runs, method: MethodName, reference: MethodName, judged: Judged): Finding | undefined {
  if (!waysOf(ofEither(runs, method, reference)).includes(judged)) return undefined;
  const isSingleRate = valuesOf(runs, "learningRate").length === 1;
  const values = (method: MethodName, setting: TrainedWith) => withConfig(runs, { method, ...setting }).map(accuracy(judged));
  const found = compareBySetting(
    trainedWith(runs),
    (settings) => trainedWithText(settings, isSingleRate),
    (setting) => [values(method, setting), values(reference, setting)],
  );
  const name = methodOf(method).label;
  return reworded(
    found,
    (text) => `${name}, ${text}`,
    (settings) => `${name} (${settings})`,
  );
}

const LARGE = 32;
const SMALL = 8;

/**
 * Whether a method is nowhere worse than BN in batches of 32 and more, and better in all of 8 and less. The comparisons are those of
 * the verdicts beside BN.
 */
export function isBetterThanBn(runs: Runs, method: MethodName, judged: Judged): { is: boolean; text: string } | undefined {
  if (!waysOf(ofEither(runs, method, "bn")).includes(judged)) return undefined;
  const all = outcomes(runs, method, "bn", judged);
  if (all.length === 0) return undefined;
  const such = (test: (setting: TrainedWith, word: Word) => boolean) =>
    all.filter((one) => test(...one)).map(([setting]) => setting);
  const worse = such((_, word) => isLost(word));
  const small = such(({ batchSize }) => batchSize <= SMALL);
  const alike = such(({ batchSize }, word) => batchSize <= SMALL && !isWon(word));
  const is = alike.length === 0 && worse.every(({ batchSize }) => batchSize < LARGE);
  const reasons = [
    ...(worse.length > 0 ? [`it is worse ${trainedWithText(worse)}`] : []),
    ...(alike.length > 0
      ? [
          `of ${small.length} comparisons in small batches it is better in ${small.length - alike.length}, not ${trainedWithText(alike)}`,
        ]
      : []),
  ];
  return { is, text: `${methodOf(method).label}: ${is ? "yes" : `no, ${reasons.join("; ")}`}` };
}

function question({ name, runs }: Part, judged: Judged): Verdict[] {
  const answers = STANDARDIZED.flatMap((method) => isBetterThanBn(runs, method, judged) ?? []);
  if (answers.length === 0) return [];
  const claim =
    `Is standardize with a prior mass nowhere worse than BN in batches of ${LARGE} and more, and better in batches of ${SMALL} and ` +
    `less? (${name}, ${judged})`;
  const found = answers.map(({ text }) => text).join(". ");
  return [{ claim, found, comparisons: 0, won: [], lost: [], isPapers: false, isQuestion: true }];
}

function verdicts({ name, runs }: Part): Verdict[] {
  const images = unique(runs.map(({ config }) => trainingImages(config.data).used));
  return JUDGED.flatMap((judged) => {
    const each = (methods: MethodName[], reference: MethodName) =>
      methods.map((method) => bySetting(runs, method, reference, judged));
    const others: MethodName[] = ["bn-prior", "brn", "ln", "gn"];
    const trained = `${name} of ${listed(images)} images, ${judged}`;
    return [
      ...verdict(`BN needs its batch (${trained}; beside no normalization)`, each(["bn"], "none")),
      ...verdict(`UAN does without large batches (${trained}; beside no normalization)`, each(UAN, "none")),
      ...verdict(`UAN beats BN, by batch size (${trained})`, each(UAN, "bn")),
      ...question({ name, runs }, judged),
      ...verdict(`Other normalizations beside no normalization (${trained})`, each(others, "none"), false),
      ...verdict(`Other normalizations beside BN (${trained})`, each(others, "bn"), false),
      ...verdict(`Standardize, beside BN with the same prior mass (${trained})`, each(STANDARDIZED, "bn-prior"), false),
    ];
  });
}

function charts(part: Part): LineChart[] {
  return ratesOf(part).map(({ name, runs }) => {
    const points = (runs: Runs) =>
      valuesOf(runs, "batchSize").map((size) => pointOf(size, withConfig(runs, { batchSize: size }), accuracy("as it is"), 100));
    const x = { title: "batch size, logarithmic", type: "logarithmic" } as const;
    return lineChart(`test accuracy by batch size: ${name}`, x, { title: "%" }, methodLines(runs, points, true));
  });
}

export function batchSize(runs: Runs): Section {
  const [parts, seeds] = [networksOf(runs), seedsOf(runs).length];
  const rankings = parts.map(ranking);
  return {
    experiment: "batch-size",
    title: "Does UAN do without large batches?",
    setting: `${settingText(runs)} ${stepsText(runs)} ${MARKS_TEXT}`,
    summary: summary(runs, parts, seeds),
    compact: [...parts.flatMap(ratesOf).map(doesItHelp), ...rankings],
    tables: [...parts.flatMap(ratesOf).map(doesItHelp), ...rankings],
    verdicts: parts.flatMap(verdicts),
    charts: parts.flatMap(charts),
  };
}
