import type { Pointer } from "../binary/interface.js";
import type { WasmMemory, WasmModule } from "../binary/webAssembly.js";
import { builtinModule, nodeProcess } from "../runtime/builtin.js";
import { warnOnce } from "../shared.js";
import type { Functions, Runner } from "./runner.js";

// Worker threads that share a memory call one function of the binary, each for another chunk. In that memory there is a mailbox of
// words: the calls to make, and how many of them no thread has taken yet. Every thread takes calls while there are any; so a
// thread that sleeps, or has not started, delays nobody.

/** Calls in a run, at most. */
export const MAX_CALLS = 16;

/** Words of the mailbox. */
const LAYOUT = {
  /** In its low bits, how many calls are left to take; in the others, a number that tells one run from the next. */
  left: 0,
  leftMask: 0xff,
  finished: 1,
  /** 0, or 1 and the length of what the first error says. */
  failed: 2,
  /** Threads that have started, and those of them that sleep. */
  started: 3,
  asleep: 4,
  /** Which function is called, and with how many arguments. */
  function: 5,
  arity: 6,
  /** The arguments of each call. */
  calls: 7,
  maxArguments: 12,
  /** What the first error says, a word for each character. */
  message: 7 + 12 * MAX_CALLS,
  maxMessage: 120,
};
export const MAILBOX_BYTES = 4 * (LAYOUT.message + LAYOUT.maxMessage);

const MAX_THREADS = 64;
export const isThreadCount = (count: number) => Number.isInteger(count) && count >= 1 && count <= MAX_THREADS;
/** What an error message asks for. */
export const THREAD_COUNT = `be an integer from 1 to ${MAX_THREADS}`;

/**
 * Takes calls and makes them while there are any left. Workers run it, too, from its text: it refers to nothing outside.
 *
 * @returns the mailbox's first word when no call was left
 */
function takeCalls(functions: Array<Functions[string]>, mailbox: Int32Array, layout: typeof LAYOUT): number {
  for (;;) {
    const seen = Atomics.load(mailbox, layout.left);
    const left = seen & layout.leftMask;
    if (left === 0) return seen;
    if (Atomics.compareExchange(mailbox, layout.left, seen, seen - 1) !== seen) continue;
    const first = layout.calls + (left - 1) * layout.maxArguments;
    const call = functions[mailbox[layout.function] as number] as Functions[string];
    try {
      call(...mailbox.subarray(first, first + (mailbox[layout.arity] as number)));
    } catch (error) {
      const text = String(error).slice(0, layout.maxMessage);
      if (Atomics.compareExchange(mailbox, layout.failed, 0, 1 + text.length) === 0) {
        for (let i = 0; i < text.length; i++) mailbox[layout.message + i] = text.charCodeAt(i);
      }
    }
    Atomics.add(mailbox, layout.finished, 1);
  }
}

/** What a worker begins with. */
interface Start {
  module: WasmModule;
  memory: WasmMemory;
  mailbox: Pointer;
  bytes: number;
  names: string[];
  layout: typeof LAYOUT;
  /** Milliseconds that a thread looks for another run before it sleeps. */
  patience: number;
}

/** A worker's program, also run from its text. It never returns: terminating the worker ends it. */
function work({ module, memory, mailbox, bytes, names, layout, patience }: Start, take: typeof takeCalls): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const functions = names.map((name) => exports[name]) as Array<Functions[string]>;
  const words = new Int32Array(memory.buffer, mailbox, bytes / 4);
  Atomics.add(words, layout.started, 1);
  for (;;) {
    const seen = take(functions, words, layout);
    if (patience > 0) {
      const until = performance.now() + patience;
      while (Atomics.load(words, layout.left) === seen && performance.now() < until);
    }
    // The caller writes the first word before it reads how many sleep: it sees this thread, or this thread the word.
    Atomics.add(words, layout.asleep, 1);
    Atomics.wait(words, layout.left, seen);
    Atomics.sub(words, layout.asleep, 1);
  }
}

/**
 * Kernels of a step follow each other so fast. To wake a thread costs the caller 8 microseconds, and the thread begins as long after
 * that: as much as a small kernel takes.
 */
const PATIENCE = 0.05;

