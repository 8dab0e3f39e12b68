import { type DataType, env, type KernelBackend, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../launch/plan.js";

// Programs of one's own on TensorFlow.js's 'webgl' backend: fragment shaders in GLSL ES 3.00. They run through its compileAndRun. It
// would convert a program's inputs to packed or to unpacked textures, by a draw for each. A program here reads either: while it runs,
// all inputs are said to be unpacked.

/** What compileAndRun takes. */
interface BackendProgram {
  variableNames: string[];
  outputShape: number[];
  userCode: string;
  packedInputs: boolean;
  packedOutput: boolean;
  customUniforms: { name: string; type: "float" | "int" }[];
}

/** What the backend knows of a tensor. */
interface TextureData {
  /** Of packed textures, that which they were packed by: a reshaped tensor may have another. */
  shape: number[];
  texture: unknown;
  /** Rows and columns of numbers; twice those of texels, if packed. */
  texShape: [number, number] | null;
  isPacked?: boolean;
  /** Where an unpacked tensor begins in the texture of another. */
  slice?: { flatOffset: number };
}

export interface WebGLBackend extends KernelBackend {
  texData: { get(dataId: TensorInfo["dataId"]): TextureData };
  uploadToGPU(dataId: TensorInfo["dataId"]): void;
  compileAndRun(
    program: BackendProgram,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms: number[][],
    preventEagerUnpackingOfOutput: boolean,
  ): TensorInfo;
}

/** Whether a kernel can run programs on a backend: on one that TensorFlow.js calls 'webgl', in WebGL 2. */
export function runsWebGLPrograms(backend: unknown): backend is WebGLBackend {
  const { texData, uploadToGPU, compileAndRun } = backend as Partial<WebGLBackend>;
  return (
    typeof compileAndRun === "function" &&
    typeof uploadToGPU === "function" &&
    typeof texData?.get === "function" &&
    env().getNumber("WEBGL_VERSION") === 2 &&
    env().get("ENGINE_COMPILE_ONLY") !== true
  );
}

/** Whether textures have half floats. */
const hasHalfFloats = (): boolean => !env().getBool("WEBGL_RENDER_FLOAT32_ENABLED");

/** A tensor as textures have it: matrices. */
export type Matrices = [count: number, rows: number, columns: number];

export function matricesOf(shape: readonly number[]): Matrices {
  const [rows = 1, columns = 1] = [shape.at(-2), shape.at(-1)];
  return [sizeOf(shape.slice(0, -2)), rows, columns];
}

export const isEven = (n: number) => n % 2 === 0;
const half = (n: number) => Math.ceil(n / 2);

/** GLSL for i / n and i % n of an i that is not negative. Not every compiler makes shifts of them. */
export const quotient = (i: string, n: number) =>
  n === 1 ? i : Number.isInteger(Math.log2(n)) ? `(${i} >> ${Math.log2(n)})` : `(${i} / ${n})`;
export const remainder = (i: string, n: number) =>
  n === 1 ? "0" : Number.isInteger(Math.log2(n)) ? `(${i} & ${n - 1})` : `(${i} % ${n})`;

/** GLSL for texel i of a texture. */
function texelAt(name: string, i: string, width: number, height: number): string {
  const place = height === 1 ? `${i}, 0` : `${remainder(i, width)}, ${quotient(i, width)}`;
  return `texelFetch(${name}, ivec2(${place}), 0)`;
}

/** Whether packed texels, of 2 × 2 numbers, are the same in both shapes, and in the same order. */
const samePacking = ([countA, rowsA, columnsA]: Matrices, [countB, rowsB, columnsB]: Matrices): boolean =>
  columnsA === columnsB && (rowsA === rowsB ? countA === countB : isEven(rowsA) && isEven(rowsB));

/**
 * GLSL functions that read a tensor. `NAMEAt(i)` is number i; `NAMEIn(row, column)` is that of the matrix of all rows, and
 * `NAMEPair(row, column)` it and the next in the row, from an even column on, and `NAMEBelow(row, column)` it and the one below, from an
 * even row on. `NAMEBlock(at)` are the 2 × 2 numbers from [matrix, row,
 * column] on, both even, where a matrix with an even number of rows may be one with those below it. Of packed tensors, `NAMETexel(i)` is
 * texel i. Beyond a tensor's end are any numbers.
 */
function reader(name: string, { shape }: TensorInfo, { isPacked, shape: packedShape, texShape, slice }: TextureData): string {
  const given = matricesOf(shape);
  const [, rows, columns] = given;
  const next = isEven(columns) ? "column + 1" : `min(column + 1, ${columns - 1})`;
  const pair = /* glsl */ `
vec2 ${name}Pair(int row, int column) {
  return vec2(${name}In(row, column), ${name}In(row, ${next}));
}`;
  const below = /* glsl */ `
vec2 ${name}Below(int row, int column) {
  return vec2(${name}In(row, column), ${name}In(row + 1, column));
}`;
  const block = /* glsl */ `
vec4 ${name}Block(ivec3 at) {
  int row = at.x * ${rows} + at.y;
  return vec4(${name}Pair(row, at.z), ${name}Pair(${isEven(rows) ? "row + 1" : `at.y + 1 < ${rows} ? row + 1 : row`}, at.z));
}`;
  const [numbersHigh, numbersWide] = texShape as [number, number];
  if (!isPacked) {
    const isMatrix = numbersWide === columns && !slice?.flatOffset;
    return /* glsl */ `
float ${name}At(int i) {
  ${slice?.flatOffset ? `i += offset${name};` : ""}
  return ${texelAt(name, "i", numbersWide, numbersHigh)}.r;
}
float ${name}In(int row, int column) {
  return ${isMatrix ? `texelFetch(${name}, ivec2(column, row), 0).r` : `${name}At(row * ${columns} + column)`};
}
${pair}
${below}
${block}`;
  }
  const [width, height] = [half(numbersWide), half(numbersHigh)];
  const packed = matricesOf(packedShape);
  const [count, packedRows, packedColumns] = packed;
  const wide = half(packedColumns);
  const high =
    count === 1 || isEven(packedRows) ? "(row >> 1)" : `(row / ${packedRows} * ${half(packedRows)} + (row % ${packedRows} >> 1))`;
  const parity = count === 1 || isEven(packedRows) ? "row" : `(row % ${packedRows})`;
  return /* glsl */ `
vec4 ${name}Texel(int i) {
  return ${texelAt(name, "i", width, height)};
}
vec4 ${name}Texel(int row, int column) {
  return ${width === wide ? `texelFetch(${name}, ivec2(column, row), 0)` : `${name}Texel(row * ${wide} + column)`};
}
vec2 ${name}PackedPair(int row, int column) {
  vec4 texel = ${name}Texel(${high}, column >> 1);
  return (${parity} & 1) == 0 ? texel.xy : texel.zw;
}
float ${name}Packed(int row, int column) {
  vec2 pair = ${name}PackedPair(row, column);
  return (column & 1) == 0 ? pair.x : pair.y;
}
float ${name}At(int i) {
  return ${name}Packed(${packedRows * count === 1 ? "0" : quotient("i", packedColumns)}, ${packedRows * count === 1 ? "i" : remainder("i", packedColumns)});
}
float ${name}In(int row, int column) {
  return ${packedColumns === columns ? `${name}Packed(row, column)` : `${name}At(row * ${columns} + column)`};
}
${
  packedColumns === columns
    ? /* glsl */ `
vec2 ${name}Pair(int row, int column) {
  return ${name}PackedPair(row, column);
}`
    : pair
}
${
  packedColumns === columns && (count === 1 || isEven(packedRows))
    ? /* glsl */ `
vec2 ${name}Below(int row, int column) {
  vec4 texel = ${name}Texel(row >> 1, column >> 1);
  return (column & 1) == 0 ? texel.xz : texel.yw;
}`
    : below
}
${
  samePacking(packed, given)
    ? /* glsl */ `
vec4 ${name}Block(ivec3 at) {
  return ${name}Texel(at.x * ${half(rows)} + (at.y >> 1), at.z >> 1);
}`
    : block
}`;
}

const FUNCTIONS = () => /* glsl */ `
float rounded(float value) { return uintBitsToFloat(floatBitsToUint(value) | uint(NO_BITS)); }
vec2 rounded(vec2 value) { return uintBitsToFloat(floatBitsToUint(value) | uint(NO_BITS)); }
vec4 rounded(vec4 value) { return uintBitsToFloat(floatBitsToUint(value) | uint(NO_BITS)); }
bool notFinite(float value) { return (floatBitsToUint(value) & 0x7f800000u) == 0x7f800000u; }
bvec4 notFinite(vec4 value) { return equal(floatBitsToUint(value) & 0x7f800000u, uvec4(0x7f800000u)); }
float atLeast(float value, float low) { return value < low ? low : value; }
vec2 atLeast(vec2 value, float low) { return vec2(atLeast(value.x, low), atLeast(value.y, low)); }
vec4 atLeast(vec4 value, float low) { return vec4(atLeast(value.xy, low), atLeast(value.zw, low)); }
float stored(float value) { return ${hasHalfFloats() ? "unpackHalf2x16(packHalf2x16(vec2(value, 0.0))).x" : "rounded(value)"}; }
`;

export interface Drawing {
  /** Tensors, by the names by which the program reads them. Those that are undefined are left out. */
  inputs: Record<string, TensorInfo | undefined>;
  /** Of the output's texture. */
  shape: number[];
  /** Whether the program makes a texel, of 2 × 2 numbers, and not a number. */
  isPacked: boolean;
  /** Values of its uniforms, of type float. */
  uniforms?: Record<string, number>;
  /**
   * The program: functions, and main, which calls setOutput for getOutputCoords(), in GLSL. Its shapes are in its text, as in those of
   * TensorFlow.js. `NAN` is one. Compilers of shaders take float numbers for real ones, and (a - b) + b for a: `rounded(a)` is a
   * float32 that they know nothing about, and `stored(a)` what a texture keeps of a.
   */
  code: string;
}

/** Runs a program: one draw. Inputs that are not on the GPU are uploaded before. No input is empty, nor is the output. */
export function draw(backend: WebGLBackend, { inputs, shape, isPacked, uniforms = {}, code }: Drawing): TensorInfo {
  const names = Object.keys(inputs).filter((name) => inputs[name]);
  const tensors = names.map((name) => inputs[name] as TensorInfo);
  const textures = tensors.map((tensor) => {
    const data = backend.texData.get(tensor.dataId);
    if (data.texture == null) {
      data.isPacked = true;
      data.shape = tensor.shape;
      backend.uploadToGPU(tensor.dataId);
    }
    return backend.texData.get(tensor.dataId);
  });
  const program: BackendProgram = {
    variableNames: names,
    outputShape: shape,
    packedInputs: false,
    packedOutput: isPacked,
    customUniforms: [
      ...Object.keys(uniforms).map((name) => ({ name, type: "float" as const })),
      { name: "NO_BITS", type: "int" },
    ],
    userCode:
      FUNCTIONS() + names.map((name, i) => reader(name, tensors[i] as TensorInfo, textures[i] as TextureData)).join("") + code,
  };
  // A tensor may be more than one input.
  const packed = new Set(textures.filter((data) => data.isPacked));
  for (const data of packed) data.isPacked = false;
  try {
    return backend.compileAndRun(
      program,
      // The shapes are for functions of the backend's that the program does not call.
      tensors.map(({ dataId, dtype }) => ({ dataId, dtype, shape: [] })),
      "float32",
      [...Object.values(uniforms).map((value) => [value]), [0]],
      true,
    );
  } finally {
    for (const data of packed) data.isPacked = true;
  }
}
