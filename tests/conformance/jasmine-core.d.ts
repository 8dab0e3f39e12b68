// The part of Jasmine that program.ts uses. @types/jasmine would declare globals with the names of vitest's functions.
declare module "jasmine-core" {
  /** A suite has children, a test has none. */
  export interface TestOrSuite {
    id: string;
    getFullName(): string;
    children?: TestOrSuite[];
  }

  interface Result {
    id: string;
    fullName: string;
    failedExpectations: { message: string }[];
  }

  interface TestResult extends Result {
    status: "passed" | "failed" | "pending" | "excluded";
  }

  interface Env {
    configure(options: { random: boolean; specFilter: (test: TestOrSuite) => boolean }): void;
    topSuite(): TestOrSuite;
    addReporter(reporter: { specDone(test: TestResult): void; suiteDone(suite: Result): void }): void;
    execute(): Promise<{ incompleteReason?: string; failedExpectations: { message: string }[] }>;
  }

  interface Core {
    /** Puts describe, it, expect, jasmine … on globalThis. */
    boot(core: Core): { getEnv(): Env; DEFAULT_TIMEOUT_INTERVAL: number };
  }

  const core: Core;
  export default core;
}
