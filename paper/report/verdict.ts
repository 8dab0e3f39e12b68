import type { Finding } from "./compare.js";
import type { Verdict } from "./section.js";

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** A verdict of the findings that are there; none if there are none. */
export function verdict(claim: string, findings: (Finding | undefined)[], isPapers = true): Verdict[] {
  const there = findings.filter((finding) => finding !== undefined);
  if (there.length === 0) return [];
  return [
    {
      claim,
      found: there.map(({ text }) => capitalized(text)).join(". "),
      comparisons: there.reduce((sum, { comparisons }) => sum + comparisons, 0),
      won: there.flatMap(({ won }) => won),
      lost: there.flatMap(({ lost }) => lost),
      isPapers,
    },
  ];
}

/** A finding with changed text and names. */
export function reworded(
  finding: Finding | undefined,
  text: (found: string) => string,
  name: (who: string) => string,
): Finding | undefined {
  return finding && { ...finding, text: text(finding.text), won: finding.won.map(name), lost: finding.lost.map(name) };
}
