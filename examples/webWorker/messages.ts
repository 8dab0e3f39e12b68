/** From the page to the worker. */
export interface Task {
  epochs: number;
}

/** From the worker to the page. */
export type Report =
  | { kind: "ready" }
  | { kind: "epoch"; epoch: number; loss: number }
  | { kind: "done"; accuracy: number; tensors: number }
  | { kind: "error"; message: string };
