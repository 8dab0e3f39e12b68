import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";

// What is relied upon of TensorFlow.js's 'webgpu' backend, none of which is documented.

/** What runWebGPUProgram takes. */
export interface BackendProgram {
  outputShape: number[];
  dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  variableNames: string[];
  uniforms: string;
  workgroupSize: [number, number, number];
  shaderKey: string;
  getUserCode(): string;
}

export interface Uniform {
  type: "float32" | "uint32";
  data: number[];
}

/** What a shader is given of a buffer. */
export interface Binding {
  buffer: { size: number };
  /** Default: 0. */
  offset?: number;
  /** Default: to the end. */
  size?: number;
}

export interface Device {
  limits: { maxStorageBufferBindingSize: number; minStorageBufferOffsetAlignment: number; maxBufferSize: number };
  createShaderModule(descriptor: { code: string; label?: string }): unknown;
  createBindGroup(descriptor: { entries: { resource: Partial<Binding> }[] }): unknown;
}

export interface WebGPUBackend extends KernelBackend {
  device: Device;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  tensorToBinding(tensor: TensorInfo): Partial<Binding>;
  runWebGPUProgram(
    program: BackendProgram,
    inputs: TensorInfo[],
    dtype: DataType,
    uniforms: Uniform[],
    output: TensorInfo,
  ): TensorInfo;
}

/** Whether a kernel can run programs on a backend: on one that TensorFlow.js calls 'webgpu'. */
export function runsPrograms(backend: unknown): backend is WebGPUBackend {
  const { device, runWebGPUProgram } = backend as Partial<WebGPUBackend>;
  return typeof runWebGPUProgram === "function" && typeof device?.createShaderModule === "function";
}

/** Runs f while an object has another method in the place of its own. */
export function withMethod<O extends object, N extends keyof O, T>(object: O, name: N, method: O[N], f: () => T): T {
  const own = Object.getOwnPropertyDescriptor(object, name);
  object[name] = method;
  try {
    return f();
  } finally {
    if (own) Object.defineProperty(object, name, own);
    else Reflect.deleteProperty(object, name);
  }
}
