/** Who looks on while networks are trained. */
export interface Watch {
  /** A training step is done, the given share of its epoch. */
  step(share: number): void;
  /** Waited for now and then: what else the program does, it does then. */
  pause(): Promise<void>;
}
