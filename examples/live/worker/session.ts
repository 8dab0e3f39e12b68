import type * as tfl from "@tensorflow/tfjs-layers";
import type { Digits } from "../digits.js";
import { pixelsOf } from "../digits.js";
import type { Reply, Request, Settings, View } from "../protocol.js";
import type { SavedModel } from "../savedModel.js";
import { Trainer } from "./trainer.js";

/** While training goes on, density and prediction are sent so often, in ms: they take time from it. */
const SHOW_EVERY = 200;

/** What a session does with its surroundings. */
export interface Surroundings {
  send(reply: Reply): void;
  /** Makes the backend the current one. @returns what it runs on */
  startBackend(settings: Settings): Promise<string>;
  readDigits(): Promise<Digits>;
  measureSpeed(components: number): Promise<{ name: string; nanoseconds: number }[]>;
  speedActivations: number;
  saveInBrowser(model: tfl.LayersModel): Promise<void>;
  loadFromBrowser(): Promise<tfl.LayersModel>;
  toSaved(model: tfl.LayersModel): Promise<SavedModel>;
  fromSaved(model: SavedModel): Promise<tfl.LayersModel>;
}

/** Answers the page's requests, one after the other. While training is on, there is a step between any two of them. */
export class Session {
  private trainer?: Trainer;
  private digits?: Digits;
  private view: View = { layer: 0, channel: 0 };
  private pixels?: Float32Array;
  private example = 0;
  private training = false;
  /** Which time it is that training is on. */
  private run = 0;
  private shownAt = 0;
  private queue = Promise.resolve();

  constructor(private readonly around: Surroundings) {}

  /** Takes a request. @returns a promise of its having been answered */
  take(request: Request): Promise<void> {
    this.queue = this.queue.then(() =>
      this.answer(request).catch((error: Error) => {
        this.training = false;
        this.around.send({ type: "failed", request: request.type, message: error.message });
      }),
    );
    return this.queue;
  }

  private async answer(request: Request): Promise<void> {
    const { around } = this;
    switch (request.type) {
      case "start":
        return this.start(request.settings);
      case "train":
        return this.turn(request.on);
      case "step":
        return this.step();
      case "view":
        this.view = request.view;
        return this.show();
      case "recognize":
        this.pixels = request.pixels;
        return this.recognize();
      case "example":
        return this.sendExample();
      case "speed": {
        const rows = await around.measureSpeed(this.started.settings.components);
        return around.send({ type: "speed", activations: around.speedActivations, rows });
      }
      case "save": {
        if (request.to === "file") return around.send({ type: "saved", model: await around.toSaved(this.started.uan) });
        await around.saveInBrowser(this.started.uan);
        return around.send({ type: "saved" });
      }
      case "load": {
        const model = request.from === "browser" ? await around.loadFromBrowser() : await around.fromSaved(request.from);
        around.send({ type: "loaded", components: this.started.replace(model) });
        return this.show();
      }
    }
  }

  private get started(): Trainer {
    if (!this.trainer) throw new Error("the networks must have been made, got a request before 'start' was done");
    return this.trainer;
  }

  private async start(settings: Settings): Promise<void> {
    const backend = await this.around.startBackend(settings);
    this.digits ??= await this.around.readDigits();
    this.trainer?.dispose();
    this.trainer = new Trainer(this.digits, { ...settings });
    const { training, test } = this.digits;
    const counts = { trainingDigits: training.count, testDigits: test.count };
    this.around.send({ type: "ready", backend, settings, layers: this.trainer.layerInfos, ...counts });
    await this.show();
  }

  private async turn(on: boolean): Promise<void> {
    const wasOn = this.training;
    this.training = on;
    if (on && !wasOn) {
      this.run += 1;
      this.goOn(this.run);
    }
    if (on || !wasOn) return;
    await this.show();
    this.around.send({ type: "paused" });
  }

  private async step(): Promise<void> {
    this.around.send(await this.started.train());
    if (!this.training || performance.now() - this.shownAt > SHOW_EVERY) await this.show();
  }

  /** Lets requests that have come in meanwhile be taken before the next step. */
  private goOn(run: number): void {
    setTimeout(() => {
      if (!this.training || run !== this.run) return;
      void this.take({ type: "step" }).then(() => this.goOn(run));
    });
  }

  private async show(): Promise<void> {
    this.shownAt = performance.now();
    this.around.send(await this.started.density(this.view));
    await this.recognize();
  }

  private async recognize(): Promise<void> {
    if (this.pixels) this.around.send(await this.started.recognize(this.pixels, this.view));
  }

  private sendExample(): void {
    const { test } = this.digits as Digits;
    const index = this.example % test.count;
    this.example += 1;
    this.around.send({ type: "example", pixels: pixelsOf(test, [index]), label: test.labels[index] as number });
  }
}
