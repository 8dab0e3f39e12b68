import { cifar10Files, cifar100Files, readCifar10, readCifar100 } from "./cifar.js";
import { DataError } from "./dataError.js";
import { asShape, type Dataset, halved, withCounts } from "./dataset.js";
import { COLOR, type DataName } from "./facts.js";
import { readMnist } from "./mnist.js";
import { shifted } from "./shifted.js";
import { readSvhn, svhnFiles } from "./svhn.js";

/** The data sets that the user provides. */
export const PROVIDED = ["cifar-10", "cifar-100", "svhn"] as const;
export type Provided = (typeof PROVIDED)[number];

/** The folders of their files. */
export type Folders = Partial<Record<Provided, string>>;

/** Which images, and how many of them. */
export interface DataConfig {
  name: DataName;
  /** How many training images. Default: all. */
  train?: number;
  /** How many test images. Default: all. */
  test?: number;
  /** Whether images become 32 x 32 x 3, so that a network takes several data sets. */
  asColor?: boolean;
  /** Whether height and width are halved. */
  halved?: boolean;
  /** For the choice of images, and for the shift of "mnist-shifted". */
  seed: number;
}

interface Reader {
  read(folder: string): Promise<Dataset>;
  /** The paths of the files that `read` reads. */
  files(folder: string): string[];
}

const READERS: Record<Provided, Reader> = {
  "cifar-10": { read: readCifar10, files: cifar10Files },
  "cifar-100": { read: readCifar100, files: cifar100Files },
  svhn: { read: readSvhn, files: svhnFiles },
};

export const isProvided = (name: string): name is Provided => PROVIDED.some((known) => known === name);

function folderOf(name: Provided, folders: Folders): string {
  const given = folders[name];
  if (given === undefined) throw new Error(`${name}: the folder of its files must be given, got none`);
  return given;
}

export const providedFiles = (name: Provided, folders: Folders): string[] => READERS[name].files(folderOf(name, folders));

const read = (name: DataName, folders: Folders): Promise<Dataset> =>
  isProvided(name) ? READERS[name].read(folderOf(name, folders)) : readMnist();

/** Reads a data set, and selects and changes images as the configuration says. The same configuration gives the same images. */
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
