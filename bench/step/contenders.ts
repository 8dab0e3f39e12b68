import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BackendError } from "../../runtimes/backends.js";
import { giveOrder, startProcess } from "../../runtimes/processes.js";
import { binaryFlags } from "../binary.js";
import { STEP_CONTENDERS } from "../names.js";
import type { ContenderKey, StepCase } from "./cases.js";
import type { Answers, News, Order } from "./process.js";

const PROGRAM = fileURLToPath(new URL("process.ts", import.meta.url));

/** Has TensorFlow compute on so many threads, one kernel at a time, and not say which instructions it has not been built for. */
const nativeWith = (threads: number) => ({
  TF_NUM_INTRAOP_THREADS: `${threads}`,
  TF_NUM_INTEROP_THREADS: "1",
  OMP_NUM_THREADS: `${threads}`,
  TF_CPP_MIN_LOG_LEVEL: "2",
});

/** How many steps are checked before anything is timed. */
const CHECKED_STEPS = 5;

/** A contender in a process of its own. */
export class Process {
  private readonly child: ChildProcess;

  readonly name: string;
  /** How many compute. */
  readonly threads: number;
  /** Whether it runs to be compared with itself on several threads. */
  readonly isAlone: boolean;

  constructor(
    readonly contender: ContenderKey,
    { threads = 1, isAlone = false }: { threads?: number; isAlone?: boolean } = {},
  ) {
    this.name = `${STEP_CONTENDERS[contender]}${isAlone ? ", one thread" : ""}`;
    this.threads = threads;
    this.isAlone = isAlone;
    this.child = startProcess(PROGRAM, binaryFlags, contender === "native" ? nativeWith(threads) : {});
  }

  private async ask<Kind extends Order["kind"]>(order: Order & { kind: Kind }): Promise<Answers[Kind]> {
    let answer: unknown;
    await giveOrder<News>(this.child, order, (news) => {
      if (news.kind === "failed") throw new (news.isOfBackend ? BackendError : Error)(news.message);
      answer = news.answer;
      return true;
    });
    return answer as Answers[Kind];
  }

  /** @param warmUp milliseconds */
  start(of: StepCase, warmUp: number): Promise<Answers["start"]> {
    const { contender, threads } = this;
    return this.ask({ kind: "start", contender, of, threads, checkedSteps: CHECKED_STEPS, warmUp });
  }

  time(milliseconds: number): Promise<Answers["time"]> {
    return this.ask({ kind: "time", milliseconds });
  }

  profile(steps: number): Promise<Answers["profile"]> {
    return this.ask({ kind: "profile", steps });
  }

  stop(): void {
    this.child.kill();
  }
}
