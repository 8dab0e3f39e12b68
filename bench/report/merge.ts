import type { Report, Run, SectionResult } from "../results.js";

const namesOf = ({ sections }: Report) => sections.map(({ name }) => name);

/**
 * Puts the sections of a new run in the place of those that are kept. A run that has all of them takes the place of the kept report; in
 * any other case the new sections say which run they come from.
 */
export function merge(kept: Report, now: Report): Report {
  const names = namesOf(now);
  if (namesOf(kept).every((name) => names.includes(name))) return now;
  const { version, sections, ...run } = now;
  const fresh = sections.map((section): SectionResult => ({ ...section, run: section.run ?? (run satisfies Run) }));
  const replaced = kept.sections.map((section) => fresh.find(({ name }) => name === section.name) ?? section);
  const added = fresh.filter(({ name }) => !namesOf(kept).includes(name));
  return { ...kept, sections: [...replaced, ...added] };
}
