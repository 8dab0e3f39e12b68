/** What the app of app.js found. */
export interface AppOutcome {
  error?: string;
  backend: string;
  losses: number[];
  before: number[];
  after: number[];
}

/** What is wrong with it; undefined if nothing is. */
export function shortcomingOf({ error, backend, losses, before, after }: AppOutcome, wanted: string): string | undefined {
  if (error) return error;
  if (backend !== wanted) return `it ran on '${backend}', not on '${wanted}'`;
  const [first = Number.NaN] = losses;
  const last = losses.at(-1) ?? Number.NaN;
  if (!(last < first)) return `the loss went from ${first} to ${last}`;
  if (before.length === 0 || !before.every(Number.isFinite)) return `it predicted ${before}`;
  if (after.join() !== before.join()) return `the loaded model predicts ${after}, the saved one ${before}`;
  return undefined;
}
