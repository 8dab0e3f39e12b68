import type { TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../launch/plan.js";
import { type BackendProgram, type Device, type Uniform, type WebGPUBackend, withMethod } from "./webgpuBackend.js";
import { BYTES, checkSize } from "./webgpuLimits.js";

export { runsPrograms, type WebGPUBackend } from "./webgpuBackend.js";

// Programs of one's own on TensorFlow.js's 'webgpu' backend. They run through its runWebGPUProgram, which is not documented. A program
// there has one output. Of the further ones of a program here it is told that they are inputs, and while it makes the shader, they
// become writable in the shader's text.

/** Invocations in a work group: what every device has. */
export const LANES = 256;

/**
 * A shader, for one of the LANES invocations of a work group: `localIndex`, of group `group`. Inputs and outputs are arrays of f32 by
 * their names. `uniforms` has NAN and INFINITY beside the program's own. Compilers of shaders take float numbers for real ones, and
 * (a - b) + b for a: `rounded(a)` is a float32 that they know nothing about. They may also take it that no number is NaN or infinite:
 * `isNotFinite(a)` and `isNaN(a)` look at its bits, and `atLeast(a, b)` is the larger one, or NaN.
 */
export interface Program<Input extends string, Output extends string, Uniform extends string> {
  /** What is different in the text of programs that are made by one function. */
  key: string;
  inputs: readonly Input[];
  outputs: readonly Output[];
  /** Their types. */
  uniforms: Readonly<Record<Uniform, "f32" | "u32">>;
  /** Declarations before the function. */
  declarations(): string;
  /** Its statements. */
  body(): string;
}

/** The numbers of a tensor that a shader is given, where it is not given all of them. */
export interface Window {
  first: number;
  count: number;
}

/** What is different in one of several dispatches of a program. */
export interface Dispatch<Name extends string, Uniform extends string> {
  values: Record<Uniform, number>;
  /** Of tensors, by their names. */
  windows: Partial<Record<Name, Window>>;
}

/** Inputs of a program that takes some of them alone. */
export const named = (inputs: object) => inputs as Record<string, TensorInfo>;

/** A kernel's output that is a tensor it has already: one more reference to the data, and no copy. */
export function again(backend: WebGPUBackend, { dataId, dtype, shape }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, dtype, shape };
}

/** As scalars, tensors of all shapes have the same shader. */
const asScalar = ({ dataId, dtype }: TensorInfo): TensorInfo => ({ dataId, dtype, shape: [] });

/** In `device`, makes inputs of the shaders that f makes writable. */
function withOutputs<T>(device: Device, names: readonly string[], f: () => T): T {
  if (names.length === 0) return f();
  const { createShaderModule } = device;
  const made: Device["createShaderModule"] = (descriptor) => {
    const code = names.reduce((text, name) => {
      const declared = `var<storage, read> ${name}:`;
      if (!text.includes(declared)) throw new Error(`TensorFlow.js's 'webgpu' backend declares no input '${name}' in its shader`);
      return text.replace(declared, `var<storage, read_write> ${name}:`);
    }, descriptor.code);
    return createShaderModule.call(device, { ...descriptor, code });
  };
  return withMethod(device, "createShaderModule", made, f);
}

/** In `backend`, gives the shaders that f runs windows of tensors. */
function withWindows<T>(backend: WebGPUBackend, windows: ReadonlyMap<TensorInfo, Window>, f: () => T): T {
  if (windows.size === 0) return f();
  const { tensorToBinding } = backend;
  const bound: WebGPUBackend["tensorToBinding"] = (tensor) => {
    const binding = tensorToBinding.call(backend, tensor);
    const window = windows.get(tensor);
    return window ? { ...binding, offset: BYTES * window.first, size: BYTES * window.count } : binding;
  };
  return withMethod(backend, "tensorToBinding", bound, f);
}

