import { COLUMNS, packPanels } from "../simd/gemm";
import { add, loadVec, mul, splat, storeVec, sub, VEC, Vec } from "../simd/vec";
import { transformFilterLines, transformPatchLines } from "./large";
import {
  firstOf,
  linesAt,
  panelBytes,
  panelCount,
  patchAt,
  patchSize,
  placeBytes,
  placeCount,
  TAPS,
  Tile,
  tapBytes,
  tapsAt,
  tileRows,
  WinogradPlan,
} from "./plan";

/** The first number of a tile's patch: in the image, or where it reaches beyond it, in the plan's room, with zeros. */
export function patchOf(plan: WinogradPlan, tile: Tile): usize {
  const size = <i32>patchSize(plan.tileSize);
  const pixel = (<usize>plan.inChannels) << 2;
  const row = <i32>tile.row;
  const column = <i32>tile.column;
  const height = <i32>plan.inHeight;
  const width = <i32>plan.inWidth;
  if (row >= 0 && column >= 0 && row + size <= height && column + size <= width) {
    return tile.image + (<usize>row * width + column) * pixel;
  }
  const patch = patchAt(plan);
  // The patch's columns that are in the image.
  const first = min(max(-column, 0), size);
  const end = max(min(width - column, size), first);
  for (let r: i32 = 0, to = patch; r < size; r++, to += size * pixel) {
    const y = row + r;
    if (y < 0 || y >= height || first == end) {
      memory.fill(to, 0, size * pixel);
      continue;
    }
    memory.fill(to, 0, first * pixel);
    memory.copy(to + first * pixel, tile.image + (<usize>y * width + column + first) * pixel, (end - first) * pixel);
    memory.fill(to + end * pixel, 0, (size - end) * pixel);
  }
  return patch;
}

/** Bytes from row to row of a patch. */
@inline export function patchRowBytes(plan: WinogradPlan, patch: usize): usize {
  return (<usize>((patch == patchAt(plan) ? patchSize(plan.tileSize) : plan.inWidth) * plan.inChannels)) << 2;
}

/** Writes tile i's numbers of a block's patches: Bᵀ d B. */
export function transformPatch(plan: WinogradPlan, tile: Tile, to: usize): void {
  const place = placeBytes(plan.inChannels, plan.tileSize);
  const pixel = (<usize>plan.inChannels) << 2;
  const patch = patchOf(plan, tile);
  const row = patchRowBytes(plan, patch);
  // The last vector may repeat numbers of the one before.
  const last = pixel - VEC;
  for (let q: usize = 0; ; q = min(q + VEC, last)) {
    const p = patch + q;
    if (plan.tileSize == 4) {
      const lines = linesAt(plan);
      transformPatchLines(p, row, pixel, lines, 6 * VEC, VEC);
      transformPatchLines(lines, VEC, 6 * VEC, to + q, place, 6 * place);
      if (q == last) return;
      continue;
    }
    const p1 = p + row;
    const p2 = p1 + row;
    const d10 = loadVec(p1);
    const d11 = loadVec(p1 + pixel);
    const d12 = loadVec(p1 + 2 * pixel);
    const d13 = loadVec(p1 + 3 * pixel);
    const d20 = loadVec(p2);
    const d21 = loadVec(p2 + pixel);
    const d22 = loadVec(p2 + 2 * pixel);
    const d23 = loadVec(p2 + 3 * pixel);
    let t = to + q;
    storePlaces(
      t,
      place,
      sub(loadVec(p), d20),
      sub(loadVec(p + pixel), d21),
      sub(loadVec(p + 2 * pixel), d22),
      sub(loadVec(p + 3 * pixel), d23),
    );
    t += 4 * place;
    storePlaces(t, place, add(d10, d20), add(d11, d21), add(d12, d22), add(d13, d23));
    t += 4 * place;
    storePlaces(t, place, sub(d20, d10), sub(d21, d11), sub(d22, d12), sub(d23, d13));
    t += 4 * place;
    const p3 = p2 + row;
    storePlaces(
      t,
      place,
      sub(d10, loadVec(p3)),
      sub(d11, loadVec(p3 + pixel)),
      sub(d12, loadVec(p3 + 2 * pixel)),
      sub(d13, loadVec(p3 + 3 * pixel)),
    );
    if (q == last) return;
  }
}

