import type { Page } from "playwright-core";

/** The same functions, each returning a promise. */
export type Remote<T> = {
  [name in keyof T]: T[name] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** Functions that call those of an object on a page's globalThis. Arguments and results are copied. */
export function remote<T extends object>(page: Page, object: string): Remote<T> {
  return new Proxy({} as Remote<T>, {
    get(_, name) {
      // Without `then`, `await` does not take the proxy for a promise.
      if (name === "then") return undefined;
      return (...args: unknown[]) =>
        // biome-ignore lint/suspicious/noExplicitAny: the type of the page's object is T
        page.evaluate(([object, name, args]) => (globalThis as any)[object][name](...args), [object, name, args] as const);
    },
  });
}
