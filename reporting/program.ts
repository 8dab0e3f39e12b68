/** Says, in one line, what was wanted of an option and what came. */
export class OptionError extends Error {}

type ErrorClass = new (...args: never[]) => Error;

/**
 * Runs a program. Its exit code is 2 where an option was wrong, and 1 where something else was.
 *
 * @param plain errors that are said in a line, as those of options are; of others, everything is shown
 */
export async function runProgram(name: string, main: () => Promise<void>, ...plain: ErrorClass[]): Promise<void> {
  try {
    await main();
  } catch (error) {
    // Caught here: the WASM backend has a handler of uncaught errors that prints its own source.
    const isPlain = [OptionError, ...plain].some((type) => error instanceof type);
    console.error(isPlain ? `${name}: ${(error as Error).message}` : error);
    process.exitCode = error instanceof OptionError ? 2 : 1;
  }
}
