import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { readIfThere, writeWhole } from "../../reporting/files.js";
import type { RunConfig } from "../config.js";
import { type Finished, nanForNull } from "../results.js";
import type { RunState } from "../training/epoch.js";

const HASH_LENGTH = 10;

/** The files of a run: during training its state after the last epoch, then its result. */
export class RunFile {
  private readonly stem: string;

  /** @param origin everything else that the numbers depend on. Runs with another origin have other files, so they start again. */
  constructor(
    folder: string,
    readonly config: RunConfig,
    readonly origin: string,
  ) {
    const hash = createHash("sha256")
      .update(JSON.stringify([config, origin]))
      .digest("hex")
      .slice(0, HASH_LENGTH);
    this.stem = join(folder, `${config.experiment}-${config.method}-seed${config.seed}-${hash}`);
  }

  readFinished(): Promise<Finished | undefined> {
    return this.read("json", (bytes) => JSON.parse(bytes.toString(), nanForNull));
  }

  async writeFinished(finished: Finished): Promise<void> {
    await writeWhole(`${this.stem}.json`, JSON.stringify(finished));
    await rm(`${this.stem}.state`, { force: true });
  }

  readState(): Promise<RunState | undefined> {
    return this.read("state", deserialize);
  }

  async remove(): Promise<void> {
    await rm(`${this.stem}.json`, { force: true });
    await rm(`${this.stem}.state`, { force: true });
  }

  writeState(state: RunState): Promise<void> {
    return writeWhole(`${this.stem}.state`, serialize(state));
  }

  /** Treats an unreadable file as missing, with a warning. The run then starts again. */
  private async read<T>(ending: string, parse: (bytes: Buffer) => T): Promise<T | undefined> {
    const file = `${this.stem}.${ending}`;
    const bytes = await readIfThere(file);
    try {
      return bytes && parse(bytes);
    } catch (error) {
      console.warn(`${file}: cannot be read (${(error as Error).message}); the run starts without it`);
      return undefined;
    }
  }
}
