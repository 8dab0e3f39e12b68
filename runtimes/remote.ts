import type { Page } from "playwright-core";

/** The same functions, each with a promise of what it returns. */
export type Remote<T> = {
  [name in keyof T]: T[name] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** The functions of an object that a page's module left on globalThis, for this side; values are copied on the way. */
export function remote<T extends object>(page: Page, object: string): Remote<T> {
  return new Proxy({} as Remote<T>, {
    get(_, name) {
      // A promise of it is no promise of what it returns.
      if (name === "then") return undefined;
      return (...args: unknown[]) =>
        // biome-ignore lint/suspicious/noExplicitAny: what the page has is known there
        page.evaluate(([object, name, args]) => (globalThis as any)[object][name](...args), [object, name, args] as const);
    },
  });
}
