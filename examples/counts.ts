/**
 * The first argument of the command line: how many steps, digits or threads.
 *
 * @param usual without an argument
 * @throws Error if it is not a whole number from 1 on
 */
export function countArgument<T extends number | undefined>(what: string, usual: T): number | T {
  const [given] = process.argv.slice(2);
  if (given === undefined) return usual;
  if (!/^[1-9][0-9]{0,8}$/.test(given)) throw new Error(`${what} must be a whole number from 1 on, got '${given}'`);
  return Number(given);
}
