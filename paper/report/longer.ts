import type { MethodName } from "../methods.js";
import { networksOf, ofEither } from "./batchSize.js";
import { epochsAxis, type LineChart, lineChart, methodLines, pointOf } from "./charts.js";
import { compareGroups, groupOf } from "./compare.js";
import { FORMATS } from "./format.js";
import { finalLoss, finalScore, JUDGED, scoreAt, shareText, testedEpochs, waysOf } from "./measures.js";
import { methodsOf, type Part, type Runs, seedsOf, UAN } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { besideNames, type Column, heads, methodRows } from "./table.js";
import { verdict } from "./verdict.js";

function table(runs: Runs, parts: Part[], seeds: number): Table {
  const columns: Column[] = [
    ...testedEpochs(runs).map((epoch) => ({
      head: `after ${shareText(epoch, runs)}`,
      measure: scoreAt(epoch, "accuracy"),
      format: FORMATS.percent,
    })),
    { head: "recalibrated", measure: finalScore("accuracy", "recalibrated"), format: FORMATS.percent },
    { head: "training loss", measure: finalLoss, format: FORMATS.significant },
  ];
  const rows = parts.flatMap(({ name, runs }) => besideNames([name], methodRows(runs, columns, seeds)));
  return {
    title: "Test accuracy after shares of the epochs and recalibrated at the end, %, and training loss of the last epoch",
    rows: [["", "", ...heads(columns)], ...rows],
    names: 2,
  };
}

function verdicts({ name, runs }: Part, seeds: number): Verdict[] {
  return JUDGED.flatMap((judged) => {
    const group = (method: MethodName) => groupOf(runs, method, finalScore("accuracy", judged));
    const beside = (reference: MethodName, subjects: MethodName[]) =>
      compareGroups(
        group(reference),
        subjects.filter((method) => waysOf(ofEither(runs, method, reference)).includes(judged)).map(group),
        { wanted: "more", format: FORMATS.percent, seeds },
      );
    const others = methodsOf(runs).filter((method) => method !== "none");
    return [
      ...verdict(`A normalization is better than none after longer training (${name}, ${judged})`, [beside("none", others)]),
      ...verdict(`UAN is better than BN after longer training (${name}, ${judged})`, [beside("bn", UAN)]),
    ];
  });
}

function chart({ name, runs }: Part): LineChart {
  const points = (runs: Runs) => testedEpochs(runs).map((epoch) => pointOf(epoch, runs, scoreAt(epoch, "accuracy"), 100));
  return lineChart(`test accuracy: ${name}`, epochsAxis(runs), { title: "%" }, methodLines(runs, points, true));
}

export function longer(runs: Runs): Section {
  const [parts, seeds] = [networksOf(runs), seedsOf(runs).length];
  const summary = table(runs, parts, seeds);
  return {
    experiment: "longer",
    title: "What is left of the differences after longer training?",
    setting: settingText(runs),
    summary,
    compact: [summary],
    tables: [],
    verdicts: parts.flatMap((part) => verdicts(part, seeds)),
    charts: parts.map(chart),
  };
}
