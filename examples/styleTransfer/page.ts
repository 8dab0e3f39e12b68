import type * as tf from "@tensorflow/tfjs-core";

// Images in a page. BMP is the one format that is a head and the pixels.

const HEAD_BYTES = 54;

/** An image [height, width, 3], from 0 to 1, as a BMP file. */
export function asBmp(image: tf.Tensor3D): Buffer {
  const [height, width] = image.shape;
  const rowBytes = 4 * Math.ceil((3 * width) / 4);
  const file = Buffer.alloc(HEAD_BYTES + rowBytes * height);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(HEAD_BYTES, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(-height, 22); // from the top down
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  const values = image.dataSync();
  for (let i = 0; i < values.length; i++) {
    const [row, column, color] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width, i % 3];
    file[HEAD_BYTES + row * rowBytes + 3 * column + 2 - color] = Math.round(255 * (values[i] as number));
  }
  return file;
}

/** A page of rows of images. */
export function pageOf(rows: { [name: string]: tf.Tensor3D[] }): string {
  const row = ([name, images]: [string, tf.Tensor3D[]]) => {
    const tags = images.map((image) => `<img alt="" src="data:image/bmp;base64,${asBmp(image).toString("base64")}">`);
    return `<h2>${name}</h2>\n<p>${tags.join("\n")}</p>`;
  };
  const style = "img { width: 8rem; image-rendering: pixelated; margin: 0.2rem }";
  return `<!doctype html>\n<meta charset="utf-8">\n<title>Style transfer</title>\n<style>${style}</style>\n${Object.entries(rows).map(row).join("\n")}\n`;
}