/** Milliseconds after which threads are given up that have not started, … */
const START_TIMEOUT = 10_000;
/** … and after which those are that have not finished a call, when the caller has no other left. */
const CALL_TIMEOUT = 60_000;
/** How often the caller looks at the clock as it waits: about every half millisecond. At most so many milliseconds count each time. */
const SPINS = 2 ** 16;
const MAX_SPINS_TIME = 1000;

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

const PROGRAM = `(start) => (${work})(start, ${takeCalls})`;

/** A worker of Node.js, or of the web. */
interface Thread {
  terminate(): unknown;
}

/** What is used of node:worker_threads. */
interface NodeThreads {
  Worker: new (
    source: string,
    options: object,
  ) => Thread & { unref(): void; on(event: "error", listener: (error: Error) => void): void };
}

/**
 * @param onError is told where the thread does not start after all, or ends
 * @throws Error where there are no threads to be had
 */
function startThread(start: Start, onError: (error: Error) => void): Thread {
  const node = builtinModule<NodeThreads>("node:worker_threads");
  if (node) {
    const source = `(${PROGRAM})(require("node:worker_threads").workerData)`;
    // Without what the program preloads (--import, --require, NODE_OPTIONS): a thread only runs the binary.
    const worker = new node.Worker(source, { eval: true, workerData: start, execArgv: [], env: {}, name: "tfjs-uan" });
    worker.on("error", onError);
    worker.unref();
    return worker;
  }
  if (typeof Worker === "undefined") {
    const version = nodeProcess()?.versions?.node;
    throw new Error(
      version ? `Node.js ${version} has threads for CommonJS programs; from 20.16 on, for ES modules` : "no Worker",
    );
  }
  const source = `onmessage = ({ data }) => (${PROGRAM})(data)`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = ({ message }) => onError(new Error(message || "the page's policy may forbid workers from blobs"));
  worker.postMessage(start);
  return worker;
}

/** Says that a thread does not start, or has ended: without it, too, all is computed. */
function warnOfThread({ message }: Error): void {
  warnOnce(`a thread cannot be started here, so that the caller's does its work: ${message}`);
}

/** Threads over a shared memory. */
export class WorkerPool implements Runner {
  readonly isParallel = true;
  /** The binary's functions over the memory. */
  readonly functions: Functions;
  readonly memory: WasmMemory;
  /** How many threads there are to be, with the caller's. */
  readonly threadCount: number;
  private readonly threads: Thread[] = [];
  /** The functions in the order of their names in `start`. */
  private readonly callable: Array<Functions[string]>;
  private readonly mailbox: Int32Array;
  private readonly beginning: Start;
  /** Threads that are still to be started. */
  private wanted: number;
  private generation = 0;
  /** Why a thread does not start, or has ended. */
  private failure: Error | undefined;
  /** Whether `start` waits, and throws the failure. */
  private isStarting = false;
  private hasEnded = false;
  /** Whether a thread was given up: it might still write to the mailbox. */
  private isAbandoned = false;
  private readonly fail = (error: Error) => {
    this.failure = error;
    if (!this.isStarting) warnOfThread(error);
  };

  /**
   * The first run starts the threads.
   *
   * @param functions of the binary over this memory
   * @param module the binary, for threads to bind to the memory themselves
   * @param memory shared
   * @param mailbox MAILBOX_BYTES in it, for the pool alone as long as threads live
   * @param threads how many, with the caller's
   * @param hasCores whether each thread has a core to itself: then it waits a little for another run before it sleeps
   */
  constructor(functions: object, module: WasmModule, memory: WasmMemory, mailbox: Pointer, threads: number, hasCores = false) {
    this.functions = functions as Functions;
    this.callable = Object.values(this.functions);
    this.memory = memory;
    this.mailbox = new Int32Array(memory.buffer, mailbox, MAILBOX_BYTES / 4).fill(0);
    this.beginning = {
      ...{ module, memory, mailbox, bytes: MAILBOX_BYTES, names: Object.keys(functions), layout: LAYOUT },
      patience: hasCores ? PATIENCE : 0,
    };
    this.threadCount = threads;
    this.wanted = threads - 1;
  }

  /** How many threads have started, beside the caller's. */
  get started(): number {
    return Atomics.load(this.mailbox, LAYOUT.started);
  }

  /** Whether a thread has not started, or has ended, that was not told to. */
  get hasFailed(): boolean {
    return this.failure !== undefined || this.isAbandoned;
  }

