/** What is used of Node.js's `process`, which Bun and Deno have, too. */
export interface NodeProcess {
  argv?: string[];
  versions?: { node?: string };
  getBuiltinModule?(name: string): unknown;
  mainModule?: { require?(name: string): unknown };
}

export const nodeProcess = () => (globalThis as { process?: NodeProcess }).process;

/**
 * One of Node.js's own modules, where this is Node.js, Bun or Deno. There is no import() here, nor a require(), which bundlers would
 * follow, or complain of: what a runtime gives to ask for, no bundler sees. Before 20.16 Node.js gives it to programs in CommonJS.
 *
 * @param name such as "node:module"
 * @returns undefined where there is no such module to be had
 */
export function builtinModule<T>(name: string): T | undefined {
  const process = nodeProcess();
  try {
    return (process?.getBuiltinModule?.(name) ?? process?.mainModule?.require?.(name)) as T | undefined;
  } catch {
    return undefined; // a bundler's main module
  }
}
