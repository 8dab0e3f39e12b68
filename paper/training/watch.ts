/** Is told of the progress of training. */
export interface Watch {
  /** A training step is complete. @param share its share of the epoch */
  step(share: number): void;
  /** Awaited now and then, so that the program can do something else. */
  pause(): Promise<void>;
}
