import type { Pointer } from "../binary/interface.js";

/** A cache line: blocks begin at its multiples. */
const ALIGNMENT = 64;

export const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** The bytes of a memory that are taken. A block goes into the first gap that it fits in; a block that is given back joins the gaps beside it. */
export class Blocks {
  /** In order, none empty, no two touching. */
  private readonly gaps: Array<{ from: number; to: number }> = [];
  private readonly sizes = new Map<number, number>();
  /** No block begins at address 0, which stands for an input that was not given. */
  private end = ALIGNMENT;

  get used(): number {
    let sum = 0;
    for (const size of this.sizes.values()) sum += size;
    return sum;
  }

  /** The address of a new block, or undefined where no gap is large enough. */
  take(bytes: number): Pointer | undefined {
    const size = sizeOf(bytes);
    const i = this.gaps.findIndex(({ from, to }) => to - from >= size);
    const gap = this.gaps[i];
    if (!gap) return undefined;
    const at = gap.from as Pointer;
    gap.from += size;
    if (gap.from === gap.to) this.gaps.splice(i, 1);
    this.sizes.set(at, size);
    return at;
  }

  /** Gives back a block that was taken. */
  give(at: number): void {
    const size = this.sizes.get(at);
    if (size === undefined) return;
    this.sizes.delete(at);
    this.open(at, at + size);
  }

  /** How far the memory must reach for a block to be taken. */
  endFor(bytes: number): number {
    const last = this.gaps.at(-1);
    return (last?.to === this.end ? last.from : this.end) + sizeOf(bytes);
  }

  /** Adds the bytes up to `end`, a multiple of the alignment. */
  extend(end: number): void {
    if (end <= this.end) return;
    this.open(this.end, end);
    this.end = end;
  }

  /** Whether bytes lie in one block. */
  holds(at: number, bytes: number): boolean {
    for (const [from, size] of this.sizes) if (from <= at && at + bytes <= from + size) return true;
    return false;
  }

  private open(from: number, to: number): void {
    let i = this.gaps.findIndex((gap) => gap.from >= to);
    if (i < 0) i = this.gaps.length;
    const [before, after] = [this.gaps[i - 1], this.gaps[i]];
    const gap = { from: before?.to === from ? before.from : from, to: after?.from === to ? after.to : to };
    const first = before?.to === from ? i - 1 : i;
    const last = after?.from === to ? i + 1 : i;
    this.gaps.splice(first, last - first, gap);
  }
}

/** An empty block has an address, too. */
const sizeOf = (bytes: number) => aligned(Math.max(bytes, 1));
