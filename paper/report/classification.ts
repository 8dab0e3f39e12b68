import type { DataName } from "../../learning/data/facts.js";
import type { RunConfig } from "../config.js";
import { METHODS, type MethodName } from "../methods.js";
import type { Finished } from "../results.js";
import { epochsAxis, type LineChart, lineChart, meanPoints, methodLines, pointOf } from "./charts.js";
import { compareGroups, groupOf, type Scale } from "./compare.js";
import { FORMATS } from "./format.js";
import {
  earlyLoss,
  earlyScore,
  finalLoss,
  finalScore,
  type Measure,
  SCORES,
  scoreAt,
  scoreLabel,
  shareText,
  testedEpochs,
  waysOf,
} from "./measures.js";
import { methodsOf, type Part, type Runs, seedsOf, UAN, unique, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { dataLabel, settingText } from "./setting.js";
import { besideNames, type Column, heads, methodRows, methodTable } from "./table.js";
import { verdict } from "./verdict.js";

/** The paper's accuracies in percent, after 100 epochs, by learning rate. */
const PAPER: Partial<Record<DataName, Record<number, Partial<Record<MethodName, number>>>>> = {
  "cifar-10": {
    0.001: { bn: 86.9, mn: 87.07, "uan-random": 87.97 },
    0.005: { bn: 85.65, mn: 85.8, "uan-random": 87.49 },
  },
  "cifar-100": {
    0.001: { bn: 59.82, mn: 60.1, "uan-random": 61.1 },
    0.005: { bn: 56.29, mn: 57.09, "uan-random": 60.29 },
  },
};

interface ClassificationPart extends Part {
  data: DataName;
  learningRate: number;
}

/** The runs of a data set at a learning rate. */
function classificationParts(runs: Runs): ClassificationPart[] {
  return unique(runs.map(({ config }) => config.data.name)).flatMap((data) => {
    const own = runs.filter(({ config }) => config.data.name === data);
    return valuesOf(own, "learningRate").map((learningRate) => {
      const name = `${dataLabel(data)}, learning rate ${learningRate}`;
      return { name, data, learningRate, runs: withConfig(own, { learningRate }) };
    });
  });
}

function columns(runs: Runs): Column[] {
  const [first = 1] = testedEpochs(runs);
  return [
    { head: `accuracy after ${shareText(first, runs)}`, measure: earlyScore("accuracy"), format: FORMATS.percent },
    { head: "accuracy", measure: finalScore("accuracy"), format: FORMATS.percent },
    { head: "recalibrated", measure: finalScore("accuracy", "recalibrated"), format: FORMATS.percent },
    { head: "F1", measure: finalScore("f1"), format: FORMATS.percent },
    { head: "training loss", measure: finalLoss, format: FORMATS.loss },
  ];
}

/** The paper's accuracies. Its data, networks and training may differ from those here. */
export function papersTable(): Table {
  const methods = ["bn", "mn", "uan-random"] as const;
  const columns = Object.entries(PAPER).flatMap(([data, rates]) =>
    Object.entries(rates).map(([rate, figures]) => ({ head: `${dataLabel(data as DataName)}, ${rate}`, figures })),
  );
  const rows = methods.map((method) => [
    METHODS[method].label,
    ...columns.map(({ figures }) => figures[method]?.toFixed(2) ?? ""),
  ]);
  return {
    title: "The paper's own accuracies, %, of its shallow CNN on CIFAR after 100 epochs, by learning rate",
    rows: [["", ...heads(columns)], ...rows],
  };
}

/** The paper's accuracies, by the methods' names in tables. */
function papersFigures({ data, learningRate }: ClassificationPart): Map<string, string> {
  const figures = Object.entries(PAPER[data]?.[learningRate] ?? {}) as [MethodName, number][];
  return new Map(figures.map(([method, figure]) => [METHODS[method].label, figure.toFixed(2)]));
}

function summary(runs: Runs, parts: ClassificationPart[], seeds: number): Table {
  const shown = columns(runs);
  const hasPapers = parts.some((part) => papersFigures(part).size > 0);
  const rows = parts.flatMap((part) => {
    const papers = papersFigures(part);
    const own = methodRows(part.runs, shown, seeds);
    const cells = hasPapers ? own.map((row) => [...row, papers.get(row[0] as string) ?? ""]) : own;
    return besideNames([dataLabel(part.data), `${part.learningRate}`], cells);
  });
  const title =
    "Test images, %, at the end but where it says so (recalibrated: the accuracy then), and training loss of the last epoch";
  const first = ["data", "learning rate", "", ...heads(shown), ...(hasPapers ? ["the paper's accuracy, 100 epochs"] : [])];
  return { title, rows: [first, ...rows], names: 3 };
}

/** The summary with the parts side by side. */
function compact(runs: Runs): Table {
  const parts = classificationParts(runs);
  const several = new Set(parts.map(({ data }) => data)).size > 1;
  const shown = parts.flatMap(({ data, learningRate }) => {
    const of = several ? `${dataLabel(data)}, ${learningRate}` : `${learningRate}`;
    const where = (config: RunConfig) => config.data.name === data && config.learningRate === learningRate;
    return columns(runs)
      .filter(({ head }) => head !== "F1")
      .map((column) => ({ ...column, head: `${of}: ${column.head}`, where }));
  });
  const title = "Test accuracy, %, and training loss, by learning rate";
  return { title, rows: methodTable(runs, shown, seedsOf(runs).length) };
}

function details({ name, runs }: Part, seeds: number): Table[] {
  return SCORES.map((score) => {
    const columns = testedEpochs(runs).map((epoch) => {
      return { head: shareText(epoch, runs), measure: scoreAt(epoch, score), format: FORMATS.percent };
    });
    return { title: `${scoreLabel(score)} after shares of the epochs, %: ${name}`, rows: methodTable(runs, columns, seeds) };
  });
}

function verdicts({ name, runs }: Part, seeds: number): Verdict[] {
  const beside = (reference: MethodName, subjects: MethodName[], measure: Measure, scale: Omit<Scale, "seeds">) => {
    const group = (method: MethodName) => groupOf(runs, method, measure);
    return compareGroups(group(reference), subjects.map(group), { ...scale, seeds });
  };
  const accuracy = { wanted: "more", format: FORMATS.percent } as const;
  const loss = { wanted: "less", format: FORMATS.loss } as const;
  const [first = 1] = testedEpochs(runs);
  const learned = `training loss in the epoch that ends at ${shareText(first, runs)}`;
  const others = methodsOf(runs).filter((method) => method !== "none");
  return [
    ...verdict(`A normalization classifies better than none (${name})`, [
      beside("none", others, finalScore("accuracy"), accuracy),
    ]),
    ...verdict(`UAN classifies better than BN (${name})`, [beside("bn", UAN, finalScore("accuracy"), accuracy)]),
    ...verdict(
      `UAN classifies better than BN (${name}; all recalibrated)`,
      waysOf(runs)
        .filter((judged) => judged === "recalibrated")
        .map((judged) => beside("bn", UAN, finalScore("accuracy", judged), accuracy)),
    ),
    ...verdict(`UAN classifies better than MN (${name})`, [beside("mn", UAN, finalScore("accuracy"), accuracy)]),
    ...verdict(`UAN learns faster than BN (${learned}; ${name})`, [beside("bn", UAN, earlyLoss, loss)]),
    ...verdict(
      `Options beside the paper's formula (${name})`,
      [
        beside(
          "uan-data",
          UAN.filter((method) => method !== "uan-data"),
          finalScore("accuracy"),
          accuracy,
        ),
      ],
      false,
    ),
  ];
}

/** Training loss by epoch. Each point is the mean over a part of an epoch. */
const lossPoints = ({ record }: Finished) =>
  record.epochs.flatMap(({ epoch, losses }) => losses.map((y, i) => ({ x: epoch - 1 + (i + 0.5) / losses.length, y })));

function charts({ name, runs }: Part): LineChart[] {
  const epochs = epochsAxis(runs);
  const accuracies = (runs: Runs) => testedEpochs(runs).map((epoch) => pointOf(epoch, runs, scoreAt(epoch, "accuracy"), 100));
  const losses = methodLines(runs, (runs) => meanPoints(runs, lossPoints), false);
  return [
    lineChart(`training loss: ${name}`, epochs, { title: "loss, logarithmic", type: "logarithmic" }, losses),
    lineChart(`test accuracy: ${name}`, epochs, { title: "%" }, methodLines(runs, accuracies, true)),
  ];
}

export function classification(runs: Runs): Section {
  const [parts, seeds] = [classificationParts(runs), seedsOf(runs).length];
  return {
    experiment: "classification",
    title: "Does UAN classify better?",
    setting: settingText(runs),
    summary: summary(runs, parts, seeds),
    compact: [compact(runs)],
    papers: papersTable(),
    tables: parts.flatMap((part) => details(part, seeds)),
    verdicts: parts.flatMap((part) => verdicts(part, seeds)),
    charts: parts.flatMap(charts),
  };
}
