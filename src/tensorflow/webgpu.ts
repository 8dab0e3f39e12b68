import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";

// Programs of one's own on TensorFlow.js's 'webgpu' backend. They run through its runWebGPUProgram, which is not documented. A program
// there has one output. Of the further ones of a program here it is told that they are inputs, and while it makes the shader, they
// become writable in the shader's text.

/** What runWebGPUProgram takes. */
interface BackendProgram {
  outputShape: number[];
  dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  variableNames: string[];
  uniforms: string;
  workgroupSize: [number, number, number];
  shaderKey: string;
  getUserCode(): string;
}

interface Uniform {
  type: "float32" | "uint32";
  data: number[];
}

interface Device {
  limits: { maxStorageBufferBindingSize: number };
  createShaderModule(descriptor: { code: string; label?: string }): unknown;
}

export interface WebGPUBackend extends KernelBackend {
  device: Device;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  runWebGPUProgram(
    program: BackendProgram,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms: Uniform[],
    output: TensorInfo,
  ): TensorInfo;
}

/** Invocations in a work group: what every device has. */
export const LANES = 256;

/**
 * A shader, for one of the LANES invocations of a work group: `localIndex`, of group `group`. Inputs and outputs are arrays of f32 by
 * their names. `uniforms` has NAN and INFINITY beside the program's own. Compilers of shaders take float numbers for real ones, and
 * (a - b) + b for a: `rounded(a)` is a float32 that they know nothing about.
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

/** Whether a kernel can run programs on a backend: on one that TensorFlow.js calls 'webgpu'. */
export function runsPrograms(backend: unknown): backend is WebGPUBackend {
  const { device, runWebGPUProgram } = backend as Partial<WebGPUBackend>;
  return typeof runWebGPUProgram === "function" && typeof device?.createShaderModule === "function";
}

/** Whether a shader can be given a float32 tensor of so many numbers. */
export const canBind = ({ device }: WebGPUBackend, size: number): boolean =>
  4 * size <= device.limits.maxStorageBufferBindingSize;

/** As scalars, tensors of all shapes have the same shader. */
const asScalar = ({ dataId, dtype }: TensorInfo): TensorInfo => ({ dataId, dtype, shape: [] });

/** In `device`, makes inputs of the shaders that f makes writable. */
function withOutputs<T>(device: Device, names: readonly string[], f: () => T): T {
  if (names.length === 0) return f();
  const { createShaderModule } = device;
  device.createShaderModule = (descriptor) => {
    const code = names.reduce((text, name) => {
      const declared = `var<storage, read> ${name}:`;
      if (!text.includes(declared)) throw new Error(`TensorFlow.js's 'webgpu' backend declares no input '${name}' in its shader`);
      return text.replace(declared, `var<storage, read_write> ${name}:`);
    }, descriptor.code);
    return createShaderModule.call(device, { ...descriptor, code });
  };
  try {
    return f();
  } finally {
    Reflect.deleteProperty(device, "createShaderModule");
  }
}

/**
 * Runs a program: one dispatch.
 *
 * @param groups the number of work groups, or more are run: beyond 65,535 they are a square or a cube
 * @param shapes of the outputs, none of them empty
 * @returns the outputs, in the program's order
 */
export function runProgram<I extends string, O extends string, U extends string>(
  backend: WebGPUBackend,
  { key, inputs: inputNames, outputs: outputNames, uniforms, declarations, body }: Program<I, O, U>,
  groups: number,
  inputs: Record<I, TensorInfo>,
  values: Record<U, number>,
  shapes: Record<O, number[]>,
): Record<O, TensorInfo> {
  const names = Object.keys(uniforms) as U[];
  const outputs = outputNames.map((name) => backend.makeTensorInfo(shapes[name], "float32"));
  const [first, ...others] = outputs as [TensorInfo, ...TensorInfo[]];
  const [resultName, ...otherNames] = outputNames;
  const program: BackendProgram = {
    outputShape: [],
    dispatchLayout: { x: [0] },
    dispatch: [groups, 1, 1],
    variableNames: [...inputNames, ...otherNames],
    uniforms: `${names.map((name) => `${name} : ${uniforms[name]},`).join(" ")} NO_BITS : u32,`,
    workgroupSize: [LANES, 1, 1],
    shaderKey: `tfjs-uan ${key}`,
    getUserCode: () => /* wgsl */ `
fn rounded(value : f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(value) | uniforms.NO_BITS);
}
${declarations()}
fn main(index : i32) {
  // A pipeline has no bindings for what its shader does not name.
  ${[...inputNames, ...otherNames].map((name) => `_ = &${name};`).join(" ")}
  let group = (workgroupId.z * numWorkgroups.y + workgroupId.y) * numWorkgroups.x + workgroupId.x;
${body().replaceAll(new RegExp(`\\b${resultName}\\[`, "g"), "result[")}
}`,
  };
  withOutputs(backend.device, otherNames, () =>
    backend.runWebGPUProgram(
      program,
      [...inputNames.map((name) => inputs[name]), ...others].map(asScalar),
      "float32",
      [
        ...names.map((name): Uniform => ({ type: uniforms[name] === "f32" ? "float32" : "uint32", data: [values[name]] })),
        { type: "uint32", data: [0] },
      ],
      asScalar(first),
    ),
  );
  return Object.fromEntries(outputNames.map((name, i) => [name, outputs[i]])) as Record<O, TensorInfo>;
}
