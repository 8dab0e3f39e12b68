/** A part of a configuration that Python wrote, as it is in the file. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Config = { [key: string]: Json };

/** A layer, or a model, as Keras describes it. */
export interface Entry extends Config {
  class_name: string;
  config: Config;
}

/** The version of Keras that wrote a file. */
export interface KerasVersion {
  /** Such as "3.15.1". */
  version: string;
  /** Whether it is Keras 3 or later. */
  isKeras3: boolean;
}

export const isObject = (value: Json | undefined): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether it is what Keras makes of an object: a class and its configuration. */
export const isEntry = (value: Json | undefined): value is Entry =>
  isObject(value) && typeof value.class_name === "string" && isObject(value.config);

/** A model of layers: Sequential, Functional, Model. */
export type ModelEntry = Entry & { config: { layers: Entry[] } };

export const isModel = (entry: Entry): entry is ModelEntry => Array.isArray(entry.config.layers);

/** The name of a layer. An operation's configuration may have none. */
export const nameOf = ({ name, config, class_name }: Entry): string => String(config.name ?? name ?? class_name);

/** An error that names the layer, its key, and the version of Keras. */
export function unreadable(entry: Entry, { version }: KerasVersion, key: string, wanted: string, got: Json | undefined): Error {
  const shown = (typeof got === "string" ? `'${got}'` : `${JSON.stringify(got)}`).slice(0, 200);
  const { class_name } = entry;
  return new Error(
    `fromKeras: layer '${nameOf(entry)}' (${class_name}, Keras ${version}): '${key}' must ${wanted}, got ${shown}`,
  );
}

/** Warns of a key of a layer that TensorFlow.js can do without, but not as Python means it. */
export function warnOf(entry: Entry, { version }: KerasVersion, message: string): void {
  console.warn(`fromKeras: layer '${nameOf(entry)}' (${entry.class_name}, Keras ${version}) ${message}`);
}
