import { builtinModule, nodeProcess } from "./builtin.js";
import { Refusal } from "./refusal.js";

// Packages that may not be installed, from their place in node_modules. There is no import() here, nor a require(): what their
// argument would have to be, a variable, is an error to some bundlers (Metro), a warning to others (webpack), and means one in
// ES modules and another in CommonJS.

interface Require {
  (path: string): unknown;
  resolve(name: string): string;
  /** What has been required, or imported as CommonJS, by its file. */
  cache?: { [file: string]: { loaded?: boolean } | undefined };
}

/** The file that this is in, which may be a bundle's. Only CommonJS has __filename, only ES modules import.meta: a stack has both. */
function ownFile(): string | undefined {
  const errors = Error as { prepareStackTrace?: unknown };
  const { prepareStackTrace } = errors;
  try {
    errors.prepareStackTrace = (_: Error, [site]: { getFileName(): string }[]) => site?.getFileName();
    return new Error().stack;
  } catch {
    return undefined; // a frozen Error
  } finally {
    if (errors.prepareStackTrace !== prepareStackTrace) errors.prepareStackTrace = prepareStackTrace;
  }
}

/** Ways to look for packages: as this file would, and as the program that was started would, which need not see the same. */
function waysToRequire(): Require[] {
  const { createRequire } = builtinModule<{ createRequire?(file: string): Require }>("module") ?? {};
  if (!createRequire) return [];
  return [ownFile(), nodeProcess()?.argv?.[1]].flatMap((file) => {
    try {
      return file ? [createRequire(file)] : [];
    } catch {
      return []; // not the name of a file
    }
  });
}

/** Whether a package was found whose package.json is unreadable, or names files that are not there. */
function isDamage({ code, path }: { code?: string; path?: string }): boolean {
  return path !== undefined || /^ERR_.*PACKAGE/.test(code ?? "");
}

/** A file of a package that is installed, and what requires it. */
interface Installed {
  file: string;
  /** Whether it has been loaded already, as it is installed. */
  isLoaded: boolean;
  requireIt(): unknown;
}

/**
 * Finds a package, or a file of it, where it is installed: from where this library is, or from the program that was started.
 *
 * @throws Refusal where it is not installed, or where there are no packages to look for, as in browsers. Another error where it
 * is there and broken.
 */
export function findInstalled(name: string): Installed {
  const ways = waysToRequire();
  if (ways.length === 0) {
    throw new Refusal(`${name} is not imported, and only Node.js (from 20.16, before in CommonJS), Bun and Deno can look for it`);
  }
  let unknown: Refusal | undefined;
  for (const requireFrom of ways) {
    try {
      const file = requireFrom.resolve(name);
      return { file, isLoaded: requireFrom.cache?.[file]?.loaded === true, requireIt: () => requireFrom(file) };
    } catch (error) {
      if (isDamage(error as object)) throw new Error(`${name} is damaged: ${messageOf(error)}`, { cause: error });
      if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") {
        unknown = new Refusal(`${name} is not imported, and cannot be looked for here: ${messageOf(error)}`);
      }
    }
  }
  throw unknown ?? new Refusal(`${name} is not installed`);
}

/**
 * Imports a package, or a file of it, where it is installed.
 *
 * @returns what it exports
 * @throws as findInstalled does
 */
export function importInstalled(name: string): unknown {
  const { requireIt } = findInstalled(name);
  try {
    return requireIt();
  } catch (error) {
    throw new Error(`${name} is installed, but does not load: ${messageOf(error)}`, { cause: error });
  }
}

/** What an error says, whatever was thrown: TensorFlow.js also throws objects that are no Error. */
export function messageOf(error: unknown): string {
  return String((error as Partial<Error> | undefined)?.message ?? error);
}
