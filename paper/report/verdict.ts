import type { Verdict } from "./section.js";

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** A verdict of these findings, as far as there are any. */
export function verdict(claim: string, findings: (string | undefined)[], isPapers = true): Verdict[] {
  const found = findings.filter((text) => text !== undefined).map(capitalized);
  return found.length > 0 ? [{ claim, found: found.join(". "), isPapers }] : [];
}
