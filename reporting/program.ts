/** An error of the command line. Its message says in one line what was wanted and what came. */
export class OptionError extends Error {}

/** The exit code after Ctrl-C. */
const INTERRUPTED = 130;

type ErrorClass = new (...args: never[]) => Error;

/**
 * Runs a program. Its exit code is 2 after an error of the command line, and 1 after any other error.
 *
 * @param plain types of errors of which only the message is shown, as of OptionError; of others, the stack is shown, too
 */
export async function runProgram(name: string, main: () => Promise<void>, ...plain: ErrorClass[]): Promise<void> {
  try {
    await main();
  } catch (error) {
    // The WASM backend has a handler of uncaught errors, which prints its own source. So we catch them here.
    const isPlain = [OptionError, ...plain].some((type) => error instanceof type);
    console.error(isPlain ? `${name}: ${(error as Error).message}` : error);
    process.exitCode = error instanceof OptionError ? 2 : 1;
  }
}

/**
 * Ends the program at Ctrl-C.
 *
 * @param stop is called before
 * @returns a function that takes this back
 */
export function onInterrupt(stop: () => void): () => void {
  const interrupt = () => {
    stop();
    process.exit(INTERRUPTED);
  };
  process.once("SIGINT", interrupt);
  return () => {
    process.off("SIGINT", interrupt);
  };
}
