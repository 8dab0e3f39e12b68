import { cifar10Files, cifar100Files, readCifar10, readCifar100 } from "./cifar.js";
import { DataError } from "./dataError.js";
import { asShape, type Dataset, halved, pick, withCounts } from "./dataset.js";
import { COLOR, type DataName } from "./facts.js";
import { type Mixture, mixed } from "./mixed.js";
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
  /**
   * What becomes of every sixth training image, which is there to choose options with. "left-out": it is not used. "only": nothing
   * else is used, every fifth of them as a test image, so that neither training nor test images are those of other
   * experiments. Default: it is a training image as others.
   */
  setAside?: "left-out" | "only";
  /** How many training images. Default: all. */
  train?: number;
  /** How many test images. Default: all. */
  test?: number;
  /** Whether images become 32 x 32 x 3, so that a network takes several data sets. */
  asColor?: boolean;
  /** Whether height and width are halved. */
  halved?: boolean;
  /** How every second image is changed, so that there are two domains. Default: none is. */
  mixed?: Mixture;
  /** For the choice of images, for textures, and for the shift of "mnist-shifted". */
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

/** Of so many training images in a row, the last one is set aside. */
const SET_ASIDE = 6;
/** Of so many images that are set aside in a row, the last one is a test image. */
const CHOICE_TESTS = 5;

/** How many of the training images are there to train with. */
export function setAsideCount(all: number, setAside: NonNullable<DataConfig["setAside"]>): number {
  const aside = Math.floor(all / SET_ASIDE);
  return setAside === "left-out" ? all - aside : aside - Math.floor(aside / CHOICE_TESTS);
}

function withSetAside(dataset: Dataset, setAside: NonNullable<DataConfig["setAside"]>): Dataset {
  const { train, test, source } = dataset;
  const isLast = (i: number, of: number) => i % of === of - 1;
  const all = Array.from({ length: train.count }, (_, i) => i);
  const aside = all.filter((i) => isLast(i, SET_ASIDE));
  if (setAside === "only") {
    return {
      ...dataset,
      source: `${source}; every sixth training image alone, which other experiments leave out, also to test`,
      train: pick(
        train,
        aside.filter((_, i) => !isLast(i, CHOICE_TESTS)),
      ),
      test: pick(
        train,
        aside.filter((_, i) => isLast(i, CHOICE_TESTS)),
      ),
    };
  }
  const left = all.filter((i) => !isLast(i, SET_ASIDE));
  return { ...dataset, source: `${source}; without every sixth training image`, train: pick(train, left), test };
}

/** Reads a data set, and selects and changes images as the configuration says. The same configuration gives the same images. */
export async function prepare(
  { name, setAside, train, test, asColor, halved: half, mixed: mixture, seed }: DataConfig,
  folders: Folders,
): Promise<Dataset> {
  const complete = await read(name, folders);
  const all = setAside ? withSetAside(complete, setAside) : complete;
  if ((train ?? 0) > all.train.count || (test ?? 0) > all.test.count) {
    const wanted = `must have at least ${train} training and ${test} test images`;
    throw new DataError(`${all.name}: ${wanted}, got ${all.train.count} and ${all.test.count}`);
  }
  const counted =
    train === undefined && test === undefined ? all : withCounts(all, train ?? all.train.count, test ?? all.test.count, seed);
  const shaped = asColor ? asShape(counted, ...COLOR) : counted;
  const moved = name === "mnist-shifted" ? shifted(shaped, seed) : shaped;
  const small = half ? halved(moved) : moved;
  return mixture ? mixed(small, mixture, seed) : small;
}
