import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Drawing, draw, isEven, matricesOf, quotient, remainder, type WebGLBackend } from "../tensorflow/webgl.js";

// Programs that make a tensor like x, packed: each invocation makes a block of 2 × 2 numbers of the last two axes. What such numbers
// share, as the constants of a channel, is computed once for them.

/** A number as GLSL has a float. */
export const glsl = (value: number): string => value.toExponential();

/** What is looked up for the number i of a tensor: entry (i / step % count) · stride. */
export interface Lookup {
  step: number;
  count: number;
  stride?: number;
}

const entryOf = (lookups: readonly Lookup[], i: string): string =>
  lookups
    .map(({ step, count, stride = 1 }) => {
      const entry = remainder(quotient(i, step), count);
      return stride === 1 ? entry : `${entry} * ${stride}`;
    })
    .join(" + ");

/** The entry that numbers of a block look up, such as their channel: one, two or four of them, in all programs the same type. */
export interface Entries {
  type: "float" | "vec2" | "vec4";
  /** Statements that declare the entries. */
  declared: string;
  /** Values of them, of a tensor: [entries], or a row of [rows, entries]. */
  of(name: string, row?: string | number): string;
  /** Values of them, of GLSL for an entry. */
  each(code: (entry: string) => string): string;
  /** A vec4 of the block, out of values of entries. */
  spread(values: string): string;
}

/**
 * @param shape of the tensor
 * @param name of the variables
 */
export function entriesIn(shape: readonly number[], name: string, lookups: readonly Lookup[]): Entries {
  const [, rows, columns] = matricesOf(shape);
  const isSame = (right: number, wrong: number) =>
    lookups.every(({ step, count }) => count === 1 || step % right === 0 || wrong % (step * count) === 0);
  const inRow = columns === 1 || isSame(columns, 1);
  const inColumn = rows === 1 || isSame(rows * columns, columns);
  const entries = (type: Entries["type"], numbers: string[], spread: Entries["spread"]): Entries => {
    const names = numbers.map((_, n) => `${name}${n}`);
    const each: Entries["each"] = (code) =>
      names.length === 1 ? code(names[0] as string) : `${type}(${names.map(code).join(", ")})`;
    return {
      type,
      declared: numbers.map((i, n) => `  int ${names[n]} = ${entryOf(lookups, i)};`).join("\n"),
      of: (tensor, row = 0) => each((entry) => `${tensor}In(${row}, ${entry})`),
      each,
      spread,
    };
  };
  if (inRow && inColumn) return entries("float", ["i0"], (values) => `vec4(${values})`);
  if (inRow) return entries("vec2", ["i0", "i2"], (values) => `(${values}).xxyy`);
  if (!inColumn) return entries("vec4", ["i0", "i1", "i2", "i3"], (values) => values);
  const [{ step, count } = { step: 0, count: 0 }] = lookups;
  const columnwise = entries("vec2", ["i0", "i1"], (values) => `(${values}).xyxy`);
  if (lookups.length > 1 || step !== 1 || count !== columns) return columnwise;
  return {
    ...columnwise,
    declared: `  int ${name}0 = at.z;\n  int ${name}1 = ${isEven(columns) ? "at.z + 1" : `min(at.z + 1, ${columns - 1})`};`,
    of: (tensor, row = 0) => `${tensor}Pair(${row}, ${name}0)`,
  };
}

/** A program's main. @param body makes `block`, out of `at` and the indices i0 to i3 of its numbers */
function mainOf(shape: readonly number[], body: string): string {
  const [, rows, columns] = matricesOf(shape);
  // TensorFlow.js takes what is beyond a tensor's end for 0.
  return /* glsl */ `
void main() {
  ivec3 at = ${isEven(rows) ? "ivec3(0, getOutputCoords())" : "getOutputCoords()"};
  int i0 = (at.x * ${rows} + at.y) * ${columns} + at.z;
  int i1 = ${isEven(columns) ? "i0 + 1" : `at.z + 1 < ${columns} ? i0 + 1 : i0`};
  int down = ${isEven(rows) ? columns : `at.y + 1 < ${rows} ? ${columns} : 0`};
  int i2 = i0 + down;
  int i3 = i1 + down;
  vec4 block;
${body}
  ${isEven(columns) ? "" : `if (at.z + 1 == ${columns}) block.yw = vec2(0.0);`}
  ${isEven(rows) ? "" : `if (at.y + 1 == ${rows}) block.zw = vec2(0.0);`}
  setOutput(block);
}`;
}

/**
 * A tensor of a shape, by one draw.
 *
 * @param body makes `block`, out of `at` and the indices i0 to i3 of its numbers
 */
export function drawBlocks(
  backend: WebGLBackend,
  shape: number[],
  inputs: Drawing["inputs"],
  uniforms: Record<string, number>,
  body: string,
): TensorInfo {
  const code = mainOf(shape, body);
  const [count, rows, columns] = matricesOf(shape);
  // A matrix that fits into a texture has its rows as the texture's.
  const ofTexture = isEven(rows) ? [count * rows, columns] : [count, rows, columns];
  return { ...draw(backend, { inputs, shape: ofTexture, isPacked: true, uniforms, code }), shape };
}

/** A small tensor, by one draw. @param value GLSL for its number i */
export function drawNumbers(
  backend: WebGLBackend,
  shape: number[],
  inputs: Drawing["inputs"],
  { uniforms = {}, statements = "", value }: Pick<Drawing, "uniforms"> & { statements?: string; value: string },
): TensorInfo {
  const code = /* glsl */ `
void main() {
  int i = getOutputCoords();
${statements}
  setOutput(${value});
}`;
  const size = shape.reduce((a, b) => a * b, 1);
  return { ...draw(backend, { inputs, shape: [size], isPacked: false, uniforms, code }), shape };
}
