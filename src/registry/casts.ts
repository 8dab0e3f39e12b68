import { cast, type NamedTensorInfoMap, type NamedTensorMap, type Tensor } from "@tensorflow/tfjs-core";

/**
 * Inputs that are int32 or bool, cast to float32, and the others as they are.
 *
 * @param indices names of inputs that are not cast
 * @returns undefined where there is nothing to cast
 */
export function castToFloat32(inputs: NamedTensorInfoMap, indices: readonly string[] = []): NamedTensorMap | undefined {
  const casts: NamedTensorMap = {};
  let isCast = false;
  for (const name in inputs) {
    // The engine hands a kernel the tensors themselves.
    const tensor = inputs[name] as Tensor | undefined;
    if (!tensor) continue;
    const wanted = (tensor.dtype === "int32" || tensor.dtype === "bool") && !indices.includes(name);
    casts[name] = wanted ? cast(tensor, "float32") : tensor;
    isCast ||= wanted;
  }
  return isCast ? casts : undefined;
}

/** Whether all inputs are float32, but for the indices. */
export function areFloat32(inputs: NamedTensorInfoMap, indices: readonly string[] = []): boolean {
  for (const name in inputs) {
    const tensor = inputs[name];
    if (tensor && tensor.dtype !== "float32" && !indices.includes(name)) return false;
  }
  return true;
}
