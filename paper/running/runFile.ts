import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { readIfThere, writeWhole } from "../../reporting/files.js";
import type { RunConfig } from "../config.js";
import { type Finished, nanForNull } from "../results.js";
import type { RunState } from "../training/epoch.js";

const HASH_LENGTH = 10;

/** A run's files: while it goes on its state after the last epoch, and in the end what it came to. */
export class RunFile {
  private readonly stem: string;

  /** @param origin what else than the configuration the numbers follow from: those of another origin are not gone on with */
  constructor(
    folder: string,
    readonly config: RunConfig,
    origin: string,
  ) {
    const hash = createHash("sha256")
      .update(JSON.stringify([config, origin]))
      .digest("hex")
      .slice(0, HASH_LENGTH);
    this.stem = join(folder, `${config.experiment}-${config.method}-seed${config.seed}-${hash}`);
  }

  isFinished(): boolean {
    return existsSync(`${this.stem}.json`);
  }

  async readFinished(): Promise<Finished | undefined> {
    const text = await readIfThere(`${this.stem}.json`);
    return text && JSON.parse(text.toString(), nanForNull);
  }

  async writeFinished(finished: Finished): Promise<void> {
    await writeWhole(`${this.stem}.json`, JSON.stringify(finished));
    await rm(`${this.stem}.state`, { force: true });
  }

  async readState(): Promise<RunState | undefined> {
    const bytes = await readIfThere(`${this.stem}.state`);
    try {
      return bytes && deserialize(bytes);
    } catch (error) {
      console.warn(`${this.stem}.state: is no state (${(error as Error).message}); the run begins anew`);
      return undefined;
    }
  }

  async remove(): Promise<void> {
    await rm(`${this.stem}.json`, { force: true });
    await rm(`${this.stem}.state`, { force: true });
  }

  writeState(state: RunState): Promise<void> {
    return writeWhole(`${this.stem}.state`, serialize(state));
  }
}
