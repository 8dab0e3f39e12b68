// Images, [height, width, channels] in whatever order, and copies of them with a border of zeros, channels last, so that the
// loops of a convolution meet no edge.

/** An image in memory, with bytes from row to row, column to column, channel to channel. */
@unmanaged
export class Image {
  height: u32;
  width: u32;
  channels: u32;
  rowStep: u32;
  columnStep: u32;
  channelStep: u32;
}

/** Whether the channels of a pixel are next to each other, and pixels and rows likewise. */
@inline function isDense(image: Image): bool {
  return image.channelStep == 4 && image.columnStep == image.channels << 2 && image.rowStep == image.width * image.columnStep;
}

/**
 * Copies an image into [top + height + bottom, left + width + right, channels · repeat], zeros around it, each channel `repeat`
 * times in a row.
 */
export function padImage(image: Image, from: usize, to: usize, top: u32, bottom: u32, left: u32, right: u32, repeat: u32): void {
  const pixel = (<usize>(image.channels * repeat)) << 2;
  const row = (left + image.width + right) * pixel;
  memory.fill(to, 0, top * row);
  to += top * row;
  for (let y: u32 = 0; y < image.height; y++) {
    memory.fill(to, 0, left * pixel);
    to += left * pixel;
    if (repeat == 1 && isDense(image)) {
      memory.copy(to, from, image.width * pixel);
      to += image.width * pixel;
    } else {
      for (let x: u32 = 0; x < image.width; x++) {
        for (let c: u32 = 0; c < image.channels; c++) {
          const value = load<f32>(from + x * image.columnStep + c * image.channelStep);
          for (let i: u32 = 0; i < repeat; i++, to += 4) store<f32>(to, value);
        }
      }
    }
    memory.fill(to, 0, right * pixel);
    to += right * pixel;
    from += image.rowStep;
  }
  memory.fill(to, 0, bottom * row);
}

/**
 * The other way: adds up `repeat` channels in a row of a dense image whose rows are `row` bytes apart, from its pixel at `from`
 * on, into each channel of `to`.
 */
export function cropImage(image: Image, from: usize, row: usize, to: usize, repeat: u32): void {
  const pixel = (<usize>(image.channels * repeat)) << 2;
  for (let y: u32 = 0; y < image.height; y++) {
    if (repeat == 1 && isDense(image)) {
      memory.copy(to, from, image.width * pixel);
    } else {
      let p = from;
      for (let x: u32 = 0; x < image.width; x++) {
        for (let c: u32 = 0; c < image.channels; c++) {
          let sum: f32 = 0;
          for (let i: u32 = 0; i < repeat; i++, p += 4) sum += load<f32>(p);
          store<f32>(to + x * image.columnStep + c * image.channelStep, sum);
        }
      }
    }
    from += row;
    to += image.rowStep;
  }
}