  /**
   * Starts the threads now, where otherwise the first run does.
   *
   * @returns a promise of all threads having started, or of being told to end before that
   * @throws Error where they do not
   */
  async start(): Promise<void> {
    this.isStarting = true;
    try {
      for (; this.wanted > 0; this.wanted--) this.threads.push(startThread(this.beginning, this.fail));
      const { length } = this.threads;
      for (const from = Date.now(); this.started < length && !this.hasEnded; await pause()) {
        if (this.failure) throw this.failure;
        if (Date.now() - from > START_TIMEOUT) {
          throw new Error(`${this.started} of ${length} threads have started in ${START_TIMEOUT / 1000} seconds`);
        }
      }
    } finally {
      this.isStarting = false;
    }
  }

  /**
   * Calls a function once for each list of arguments, in no certain order, and returns when all calls have returned.
   *
   * @param calls 1 to MAX_CALLS lists of equal length
   * @param wakes whether threads that sleep are woken
   * @throws Error where a call does, or a thread does not finish one, or the calls do not fit in the mailbox
   */
  run(name: string, calls: number[][], wakes = true): void {
    const { mailbox } = this;
    const arity = calls[0]?.length ?? 0;
    if (calls.length > MAX_CALLS || arity > LAYOUT.maxArguments || calls.some(({ length }) => length !== arity)) {
      throw new Error(`tfjs-uan: ${name}: ${calls.length} calls of ${arity} arguments do not fit in the workers' mailbox`);
    }
    if (this.isAbandoned) {
      for (const args of calls) this.functions[name]?.(...args);
      return;
    }
    this.startAll();
    mailbox[LAYOUT.function] = this.beginning.names.indexOf(name);
    mailbox[LAYOUT.arity] = arity;
    calls.forEach((args, i) => {
      mailbox.set(args, LAYOUT.calls + i * LAYOUT.maxArguments);
    });
    mailbox[LAYOUT.failed] = 0;
    Atomics.store(mailbox, LAYOUT.finished, 0);
    this.generation = (this.generation + 1) & 0x7fffff;
    // Last: from here on threads may take calls.
    Atomics.store(mailbox, LAYOUT.left, this.generation * (LAYOUT.leftMask + 1) + calls.length);
    const asleep = wakes ? Atomics.load(mailbox, LAYOUT.asleep) : 0;
    const wanted = calls.length - 1 - (this.started - asleep);
    if (asleep > 0 && wanted > 0) Atomics.notify(mailbox, LAYOUT.left, wanted);
    takeCalls(this.callable, mailbox, LAYOUT);
    this.awaitCalls(name, calls.length);
    const failed = Atomics.load(mailbox, LAYOUT.failed);
    if (failed === 0) return;
    const message = String.fromCharCode(...mailbox.subarray(LAYOUT.message, LAYOUT.message + failed - 1));
    throw new Error(`tfjs-uan: ${name} failed: ${message}`);
  }

  /**
   * Waits until all calls have returned. A thread that has died in a call, such as of a want of memory, never returns. Nothing tells
   * the caller, whose event loop stands still: it waits for very long, gives the threads up, and has the calls that follow to itself.
   */
  private awaitCalls(name: string, count: number): void {
    let waited = 0;
    let before = 0;
    for (let spins = 1; Atomics.load(this.mailbox, LAYOUT.finished) < count; spins++) {
      if (spins % SPINS !== 0) continue;
      const now = Date.now();
      // While the process was stopped, or the machine slept, threads did not run either.
      if (before > 0) waited += Math.min(Math.max(now - before, 0), MAX_SPINS_TIME);
      before = now;
      if (waited < CALL_TIMEOUT) continue;
      this.isAbandoned = true;
      this.terminate();
      const seconds = CALL_TIMEOUT / 1000;
      throw new Error(
        `tfjs-uan: ${name}: a thread has not finished its part in ${seconds} seconds, and may have died; the caller's computes alone now`,
      );
    }
  }

  private startAll(): void {
    try {
      for (; this.wanted > 0; this.wanted--) this.threads.push(startThread(this.beginning, this.fail));
    } catch (error) {
      this.fail(error as Error);
      this.wanted = 0;
    }
  }

  /** Ends the threads. */
  terminate(): void {
    this.hasEnded = true;
    for (const thread of this.threads.splice(0)) thread.terminate();
  }
}
