import { type Device, runsPrograms, type WebGPUBackend, withMethod } from "./webgpuBackend.js";

// How large a tensor may be. A shader that is given more than the device allows does nothing, and TensorFlow.js says nothing: the output
// is what was in memory. Here that is an error.

/** Bytes of a number. */
export const BYTES = Float32Array.BYTES_PER_ELEMENT;

type Limit = "maxStorageBufferBindingSize" | "maxBufferSize";

function checkBytes({ limits }: Device, who: string, bytes: number, limit: Limit): void {
  if (bytes <= limits[limit]) return;
  throw new Error(`${who} must have at most ${limits[limit]} bytes, the ${limit} of this GPU's device, got ${bytes}`);
}

/**
 * Checks a tensor of a program.
 *
 * @param size how many numbers it has
 * @param isWhole whether a shader is given all of them at once
 */
export function checkSize({ device }: WebGPUBackend, who: string, size: number, isWhole: boolean): void {
  checkBytes(device, who, BYTES * size, "maxBufferSize");
  if (isWhole) checkBytes(device, who, BYTES * size, "maxStorageBufferBindingSize");
}

/**
 * At how many positions of tensors a shader can be given their numbers, in windows that begin where a device allows it.
 *
 * @param width how many numbers the widest tensor has at a position
 */
export function maxWindow({ device }: WebGPUBackend, width = 1): number {
  const { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = device.limits;
  const aligned = Math.ceil(minStorageBufferOffsetAlignment / BYTES);
  return Math.max(Math.floor(maxStorageBufferBindingSize / (BYTES * width) / aligned), 1) * aligned;
}

/** Runs f, and in it TensorFlow.js's own programs, for an operation. */
export function withinLimits<T>(op: string, backend: unknown, f: () => T): T {
  if (!runsPrograms(backend)) return f();
  const { device } = backend;
  const { createBindGroup } = device;
  const checked: Device["createBindGroup"] = (descriptor) => {
    for (const { resource } of descriptor.entries) {
      const { buffer, offset = 0, size = (buffer?.size ?? 0) - offset } = resource;
      checkBytes(device, `${op}: a tensor of TensorFlow.js's operations`, size, "maxStorageBufferBindingSize");
    }
    return createBindGroup.call(device, descriptor);
  };
  return withMethod(device, "createBindGroup", checked, f);
}
