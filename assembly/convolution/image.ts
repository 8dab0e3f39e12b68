// Images, [height, width, channels] in any order of the axes, and copies of them with channels last and a border of zeros, so
// that the loops of a convolution have no edges.

/** The sizes of an image, and the bytes from row to row, from column to column and from channel to channel. */
@unmanaged
export class Image {
  height: u32;
  width: u32;
  channels: u32;
  rowStep: u32;
  columnStep: u32;
  channelStep: u32;
}

/** Whether the image is contiguous, with channels last. */
@inline function isDense(image: Image): bool {
  return image.channelStep == 4 && image.columnStep == image.channels << 2 && image.rowStep == image.width * image.columnStep;
}

/**
 * Copies an image to [top + height + bottom, left + width + right, channels · repeat], with zeros around it. Each channel is
 * repeated `repeat` times, one after the other.
 *
 * @param gap bytes from a pixel to the next of the copy
 */
export function padImage(
  image: Image,
  from: usize,
  to: usize,
  top: u32,
  bottom: u32,
  left: u32,
  right: u32,
  repeat: u32,
  gap: usize = 0,
): void {
  const pixel = ((<usize>(image.channels * repeat)) << 2) + gap;
  const row = (left + image.width + right) * pixel;
  memory.fill(to, 0, top * row);
  to += top * row;
  for (let y: u32 = 0; y < image.height; y++) {
    memory.fill(to, 0, left * pixel);
    to += left * pixel;
    if (repeat == 1 && gap == 0 && isDense(image)) {
      memory.copy(to, from, image.width * pixel);
      to += image.width * pixel;
    } else if (repeat == 1 && image.channelStep == 4) {
      for (let x: u32 = 0; x < image.width; x++, to += pixel) memory.copy(to, from + x * image.columnStep, pixel - gap);
    } else {
      for (let x: u32 = 0; x < image.width; x++, to += gap) {
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
 * Copies a part of a bordered image back to an image: each channel is the sum of `repeat` channels, one after the other.
 *
 * @param from the first pixel of the part, in a dense image with `row` bytes from row to row
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