@inline function storePlaces(to: usize, place: usize, e0: Vec, e1: Vec, e2: Vec, e3: Vec): void {
  storeVec(to, sub(e0, e2));
  storeVec(to + place, add(e1, e2));
  storeVec(to + 2 * place, sub(e2, e1));
  storeVec(to + 3 * place, sub(e1, e3));
}

/** Packs a panel of the filter. */
export function packTaps(plan: WinogradPlan, filter: usize, panel: u32): void {
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const first = <usize>firstOf(panel, outChannels);
  const step = (<usize>inChannels * outChannels) << 2;
  let to = tapsAt(plan);
  for (let tap: u32 = 0; tap < TAPS; tap++, to += tapBytes(inChannels)) {
    if (plan.flipped) {
      packPanels(filter + (TAPS - 1 - tap) * step + ((first * inChannels) << 2), 4, inChannels << 2, inChannels, COLUMNS, to);
    } else {
      packPanels(filter + tap * step + (first << 2), outChannels << 2, 4, inChannels, COLUMNS, to);
    }
  }
}

/**
 * Writes panels of the transformed filter, G g Gᵀ: as large a part of them as the rows of tiles are of all of them.
 *
 * @param at a WinogradPlan
 * @param filter as the plan describes it
 * @param panels all panels
 * @param start rows of the output's tiles before those
 * @param count rows of tiles, at least 1
 */
export function winograd_filter_apply(at: usize, filter: usize, panels: usize, start: u32, count: u32): void {
  const plan = changetype<WinogradPlan>(at);
  const taps = tapsAt(plan);
  const tap = tapBytes(plan.inChannels);
  const place = panelBytes(plan.inChannels);
  const first = panelAfter(plan, start);
  let to = panels + first * placeCount(plan.tileSize) * place;
  for (let panel = first; panel < panelAfter(plan, start + count); panel++, to += placeCount(plan.tileSize) * place) {
    packTaps(plan, filter, panel);
    for (let q: usize = 0; q < tap; q += VEC) {
      const p = taps + q;
      if (plan.tileSize == 4) {
        const lines = linesAt(plan);
        transformFilterLines(p, 3 * tap, tap, lines, 3 * VEC, VEC, 3);
        transformFilterLines(lines, VEC, 3 * VEC, to + q, place, 6 * place, 6);
        continue;
      }
      const g00 = loadVec(p);
      const g01 = loadVec(p + tap);
      const g02 = loadVec(p + 2 * tap);
      const g10 = loadVec(p + 3 * tap);
      const g11 = loadVec(p + 4 * tap);
      const g12 = loadVec(p + 5 * tap);
      const g20 = loadVec(p + 6 * tap);
      const g21 = loadVec(p + 7 * tap);
      const g22 = loadVec(p + 8 * tap);
      const s0 = add(g00, g20);
      const s1 = add(g01, g21);
      const s2 = add(g02, g22);
      let t = to + q;
      storeTransformed(t, place, g00, g01, g02);
      t += 4 * place;
      storeTransformed(t, place, half(add(s0, g10)), half(add(s1, g11)), half(add(s2, g12)));
      t += 4 * place;
      storeTransformed(t, place, half(sub(s0, g10)), half(sub(s1, g11)), half(sub(s2, g12)));
      t += 4 * place;
      storeTransformed(t, place, g20, g21, g22);
    }
  }
}

/** The first panel that does not belong to the first `rows` rows of tiles. */
function panelAfter(plan: WinogradPlan, rows: u32): u32 {
  return <u32>((<u64>rows * panelCount(plan.outChannels)) / (plan.batch * tileRows(plan)));
}

@inline function storeTransformed(to: usize, place: usize, g0: Vec, g1: Vec, g2: Vec): void {
  const s = add(g0, g2);
  storeVec(to, g0);
  storeVec(to + place, half(add(s, g1)));
  storeVec(to + 2 * place, half(sub(s, g1)));
  storeVec(to + 3 * place, g2);
}

@inline function half(x: Vec): Vec {
  return mul(x, splat(0.5));
}
