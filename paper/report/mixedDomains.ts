import { type MethodName, methodOf } from "../methods.js";
import { MARKS_TEXT, markedCell, networksOf, ofEither } from "./batchSize.js";
import { type LineChart, lineChart, methodLines, pointOf } from "./charts.js";
import { compareBySetting, type Finding } from "./compare.js";
import { FORMATS } from "./format.js";
import { finalLoss, finalScore, JUDGED, type Judged, waysOf } from "./measures.js";
import { methodsOf, type Part, type Runs, seedsOf, UAN, unique, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { trainedWith, trainedWithText } from "./settings.js";
import { besideNames, type Column, heads, methodRows } from "./table.js";
import { reworded, verdict } from "./verdict.js";

/** The runs of a network on a mixture of domains. */
function partsOf(runs: Runs): Part[] {
  return unique(runs.map(({ config }) => config.data.mixed)).flatMap((mixed) =>
    networksOf(runs.filter(({ config }) => config.data.mixed === mixed)).map(({ name, runs }) => ({
      name: `half of every batch ${mixed}, ${name}`,
      runs,
    })),
  );
}

function summary(runs: Runs, parts: Part[], seeds: number): Table {
  const columns = valuesOf(runs, "batchSize").flatMap((size): Column[] => {
    const where: Column["where"] = ({ batchSize }) => batchSize === size;
    return [
      ...JUDGED.map((judged) => ({
        head: `${size}: ${judged}`,
        measure: finalScore("accuracy", judged),
        format: FORMATS.percent,
        where,
      })),
      { head: `${size}: training loss`, measure: finalLoss, format: FORMATS.loss, where },
    ];
  });
  const rows = parts.flatMap(({ name, runs }) => besideNames([name], methodRows(runs, columns, seeds)));
  const title = "Test accuracy, %, and training loss of the last epoch, by batch size";
  return { title, rows: [["", "", ...heads(columns)], ...rows], names: 2 };
}

function compact(runs: Runs, parts: Part[]): Table {
  const columns = parts.flatMap(({ name, runs }) =>
    valuesOf(runs, "batchSize").map((batchSize) => ({
      head: `${name}, ${batchSize}`,
      runs: withConfig(runs, { batchSize }),
    })),
  );
  const rows = methodsOf(runs).map((method) => [methodOf(method).label, ...columns.map(({ runs }) => markedCell(runs, method))]);
  return {
    title: "Test accuracy, %, by mixture, network and batch size",
    note: MARKS_TEXT,
    rows: [["", ...heads(columns)], ...rows],
  };
}

function verdicts({ name, runs }: Part): Verdict[] {
  return JUDGED.flatMap((judged: Judged) => {
    const values = (method: MethodName, batchSize: number) =>
      withConfig(runs, { method, batchSize }).map(finalScore("accuracy", judged));
    const beside = (method: MethodName, reference: MethodName): Finding | undefined => {
      if (!waysOf(ofEither(runs, method, reference)).includes(judged)) return undefined;
      const found = compareBySetting(
        trainedWith(runs),
        (settings) => trainedWithText(settings, true),
        ({ batchSize }) => [values(method, batchSize), values(reference, batchSize)],
      );
      const label = methodOf(method).label;
      return reworded(
        found,
        (text) => `${label}, ${text}`,
        (settings) => `${label} (${settings})`,
      );
    };
    const where = `${name}, ${judged}`;
    return [
      ...verdict(
        `UAN beats BN on mixed domains (${where})`,
        UAN.map((method) => beside(method, "bn")),
      ),
      ...verdict(`More components than one help on mixed domains (${where}; outputs of the same scale)`, [
        beside("uan-standardize-scaled", "uan-standardize-1"),
        beside("uan-moments", "uan-moments-1"),
      ]),
    ];
  });
}

function chart({ name, runs }: Part): LineChart {
  const points = (runs: Runs) =>
    valuesOf(runs, "batchSize").map((size) => pointOf(size, withConfig(runs, { batchSize: size }), finalScore("accuracy"), 100));
  const x = { title: "batch size, logarithmic", type: "logarithmic" } as const;
  return lineChart(`test accuracy by batch size: ${name}`, x, { title: "%" }, methodLines(runs, points, true));
}

export function mixedDomains(runs: Runs): Section {
  const [parts, seeds] = [partsOf(runs), seedsOf(runs).length];
  return {
    experiment: "mixed-domains",
    title: "Does it help where every batch has images of two domains?",
    setting: settingText(runs),
    summary: summary(runs, parts, seeds),
    compact: [compact(runs, parts)],
    tables: [],
    verdicts: parts.flatMap(verdicts),
    charts: parts.map(chart),
  };
}
