import type { Pointer } from "../binary/interface.js";
import { launch } from "../launch/launch.js";
import { type Addresses, type KernelPlan, sizeOf } from "../launch/plan.js";
import type { Runner } from "../launch/runner.js";
import { aligned } from "./blocks.js";
import type { EngineMemory } from "./engineMemory.js";
import { checkApart, checkLength, type Operand, valuesOf } from "./operands.js";
import type { Floats } from "./types.js";

/**
 * Runs a plan over an engine's memory. Operands in that memory are worked on in place. Others are copied, into memory that is taken
 * for as long as the call lasts, as is the plan's table.
 *
 * @param plan its tensors have their operands for `dataId`
 * @param given where the outputs go, in the plan's order; undefined for a new array
 * @param runner over the memory
 * @returns the outputs
 * @throws before anything is written
 */
export function runInEngine(
  op: string,
  memory: EngineMemory,
  plan: KernelPlan,
  given: Array<Operand | undefined>,
  runner: Runner,
): Floats[] {
  return launch(plan, { runner, place: (plan, bytes) => placeOperands(op, memory, plan, given, bytes) });
}

function placeOperands(
  op: string,
  memory: EngineMemory,
  plan: KernelPlan,
  given: Array<Operand | undefined>,
  tableBytes: number,
) {
  const tensors = [...Object.entries(plan.inputs), ...Object.entries(plan.streamedInputs)];
  const inputs = tensors.flatMap(([name, tensor]) => {
    const operand = tensor?.dataId as Operand | undefined;
    return operand ? [{ name, operand, length: operand.length }] : [];
  });
  const shapes = [...Object.entries(plan.streamedOutputs), ...Object.entries(plan.outputs)];
  const outputs = shapes.map(([name, shape], i) => ({ name, operand: given[i], length: sizeOf(shape as number[]) }));
  const others = inputs.map(({ operand }) => operand);
  for (const { operand, length } of outputs) {
    if (!operand) continue;
    checkLength(op, operand, length);
    checkApart(op, operand, others);
    others.push(operand);
  }

  const offsets = new Map<string, number>();
  let bytes = aligned(tableBytes);
  for (const { name, operand, length } of [...inputs, ...outputs]) {
    if (operand?.isInside) continue;
    offsets.set(name, bytes);
    bytes += aligned(4 * length);
  }
  const block = memory.take(op, bytes);
  const at: Addresses = { table: block };
  for (const [name] of tensors) at[name] = 0 as Pointer;
  for (const { name, operand } of [...inputs, ...outputs]) {
    at[name] = operand?.isInside ? operand.at : ((block + (offsets.get(name) as number)) as Pointer);
  }
  const floats = (name: string, length: number) => memory.floats(op, at[name] as Pointer, length);
  for (const { name, operand, length } of inputs) {
    if (!operand.isInside) floats(name, length).set(valuesOf(op, operand, memory));
  }
  return {
    memory: memory.for(op),
    at,
    window: plan.count,
    outputs: () =>
      outputs.map(({ name, operand, length }) => {
        if (!operand) return floats(name, length).slice();
        if (!operand.isInside) valuesOf(op, operand, memory).set(floats(name, length));
        // An array over the memory was detached if the memory grew.
        return operand.given.length === length ? operand.given : floats(name, length);
      }),
    release: () => memory.give(block),
  };
}
