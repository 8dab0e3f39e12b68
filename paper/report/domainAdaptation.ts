import type { MethodName } from "../methods.js";
import { epochsAxis, type LineChart, lineChart, methodLines, pointOf } from "./charts.js";
import { compareGroups, groupOf } from "./compare.js";
import { FORMATS } from "./format.js";
import {
  finalScore,
  finalTargetScore,
  type Measure,
  SCORES,
  type ScoreName,
  scoreAt,
  scoreLabel,
  testedEpochs,
  waysOf,
} from "./measures.js";
import { type Runs, seedsOf, UAN, unique } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { dataLabel, settingText } from "./setting.js";
import { type Column, methodTable } from "./table.js";
import { verdict } from "./verdict.js";

const PAPERS = "The paper has MNIST to SVHN, where UAN takes AdaMatch's accuracy on SVHN from 25.08 % to 33.4 %";

const sourceLabel = (runs: Runs) => unique(runs.map(({ config }) => dataLabel(config.data.name))).join(", ");
const targetLabel = (runs: Runs) =>
  unique(runs.flatMap(({ config }) => (config.target ? [dataLabel(config.target.name)] : []))).join(", ");

/** Names the paper's domains, and says so if those of the runs are others. */
function papersText(runs: Runs): string {
  const isPapers = runs.every(({ config }) => config.target?.name === "svhn");
  return isPapers ? `${PAPERS}.` : `${PAPERS}; ${targetLabel(runs)} is not SVHN, and its figures cannot be set beside those.`;
}

function table(runs: Runs, scores: ScoreName[]): Table {
  const of = (domain: string, final: (name: ScoreName) => Measure) =>
    scores.map((score) => ({ head: `${domain} ${scoreLabel(score)}`, measure: final(score), format: FORMATS.percent }));
  const recalibrated: Column = {
    head: "target accuracy, recalibrated",
    measure: finalTargetScore("accuracy", "recalibrated"),
    format: FORMATS.percent,
  };
  const columns = [...of("source", finalScore), ...of("target", finalTargetScore), recalibrated];
  const title = `Test images at the end, %; source: ${sourceLabel(runs)}, target: ${targetLabel(runs)}`;
  return { title, rows: methodTable(runs, columns, seedsOf(runs).length) };
}

function verdicts(runs: Runs, seeds: number): Verdict[] {
  return waysOf(runs).flatMap((judged) => {
    const group = (method: MethodName) => groupOf(runs, method, finalTargetScore("accuracy", judged));
    const found = compareGroups(group("bn"), UAN.map(group), { wanted: "more", format: FORMATS.percent, seeds });
    const how = judged === "recalibrated" ? `${judged}, ` : "";
    return verdict(`UAN helps domain adaptation (${how}accuracy on ${targetLabel(runs)}; the paper: on SVHN)`, [found]);
  });
}

function charts(runs: Runs): LineChart[] {
  const chart = (label: string, domain: "test" | "target") => {
    const points = (runs: Runs) =>
      testedEpochs(runs).map((epoch) => pointOf(epoch, runs, scoreAt(epoch, "accuracy", domain), 100));
    return lineChart(`test accuracy on ${label}`, epochsAxis(runs), { title: "%" }, methodLines(runs, points, true));
  };
  return [chart(`the source, ${sourceLabel(runs)}`, "test"), chart(`the target, ${targetLabel(runs)}`, "target")];
}

export function domainAdaptation(runs: Runs): Section {
  const seeds = seedsOf(runs).length;
  return {
    experiment: "domain-adaptation",
    title: `Does UAN help domain adaptation, from ${sourceLabel(runs)} to ${targetLabel(runs)}?`,
    setting: `${settingText(runs)} ${papersText(runs)}`,
    summary: table(runs, SCORES),
    compact: [table(runs, ["accuracy", "f1"])],
    tables: [],
    verdicts: verdicts(runs, seeds),
    charts: charts(runs),
  };
}
