import { CHOICE, type RunConfig } from "../config.js";
import { mean } from "../metrics.js";
import { NETWORKS } from "./batchSize.js";
import { FORMATS, spreadText } from "./format.js";
import { finalScore, JUDGED, type Judged } from "./measures.js";
import { type Runs, seedsOf, unique, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { type Standing, standings } from "./settings.js";

type Candidate = Pick<RunConfig, "priorMass" | "memory">;
type Where = Pick<RunConfig, "network" | "learningRate" | "batchSize">;

const candidatesOf = (runs: Runs): Candidate[] =>
  valuesOf(runs, "priorMass").flatMap((priorMass) => valuesOf(runs, "memory").map((memory) => ({ priorMass, memory })));

function wheresOf(runs: Runs): Where[] {
  const networks = unique(runs.map(({ config }) => config.network));
  return networks.flatMap((network) =>
    valuesOf(runs, "learningRate").flatMap((learningRate) =>
      valuesOf(runs, "batchSize").map((batchSize) => ({ network, learningRate, batchSize })),
    ),
  );
}

const values = (runs: Runs, candidate: Candidate, where: Where, judged: Judged) =>
  withConfig(runs, { ...candidate, ...where }).map(finalScore("accuracy", judged));

/** The standings of the candidates over the settings in which they were compared. */
const standingsOf = (runs: Runs, candidates: Candidate[], wheres: Where[], judged: Judged): Standing[] =>
  standings(candidates.map((candidate) => wheres.map((where) => mean(values(runs, candidate, where, judged)))));

interface Ranking {
  name: string;
  standings: Standing[];
}

/** By network and over all of them, judged both ways. */
function rankingsOf(runs: Runs, candidates: Candidate[]): Ranking[] {
  const wheres = wheresOf(runs);
  const networks = unique(wheres.map(({ network }) => network));
  const groups = [
    { name: "all", wheres },
    ...networks.map((network) => ({ name: NETWORKS[network], wheres: wheres.filter((where) => where.network === network) })),
  ];
  return groups.flatMap(({ name, wheres }) =>
    JUDGED.map((judged) => ({ name: `${name}, ${judged}`, standings: standingsOf(runs, candidates, wheres, judged) })),
  );
}

const names = ({ priorMass, memory }: Candidate) => [`${priorMass}`, `${memory}`];

function table(candidates: Candidate[], rankings: Ranking[]): Table {
  const cells = ({ rank, value }: Standing) => [FORMATS.count.mean(rank), FORMATS.percent.mean(value)];
  const row = (candidate: Candidate, i: number) => [
    ...names(candidate),
    ...rankings.flatMap(({ standings }) => cells(standings[i] as Standing)),
  ];
  return {
    title: "Mean rank among the candidates, and mean accuracy, %, over networks, batch sizes and learning rates",
    rows: [
      ["prior mass", "memory", ...rankings.flatMap(({ name }) => [`rank: ${name}`, `accuracy: ${name}`])],
      ...candidates.map(row),
    ],
    names: 2,
  };
}

function details(runs: Runs, candidates: Candidate[]): Table {
  const [wheres, seeds] = [wheresOf(runs), seedsOf(runs).length];
  const head = ({ network, learningRate, batchSize }: Where) => `${NETWORKS[network]}, ${learningRate}, ${batchSize}`;
  const row = (candidate: Candidate) => [
    ...names(candidate),
    ...wheres.map((where) => spreadText(values(runs, candidate, where, "as it is"), FORMATS.percent, seeds)),
  ];
  return {
    title: "Accuracy, %, by network, learning rate and batch size",
    rows: [["prior mass", "memory", ...wheres.map(head)], ...candidates.map(row)],
    names: 2,
  };
}

/** The best candidates, by each ranking. */
function verdicts(candidates: Candidate[], rankings: Ranking[]): Verdict[] {
  const best = (standings: Standing[], value: (standing: Standing) => number, text: (standing: Standing) => string) => {
    const at = standings.reduce((best, one, i) => (value(one) > value(standings[best] as Standing) ? i : best), 0);
    const { priorMass, memory } = candidates[at] as Candidate;
    return `mass ${priorMass}, memory ${memory} (${text(standings[at] as Standing)})`;
  };
  return rankings.map(({ name, standings }) => {
    const byRank = best(
      standings,
      ({ rank }) => -rank,
      ({ rank }) => FORMATS.count.mean(rank),
    );
    const byValue = best(
      standings,
      ({ value }) => value,
      ({ value }) => `${FORMATS.percent.mean(value)} %`,
    );
    const found = `By mean rank: ${byRank}. By mean accuracy: ${byValue}`;
    return { claim: `The best prior mass and memory (${name})`, found, comparisons: 0, won: [], lost: [], isPapers: false };
  });
}

export function choice(runs: Runs): Section {
  const candidates = candidatesOf(runs);
  const rankings = rankingsOf(runs, candidates);
  const summary = table(candidates, rankings);
  return {
    experiment: CHOICE,
    title: "Which prior mass and memory?",
    setting: settingText(runs),
    summary,
    compact: [summary],
    tables: [details(runs, candidates)],
    verdicts: verdicts(candidates, rankings),
    charts: [],
  };
}
