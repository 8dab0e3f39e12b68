import type { Pointer } from "../binary/module.js";
import { runJob, type Sharing, tableBytesOf } from "../launch/launch.js";
import { given, type Job, made, sizeOf } from "../launch/plan.js";
import { aligned } from "./blocks.js";
import type { EngineMemory } from "./engineMemory.js";
import { checkApart, checkLength, type Place, valuesOf } from "./places.js";
import type { Floats } from "./types.js";

/**
 * Runs a job over an engine's memory. What is there is worked on in place; what is not is copied, into memory that is taken for as
 * long as the call lasts, as is the job's table.
 *
 * @param job its tensors have their places for `dataId`
 * @param sharing threads over the memory; undefined where it is not shared
 * @param outputs where its outputs shall be, in its order; new arrays where there is undefined
 * @returns the outputs
 * @throws before anything is written
 */
export function runInMemory(
  op: string,
  memory: EngineMemory,
  job: Job,
  outputs: Array<Place | undefined>,
  sharing: Sharing | undefined,
): Floats[] {
  const inputs = [...given(job.parameters), ...given(job.activations)].map(([name, { dataId }]) => {
    const place = dataId as Place;
    return { name, place, length: place.length };
  });
  const wanted = [...made(job.along), ...made(job.results)].map(([name, shape], i) => {
    return { name, place: outputs[i], length: sizeOf(shape) };
  });
  const others = inputs.map(({ place }) => place);
  for (const { place, length } of wanted) {
    if (!place) continue;
    checkLength(op, place, length);
    checkApart(op, place, others);
    others.push(place);
  }

  const at: Record<string, Pointer> = {};
  let bytes = aligned(tableBytesOf(job, sharing));
  for (const { name, place, length } of [...inputs, ...wanted]) {
    if (place?.isInside) continue;
    at[name] = bytes;
    bytes += aligned(4 * length);
  }
  const scratch = memory.take(op, bytes);
  try {
    at.table = scratch;
    for (const { name, place } of [...inputs, ...wanted]) at[name] = place?.isInside ? place.at : scratch + (at[name] as number);
    const floats = (name: string, length: number) => memory.floats(op, at[name] as Pointer, length);

    for (const { name, place, length } of inputs) {
      if (!place.isInside) floats(name, length).set(valuesOf(op, place, memory));
    }
    runJob(job, at, sharing);
    return wanted.map(({ name, place, length }) => {
      if (!place) return floats(name, length).slice();
      if (!place.isInside) valuesOf(op, place, memory).set(floats(name, length));
      // An array over the memory was detached if the memory grew.
      return place.given.length === length ? place.given : floats(name, length);
    });
  } finally {
    memory.give(scratch);
  }
}
