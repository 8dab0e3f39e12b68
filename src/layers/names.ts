/** How many layers have got a name of each kind. */
const counts = new Map<string, number>();

/**
 * A name for a layer that the user gave none: short, as tf.layers' model.summary has no more than 26 characters for name and class.
 *
 * @param kind the layer's class name, or a shorter one
 */
export function nextName(kind: string): string {
  const snakeCase = kind.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
  const count = (counts.get(snakeCase) ?? 0) + 1;
  counts.set(snakeCase, count);
  return `${snakeCase}_${count}`;
}
