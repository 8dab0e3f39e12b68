import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryExports, Pointer } from "../binary/interface.js";
import { bindBinary } from "../binary/module.js";
import { allocate, free, isReplaceable, makeOutput, overwritten, type WasmBackend } from "../tensorflow/wasmHeap.js";
import { launch } from "./launch.js";
import type { Addresses, KernelPlan, MakePlan } from "./plan.js";
import { SerialRunner } from "./runner.js";
import { workerPoolOver } from "./workerPools.js";

/** Runs a plan over the WASM backend's own memory: nothing is copied. */
export function runInPlace(backend: WasmBackend, memory: WebAssembly.Memory, makePlan: MakePlan<BinaryExports>): TensorInfo[] {
  const binary = bindBinary(memory);
  const runner = workerPoolOver(memory, binary, (bytes) => backend.wasm._malloc(bytes)) ?? new SerialRunner(binary, memory);
  return launch(makePlan(binary), { runner, place: (plan, bytes) => placeInHeap(backend, memory, plan, bytes) });
}

/** Which outputs take the place of which inputs here: all that may, or none. */
function replaceableBy(backend: WasmBackend, { replacing, streamedInputs }: KernelPlan): KernelPlan["replacing"] {
  for (const output in replacing) {
    if (!isReplaceable(backend, streamedInputs[replacing[output] as string] as TensorInfo)) return undefined;
  }
  return replacing;
}

function placeInHeap(backend: WasmBackend, memory: WebAssembly.Memory, plan: KernelPlan, tableBytes: number) {
  const outputs: TensorInfo[] = [];
  const table = (tableBytes > 0 ? allocate(backend, tableBytes) : 0) as Pointer;
  const release = (failed: boolean) => {
    if (table !== 0) free(backend, table);
    if (failed) for (const output of outputs) backend.disposeData(output.dataId, true);
  };
  const at: Addresses = { table };
  try {
    for (const tensors of [plan.inputs, plan.streamedInputs]) {
      for (const name in tensors) {
        const tensor = tensors[name];
        at[name] = (tensor ? backend.getMemoryOffset(tensor.dataId) : 0) as Pointer;
      }
    }
    const replacing = replaceableBy(backend, plan);
    for (const shapes of [plan.streamedOutputs, plan.outputs]) {
      for (const name in shapes) {
        const replaced = replacing?.[name];
        if (replaced !== undefined) {
          at[name] = at[replaced] as Pointer;
          overwritten(backend, plan.streamedInputs[replaced] as TensorInfo);
          continue;
        }
        const output = makeOutput(backend, shapes[name] as number[], plan.dtype);
        outputs.push(output);
        at[name] = backend.getMemoryOffset(output.dataId) as Pointer;
      }
    }
  } catch (error) {
    release(true);
    throw error;
  }
  return { memory, at, window: plan.count, outputs: () => outputs, release };
}
