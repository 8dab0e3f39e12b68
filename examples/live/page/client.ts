import type { Reply, Request } from "../protocol.js";

/** The worker, from the page's side. A new one takes the place of the last. */
export class Client {
  private worker?: Worker;

  constructor(
    private readonly onReply: (reply: Reply) => void,
    private readonly onError: (message: string) => void,
  ) {}

  /** Ends the worker, if there is one, and starts a new one: backends of TensorFlow.js leave with their worker. */
  renew(): void {
    this.worker?.terminate();
    const worker = new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      if (worker === this.worker) this.onReply(data);
    });
    worker.addEventListener("error", ({ message }) => {
      if (worker === this.worker) this.onError(message || "the worker did not start");
    });
    this.worker = worker;
  }

  send(request: Request): void {
    this.worker?.postMessage(request);
  }
}
