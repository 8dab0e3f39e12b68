import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BackendError } from "../../runtimes/backends.js";
import { giveOrder, startProcess } from "../../runtimes/processes.js";
import { binaryFlags } from "../binary.js";
import type { ContenderKey, StepCase } from "./cases.js";
import type { Answers, News, Order } from "./process.js";

const PROGRAM = fileURLToPath(new URL("process.ts", import.meta.url));

/** TensorFlow computes on one thread, as 'wasm' does in Node.js, and does not say which instructions it has not been built for. */
const NATIVE = { TF_NUM_INTRAOP_THREADS: "1", TF_NUM_INTEROP_THREADS: "1", OMP_NUM_THREADS: "1", TF_CPP_MIN_LOG_LEVEL: "2" };

/** How many steps are checked before anything is timed. */
const CHECKED_STEPS = 5;

/** A contender in a process of its own. */
export class Process {
  private readonly child: ChildProcess;

  constructor(readonly contender: ContenderKey) {
    this.child = startProcess(PROGRAM, binaryFlags, contender === "native" ? NATIVE : {});
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
    const { contender } = this;
    return this.ask({ kind: "start", contender, of, checkedSteps: CHECKED_STEPS, warmUp });
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
