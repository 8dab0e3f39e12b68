// State that the copies of this library in a process share. There are several where its ES modules and its CommonJS meet, and where
// a module is loaded again (hot reload). TensorFlow.js's registry is one for all of them.

/** Ends in the number of the state's format: copies that would not understand each other's state have another. */
const KEY = Symbol.for("tfjs-uan.shared.1");

const global = globalThis as { [KEY]?: Map<string, object> };

/**
 * What all copies share under a name. The first that asks for it makes it.
 *
 * @param name one for each kind of state
 * @param make what the first copy begins with
 */
export function shared<T extends object>(name: string, make: () => T): T {
  global[KEY] ??= new Map();
  const found = global[KEY].get(name) ?? make();
  global[KEY].set(name, found);
  return found as T;
}

const said = shared("warnings", () => new Set<string>());

/** Warns on the console, once for each text. */
export function warnOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn(`tfjs-uan: ${text}`);
}
