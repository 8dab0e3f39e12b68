/** The text before the result in a program's output. */
export const RESULT = "result: ";
