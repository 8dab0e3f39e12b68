import type { WasmMemory } from "../binary/webAssembly.js";

/** A binary's functions, by name. */
export type Functions = { [name: string]: (...args: number[]) => unknown };

/** What makes several calls of one function of the binary, each for another chunk. */
export interface Runner {
  /** Whether calls are made at the same time. */
  readonly isParallel: boolean;
  /** The binary's functions over the memory. */
  readonly functions: Functions;
  readonly memory: WasmMemory;
  /**
   * Calls a function once for each list of arguments, in no certain order, and returns when all calls have returned.
   *
   * @param wakes whether threads that sleep are woken
   * @throws Error where a call does
   */
  run(name: string, calls: number[][], wakes: boolean): void;
}

/** Makes the calls one after the other: over a memory that threads cannot share. */
export class SerialRunner implements Runner {
  readonly isParallel = false;
  readonly functions: Functions;

  constructor(
    binary: object,
    readonly memory: WasmMemory,
  ) {
    this.functions = binary as Functions;
  }

  run(name: string, calls: number[][]): void {
    for (const args of calls) this.functions[name]?.(...args);
  }
}