/**
 * Runs a program: one dispatch.
 *
 * @param groups the number of work groups, or more are run: beyond 65,535 they are a square or a cube
 * @param shapes of the outputs, none of them empty
 * @returns the outputs, in the program's order
 * @throws where a tensor is larger than what the device can give a shader
 */
export const runProgram = <I extends string, O extends string, U extends string>(
  backend: WebGPUBackend,
  program: Program<I, O, U>,
  groups: number,
  inputs: Record<I, TensorInfo>,
  values: Record<U, number>,
  shapes: Record<O, number[]>,
): Record<O, TensorInfo> => runDispatches(backend, program, groups, inputs, [{ values, windows: {} }], shapes);

/** The same in several dispatches, which write into the same outputs. */
export function runDispatches<I extends string, O extends string, U extends string>(
  backend: WebGPUBackend,
  { key, inputs: inputNames, outputs: outputNames, uniforms, declarations, body }: Program<I, O, U>,
  groups: number,
  inputs: Record<I, TensorInfo>,
  dispatches: readonly Dispatch<I | O, U>[],
  shapes: Record<O, number[]>,
): Record<O, TensorInfo> {
  const check = (name: I | O, shape: number[]) => {
    const isWhole = dispatches.some(({ windows }) => !windows[name]);
    checkSize(backend, `tfjs-uan on 'webgpu': tensor '${name}' of the program '${key}'`, sizeOf(shape), isWhole);
  };
  for (const name of inputNames) check(name, inputs[name].shape);
  for (const name of outputNames) check(name, shapes[name]);
  const names = Object.keys(uniforms) as U[];
  const outputs = Object.fromEntries(outputNames.map((name) => [name, backend.makeTensorInfo(shapes[name], "float32")]));
  const tensors = { ...inputs, ...outputs } as Record<I | O, TensorInfo>;
  const [resultName, ...otherNames] = outputNames as readonly [O, ...O[]];
  const variableNames = [...inputNames, ...otherNames];
  const program = (): BackendProgram => ({
    outputShape: [],
    dispatchLayout: { x: [0] },
    dispatch: [groups, 1, 1],
    variableNames,
    uniforms: `${names.map((name) => `${name} : ${uniforms[name]},`).join(" ")} NO_BITS : u32,`,
    workgroupSize: [LANES, 1, 1],
    shaderKey: `tfjs-uan ${key}`,
    getUserCode: () => /* wgsl */ `
fn rounded(value : f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(value) | uniforms.NO_BITS);
}
fn isNotFinite(value : f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}
fn isNaN(value : f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}
fn atLeast(value : f32, least : f32) -> f32 {
  return select(select(value, least, value < least), value, isNaN(value));
}
${declarations()}
fn main(index : i32) {
  // A pipeline has no bindings for what its shader does not name.
  ${variableNames.map((name) => `_ = &${name};`).join(" ")}
  let group = (workgroupId.z * numWorkgroups.y + workgroupId.y) * numWorkgroups.x + workgroupId.x;
${body().replaceAll(new RegExp(`\\b${resultName}\\[`, "g"), "result[")}
}`,
  });
  for (const { values, windows } of dispatches) {
    const given = new Map<TensorInfo, Window>();
    const asGiven = (name: I | O) => {
      const scalar = asScalar(tensors[name]);
      const window = windows[name];
      if (window) given.set(scalar, window);
      return scalar;
    };
    const [result, ...others] = [resultName, ...variableNames].map(asGiven) as [TensorInfo, ...TensorInfo[]];
    const uniformValues = names.map(
      (name): Uniform => ({ type: uniforms[name] === "f32" ? "float32" : "uint32", data: [values[name]] }),
    );
    uniformValues.push({ type: "uint32", data: [0] });
    withWindows(backend, given, () =>
      withOutputs(backend.device, otherNames, () =>
        backend.runWebGPUProgram(program(), others, "float32", uniformValues, result),
      ),
    );
  }
  return outputs as Record<O, TensorInfo>;
}
