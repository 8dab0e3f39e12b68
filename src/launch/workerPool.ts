import type { Pointer } from "../binary/module.js";

// One function of the binary, called for several pieces of a tensor at once by threads that share its memory. In that memory
// there is a block of words: the calls to be made, and how many of them nobody has taken yet. Whoever is awake takes the next;
// so a thread that sleeps, or has not started, holds nobody up.

/** Words of the block. */
const LAYOUT = {
  /** In its low bits, how many calls nobody has taken; in the others, what tells one run from the next. */
  left: 0,
  leftMask: 0xff,
  finished: 1,
  failed: 2,
  /** Threads that have started. */
  started: 3,
  /** Which function is called, and with how many arguments. */
  function: 4,
  arity: 5,
  /** The arguments of each call. */
  calls: 6,
  mostArguments: 8,
};

/** Calls in a run, at most. */
export const MOST_CALLS = 8;
/** Bytes of the block. */
export const BLOCK_BYTES = 4 * (LAYOUT.calls + MOST_CALLS * LAYOUT.mostArguments);

/** Threads that may be asked for, and what a message says of it. */
const MOST_THREADS = 64;
export const isThreadCount = (count: number) => Number.isInteger(count) && count >= 1 && count <= MOST_THREADS;
export const THREAD_COUNT = `be an integer from 1 to ${MOST_THREADS}`;

type Functions = Array<(...args: number[]) => unknown>;

/**
 * Takes calls and makes them while there are any left. Workers run it, too, from its text: so it refers to nothing outside.
 *
 * @returns the first word, as it was when none was left
 */
function takeCalls(functions: Functions, block: Int32Array, layout: typeof LAYOUT): number {
  for (;;) {
    const seen = Atomics.load(block, layout.left);
    const left = seen & layout.leftMask;
    if (left === 0) return seen;
    if (Atomics.compareExchange(block, layout.left, seen, seen - 1) !== seen) continue;
    const first = layout.calls + (left - 1) * layout.mostArguments;
    const call = functions[block[layout.function] as number] as Functions[number];
    try {
      call(...block.subarray(first, first + (block[layout.arity] as number)));
    } catch {
      Atomics.store(block, layout.failed, 1);
    }
    Atomics.add(block, layout.finished, 1);
  }
}

/** What a worker is told to begin with. */
interface Start {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  block: Pointer;
  bytes: number;
  names: string[];
  layout: typeof LAYOUT;
}

/** A worker's program, as takeCalls. It never returns: its worker does nothing else, and ends by being terminated. */
function work({ module, memory, block, bytes, names, layout }: Start, take: typeof takeCalls): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const functions = names.map((name) => exports[name]) as Functions;
  const words = new Int32Array(memory.buffer, block, bytes / 4);
  Atomics.add(words, layout.started, 1);
  for (;;) Atomics.wait(words, layout.left, take(functions, words, layout));
}

const PROGRAM = `(start) => (${work})(start, ${takeCalls})`;

/** A thread: a worker of Node.js, or of the web. */
interface Thread {
  terminate(): unknown;
}

function startThread(start: Start): Thread {
  const node = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process?.getBuiltinModule?.(
    "node:worker_threads",
  ) as { Worker: new (source: string, options: object) => Thread & { unref(): void } } | undefined;
  if (node) {
    const source = `(${PROGRAM})(require("node:worker_threads").workerData)`;
    const worker = new node.Worker(source, { eval: true, workerData: start });
    worker.unref();
    return worker;
  }
  const source = `onmessage = ({ data }) => (${PROGRAM})(data)`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.postMessage(start);
  return worker;
}

/** Threads over a memory. */
export class Threads {
  private readonly threads: Thread[] = [];
  private readonly block: Int32Array;
  private readonly names: string[];
  private readonly functions: Functions;
  private readonly start: Start;
  /** Threads that are still to be started. */
  private wanted: number;
  private generation = 0;

  /**
   * They are started by the first run.
   *
   * @param functions of the binary over this memory, that runs will name
   * @param module the binary, for threads to bind to the memory themselves
   * @param memory shared
   * @param block of BLOCK_BYTES in it, which nobody else uses as long as threads live
   * @param count how many threads beside the caller's
   */
  constructor(functions: object, module: WebAssembly.Module, memory: WebAssembly.Memory, block: Pointer, count: number) {
    this.block = new Int32Array(memory.buffer, block, BLOCK_BYTES / 4).fill(0);
    this.names = Object.keys(functions);
    this.functions = Object.values(functions) as Functions;
    this.start = { module, memory, block, bytes: BLOCK_BYTES, names: this.names, layout: LAYOUT };
    this.wanted = count;
  }

  /** How many threads have started, beside the caller's. */
  get started(): number {
    return Atomics.load(this.block, LAYOUT.started);
  }

  /**
   * Calls a function once for each set of arguments, in no certain order, and returns when all have returned.
   *
   * @param calls 1 to MOST_CALLS sets of as many arguments
   * @throws Error where a call does
   */
  run(name: string, calls: Pointer[][]): void {
    this.startAll();
    const { block } = this;
    block[LAYOUT.function] = this.names.indexOf(name);
    block[LAYOUT.arity] = calls[0]?.length ?? 0;
    calls.forEach((args, i) => {
      block.set(args, LAYOUT.calls + i * LAYOUT.mostArguments);
    });
    block[LAYOUT.failed] = 0;
    Atomics.store(block, LAYOUT.finished, 0);
    this.generation = (this.generation + 1) & 0x7fffff;
    // Last: from here on calls may be taken.
    Atomics.store(block, LAYOUT.left, this.generation * (LAYOUT.leftMask + 1) + calls.length);
    Atomics.notify(block, LAYOUT.left);
    takeCalls(this.functions, block, LAYOUT);
    while (Atomics.load(block, LAYOUT.finished) < calls.length);
    if (Atomics.load(block, LAYOUT.failed)) throw new Error(`tfjs-uan: ${name} failed`);
  }

  private startAll(): void {
    try {
      for (; this.wanted > 0; this.wanted--) this.threads.push(startThread(this.start));
    } catch {
      // A page's policy may forbid it: the caller's thread does all the work.
      this.wanted = 0;
    }
  }

  /** Ends the threads. */
  terminate(): void {
    for (const thread of this.threads.splice(0)) thread.terminate();
  }
}
