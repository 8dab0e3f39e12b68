import { argumentError } from "../arguments.js";
import type { Pointer } from "../binary/interface.js";
import { growTo, isMemorySize, PAGE, pagesOf } from "../binary/pages.js";
import { Blocks } from "./blocks.js";

/** The memory of an engine, and its blocks. */
export class EngineMemory {
  /** Undefined after dispose. */
  private memory: WebAssembly.Memory | undefined;
  private readonly blocks = new Blocks();
  /** Every buffer that arrays over the memory have had: a shared memory that grows gets another, and the old one stays. */
  private readonly buffers = new WeakSet<object>();
  private readonly maximum: number;

  constructor(op: string, initialBytes: number, maximumBytes: number, shared: boolean) {
    if (!isMemorySize(maximumBytes)) {
      throw argumentError(op, "maximumBytes", "be between 64 KiB and 4 GiB", String(maximumBytes));
    }
    this.maximum = pagesOf(maximumBytes) * PAGE;
    if (!(initialBytes >= 0 && initialBytes <= this.maximum)) {
      throw argumentError(op, "initialBytes", `be between 0 and maximumBytes, ${maximumBytes}`, String(initialBytes));
    }
    this.memory = new WebAssembly.Memory({ initial: pagesOf(initialBytes), maximum: pagesOf(maximumBytes), shared });
    this.blocks.extend(this.memory.buffer.byteLength);
  }

  /** @throws Error after dispose */
  for(op: string): WebAssembly.Memory {
    if (!this.memory) throw new Error(`${op}: the engine is disposed`);
    return this.memory;
  }

  /**
   * Takes a block, whose bytes are undefined. The memory grows if it must, which detaches arrays over it.
   *
   * @throws RangeError where there are not as many bytes left
   */
  take(op: string, bytes: number): Pointer {
    const at = this.blocks.take(bytes);
    if (at !== undefined) return at;
    const memory = this.for(op);
    const end = this.blocks.endFor(bytes);
    const wanted = `${op}: wants ${bytes} bytes of memory, beside ${this.blocks.used} that are in use`;
    if (end > this.maximum) throw new RangeError(`${wanted}; maximumBytes is ${this.maximum}`);
    try {
      growTo(memory, end);
    } catch (cause) {
      throw new RangeError(`${wanted}; the runtime has no more, below maximumBytes, ${this.maximum}`, { cause });
    }
    this.blocks.extend(memory.buffer.byteLength);
    return this.blocks.take(bytes) as Pointer;
  }

  give(at: Pointer): void {
    this.blocks.give(at);
  }

  /** Whether bytes lie in one taken block. */
  holds(at: Pointer, bytes: number): boolean {
    return this.blocks.holds(at, bytes);
  }

  floats(op: string, at: Pointer, length: number): Float32Array {
    const { buffer } = this.for(op);
    this.buffers.add(buffer);
    return new Float32Array(buffer, at, length);
  }

  /** Whether a buffer is of this memory. */
  owns(buffer: object): boolean {
    return this.buffers.has(buffer);
  }

  report(op: string): { used: number; size: number; maximum: number } {
    return { used: this.blocks.used, size: this.for(op).buffer.byteLength, maximum: this.maximum };
  }

  dispose(): void {
    this.memory = undefined;
  }
}
