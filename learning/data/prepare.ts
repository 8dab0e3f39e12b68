import { cifar10Files, cifar100Files, readCifar10, readCifar100 } from "./cifar.js";
import { DataError } from "./dataError.js";
import { asShape, type Dataset, halved, withCounts } from "./dataset.js";
import { COLOR, type DataName } from "./facts.js";
import { readMnist } from "./mnist.js";
import { shifted } from "./shifted.js";
import { readSvhn, svhnFiles } from "./svhn.js";

/** The data sets that the user brings. */
export const BROUGHT = ["cifar-10", "cifar-100", "svhn"] as const;
export type Brought = (typeof BROUGHT)[number];

/** Where they are. */
export type Folders = Partial<Record<Brought, string>>;

/** Which images, and how many of them. */
export interface DataConfig {
  name: DataName;
  /** How many training and test images; all, where it does not say. */
  train?: number;
  test?: number;
  /** Brings images of another size to 32 x 32 x 3, so that data sets can stand beside each other. */
  asColor?: boolean;
  /** Halves height and width. */
  halved?: boolean;
  /** Of the choice of images, and of the shift. */
  seed: number;
}

interface Reader {
  read(folder: string): Promise<Dataset>;
  /** The paths that it reads. */
  files(folder: string): string[];
}

const READERS: Record<Brought, Reader> = {
  "cifar-10": { read: readCifar10, files: cifar10Files },
  "cifar-100": { read: readCifar100, files: cifar100Files },
  svhn: { read: readSvhn, files: svhnFiles },
};

export const isBrought = (name: string): name is Brought => BROUGHT.some((known) => known === name);

function folderOf(name: Brought, folders: Folders): string {
  const given = folders[name];
  if (given === undefined) throw new Error(`${name} needs the option --${name} FOLDER`);
  return given;
}

export const broughtFiles = (name: Brought, folders: Folders): string[] => READERS[name].files(folderOf(name, folders));

const read = (name: DataName, folders: Folders): Promise<Dataset> =>
  isBrought(name) ? READERS[name].read(folderOf(name, folders)) : readMnist();

/** Reads a data set and does to it what the configuration says. The same configuration gives the same images. */
export async function prepare(
  { name, train, test, asColor, halved: half, seed }: DataConfig,
  folders: Folders,
): Promise<Dataset> {
  const all = await read(name, folders);
  if ((train ?? 0) > all.train.count || (test ?? 0) > all.test.count) {
    const wanted = `must have at least ${train} training and ${test} test images`;
    throw new DataError(`${all.name}: ${wanted}, got ${all.train.count} and ${all.test.count}`);
  }
  const counted =
    train === undefined && test === undefined ? all : withCounts(all, train ?? all.train.count, test ?? all.test.count, seed);
  const shaped = asColor ? asShape(counted, ...COLOR) : counted;
  const moved = name === "mnist-shifted" ? shifted(shaped, seed) : shaped;
  return half ? halved(moved) : moved;
}
