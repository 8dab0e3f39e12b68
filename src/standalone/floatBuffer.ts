import type { Pointer } from "../binary/interface.js";
import type { EngineMemory } from "./engineMemory.js";
import type { EngineBuffer } from "./types.js";

export class FloatBuffer implements EngineBuffer {
  private array: Float32Array | undefined;
  isFree = false;

  constructor(
    readonly memory: EngineMemory,
    readonly at: Pointer,
    readonly length: number,
  ) {}

  get values(): Float32Array {
    const { buffer } = this.memory.for("buffer");
    if (this.isFree) throw new Error(`buffer: one of ${this.length} numbers is used after it was freed`);
    if (this.array?.buffer !== buffer) this.array = this.memory.floats("buffer", this.at, this.length);
    return this.array;
  }

  free(): void {
    if (this.isFree) return;
    this.isFree = true;
    this.array = undefined;
    this.memory.give(this.at);
  }
}
