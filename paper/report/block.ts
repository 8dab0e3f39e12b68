import type { Docs } from "../../reporting/docs.js";
import { folded, markdownTable } from "../../reporting/markdown.js";
import { CHOICE } from "../config.js";
import { PRESETS } from "../presets.js";
import type { Results } from "../results.js";
import { emphasized, howCompared } from "./compare.js";
import { wrapped } from "./format.js";
import { methodsText, seedsOf, unique } from "./runs.js";
import { scaleText } from "./scale.js";
import type { Section, Table, Verdict } from "./section.js";
import { comparisonsOf, sectionsOf } from "./sections.js";

const WIDTH = 130;

const verdictsOf = (sections: Section[], isPapers: boolean): Verdict[] =>
  sections.flatMap(({ verdicts }) => verdicts.filter((verdict) => verdict.isPapers === isPapers));

function verdictTable(head: string, shown: Verdict[]): string[] {
  const row = ({ claim, found }: Verdict) => [claim, emphasized(found, "**", "**")];
  return shown.length > 0 ? [markdownTable([[head, "here"], ...shown.map(row)])] : [];
}

/** The claims for which UAN is better, or worse, than what it is compared with. */
function listOf(word: "better" | "worse", names: (verdict: Verdict) => string[], claims: Verdict[]): string {
  const items = claims.flatMap((verdict) => {
    const uan = names(verdict).filter((name) => name.startsWith("UAN"));
    return uan.length > 0 ? [`- ${verdict.claim}: ${uan.join("; ")}.`] : [];
  });
  const than = `**${word}** than what a claim compares it with`;
  return items.length > 0 ? `Where UAN is ${than}:\n\n${items.join("\n")}` : `UAN is nowhere ${than}.`;
}

/** The questions that a default depends on, with their answers. */
function questions(sections: Section[]): string[] {
  const asked = verdictsOf(sections, false).filter(({ isQuestion }) => isQuestion);
  return asked.length > 0 ? [asked.map(({ claim, found }) => `- ${claim} ${found}.`).join("\n")] : [];
}

/** The command that makes the same runs. */
function command(seeds: number): string {
  return seeds === PRESETS.quick.seeds.length ? "npm run paper" : `npm run paper -- --seeds ${seeds}`;
}

/** Blocks behind a click, if there are any. */
const foldedIfAny = (summary: string, blocks: string[]) => (blocks.length > 0 ? [folded(summary, blocks)] : []);

const tableText = ({ title, note, rows }: Table): string =>
  `${wrapped(`${title}.${note ? ` ${note}` : ""}`, WIDTH)}\n\n${markdownTable(rows)}`;

/** What docs/evidence.md says of runs of the quick preset. */
export function evidenceBlock(results: Results): string {
  const { preset, presetDescription, machine, software, date } = results;
  const sections = sectionsOf(results);
  const [claims, others] = [verdictsOf(sections, true), verdictsOf(sections, false)];
  const options = others.filter(({ isQuestion }) => !isQuestion);
  const seeds = seedsOf(results.runs).length;
  const what = `\`${command(seeds)}\`, preset ${preset} (${presetDescription})`;
  const heading = `${what}, on ${machine}, ${software}, ${date.slice(0, 10)}.`;
  const tables = ({ setting, compact, papers }: Section) => [
    wrapped(setting, WIDTH),
    ...[...compact, ...(papers ? [papers] : [])].map(tableText),
  ];
  return [
    wrapped(heading, WIDTH),
    wrapped(`${scaleText(results)} ${howCompared(results.runs, comparisonsOf(sections))}`, WIDTH),
    ...questions(sections),
    listOf("worse", ({ lost }) => lost, claims),
    listOf("better", ({ won }) => won, claims),
    ...foldedIfAny("What is compared", [wrapped(methodsText(results.runs), WIDTH)]),
    ...foldedIfAny("Every claim", verdictTable("claim", claims)),
    ...foldedIfAny("The library's own options", verdictTable("option", options)),
    ...sections.flatMap((section) => foldedIfAny(section.title, tables(section))),
  ].join("\n\n");
}

/** What docs/evidence.md says of the choice that came before. */
export function choiceBlock(results: Results): string {
  const { machine, software, date, runs } = results;
  const [section] = sectionsOf(results);
  if (!section) throw new Error(`${CHOICE}: must have runs, got none`);
  const seeds = unique(runs.map(({ config }) => config.seed)).length;
  const heading = `\`npm run paper -- ${CHOICE} --seeds ${seeds}\`, on ${machine}, ${software}, ${date.slice(0, 10)}.`;
  return [
    wrapped(heading, WIDTH),
    ...verdictTable("ranking", section.verdicts),
    folded(section.title, [wrapped(section.setting, WIDTH), ...section.compact.map(tableText)]),
  ].join("\n\n");
}

export const paperDocs = (results: Results, choice: Results): Docs => ({
  "docs/evidence.md": { paper: evidenceBlock(results), choice: choiceBlock(choice) },
});
