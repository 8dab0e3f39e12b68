import type { MethodName } from "../methods.js";
import { compareGroups, type Group, groupOf } from "./compare.js";
import { FORMATS } from "./format.js";
import { finalScore, finalTargetScore, waysOf } from "./measures.js";
import { methodsOf, type Runs, seedsOf, UAN, unique, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { dataLabel, settingText } from "./setting.js";
import { type Column, cells, methodTable } from "./table.js";
import { reworded, verdict } from "./verdict.js";

const otherLabel = (runs: Runs) =>
  unique(runs.flatMap(({ config }) => (config.elsewhere ? [dataLabel(config.elsewhere.name)] : []))).join(", ");

const ADAPTED: Column = { head: "AdaMatch's", measure: finalTargetScore("accuracy"), format: FORMATS.percent };

const adaMatchRuns = (all: Runs) => withConfig(all, { experiment: "domain-adaptation" });

function table(runs: Runs, all: Runs): Table {
  const format = FORMATS.percent;
  const other = otherLabel(runs);
  const columns: Column[] = [
    { head: "MNIST", measure: finalScore("accuracy"), format },
    { head: `${other}, as it is`, measure: finalTargetScore("accuracy"), format },
    { head: `${other}, recalibrated`, measure: finalTargetScore("accuracy", "recalibrated"), format },
  ];
  const seeds = seedsOf(runs).length;
  const [head, ...rows] = methodTable(runs, columns, seeds) as [string[], ...string[][]];
  const adaMatch = methodsOf(runs).map((method) => cells(withConfig(adaMatchRuns(all), { method }), [ADAPTED], seeds));
  return {
    title: "Test accuracy, %, trained on MNIST alone",
    note: `AdaMatch's: that of the experiment before, on ${other}, where it trains on both domains.`,
    rows: [[...head, ADAPTED.head], ...rows.map((row, i) => [...row, ...(adaMatch[i] as string[])])],
  };
}

function verdicts(runs: Runs, all: Runs): Verdict[] {
  const scale = { wanted: "more", format: FORMATS.percent, seeds: seedsOf(runs).length } as const;
  const other = otherLabel(runs);
  const asIs = (method: MethodName) => groupOf(runs, method, finalTargetScore("accuracy"));
  const recalibrated = (method: MethodName) => groupOf(runs, method, finalTargetScore("accuracy", "recalibrated"));
  const adaMatch = (method: MethodName) => groupOf(adaMatchRuns(all), method, finalTargetScore("accuracy"));
  const moving = methodsOf(runs).filter((method) => waysOf(withConfig(runs, { method })).includes("recalibrated"));
  const renamed = (group: Group, suffix: string): Group => ({ ...group, name: `${group.name}, ${suffix}` });
  const named = (found: ReturnType<typeof compareGroups>) =>
    reworded(
      found,
      (text) => text,
      (name) => name.replace(", recalibrated", ""),
    );
  const each = (reference: (method: MethodName) => Group, what: string) =>
    moving.map((method) =>
      named(compareGroups(renamed(reference(method), what), [renamed(recalibrated(method), "recalibrated")], scale)),
    );
  return [
    ...verdict(`Recalibration alone adapts (accuracy on ${other})`, each(asIs, "as it is"), false),
    ...verdict(`Recalibration alone adapts as far as AdaMatch does (accuracy on ${other})`, each(adaMatch, "AdaMatch"), false),
    ...verdict(`UAN adapts further by recalibration than BN does (accuracy on ${other})`, [
      compareGroups(recalibrated("bn"), UAN.map(recalibrated), scale),
    ]),
  ];
}

export function recalibration(runs: Runs, all: Runs): Section {
  const summary = table(runs, all);
  return {
    experiment: "recalibration",
    title: `How far does recalibration alone adapt a network, from MNIST to ${otherLabel(runs)}?`,
    setting: settingText(runs),
    summary,
    compact: [summary],
    tables: [],
    verdicts: verdicts(runs, all),
    charts: [],
  };
}
