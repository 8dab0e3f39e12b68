import * as tf from "@tensorflow/tfjs-core";

interface Program {
  shaderKey: string;
  variableNames: string[];
  uniforms: string;
  getUserCode(): string;
}

interface Backend {
  device?: EventTarget;
  runWebGPUProgram(program: Program, ...rest: unknown[]): unknown;
}

/**
 * What goes wrong on 'webgpu' without an error, from now on: what the device refuses, such as a shader that is not WGSL, after which a
 * result is what was in memory; and programs of the library that have one key, but different texts, of which only the first is made. On
 * other backends nothing.
 */
export function webgpuFaults(): string[] {
  const backend = tf.backend() as unknown as Backend;
  const { device, runWebGPUProgram } = backend;
  const faults: string[] = [];
  if (!device || !runWebGPUProgram) return faults;
  device.addEventListener("uncapturederror", (event) => {
    faults.push((event as unknown as { error: { message: string } }).error.message);
  });
  const texts = new Map<string, string>();
  backend.runWebGPUProgram = (program, ...rest) => {
    const key = program.shaderKey;
    if (key.startsWith("tfjs-uan")) {
      const text = [program.variableNames, program.uniforms, program.getUserCode()].join("\n");
      if ((texts.get(key) ?? text) !== text) faults.push(`two programs have the key '${key}'`);
      texts.set(key, text);
    }
    return runWebGPUProgram.call(backend, program, ...rest);
  };
  return faults;
}
