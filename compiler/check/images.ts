/** Images that convolutional families look at: their sizes from layer to layer, and whether a map has such a family. */

import { constantSize, oneSize } from "../ir/size.ts";
import { type FamilySettings, settingsOf } from "./family-settings.ts";
import type { Family } from "./model.ts";
import type { MapType } from "./types.ts";

/** Row by row from the top, the channels of a pixel side by side. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Windows of size × size pixels that move over an image by the stride. */
export interface Windows {
  readonly from: Image;
  readonly size: number;
  readonly stride: number;
  /** Rows of zeros above the image and columns of zeros to its left, which the first windows begin with. */
  readonly above: number;
  readonly before: number;
  /** How many windows there are from top to bottom, and from left to right. */
  readonly down: number;
  readonly across: number;
}

/** A convolution, whose windows give the pixels of `to`, and what then makes one pixel of each window of those. */
export interface Convolution {
  readonly windows: Windows;
  readonly to: Image;
  readonly pool?: { readonly by: string; readonly windows: Windows };
}

/** What the layers after it see. */
export const givenBy = ({ to, pool }: Convolution): Image =>
  pool === undefined ? to : { height: pool.windows.down, width: pool.windows.across, channels: to.channels };

type Sizes = Pick<FamilySettings, "image" | "channels" | "kernel" | "stride" | "padding" | "pool" | "pool_size">;

/** The convolutions in order; fewer than there are channels asked for where an image gets smaller than the windows. */
export function convolutionsOf(settings: Sizes): readonly Convolution[] {
  const { image, channels, kernel, stride, padding, pool, pool_size } = settings;
  const [height = 0, width = 0, depth = 1] = image;
  let from: Image = { height, width, channels: depth };
  const convolutions: Convolution[] = [];
  for (const own of channels) {
    const windows = windowsOf(from, kernel, stride, padding === "same");
    const to = { height: windows.down, width: windows.across, channels: own };
    const pooled = { by: pool, windows: windowsOf(to, pool_size, pool_size, false) };
    const convolution = { windows, to, ...(pool !== "none" && { pool: pooled }) };
    from = givenBy(convolution);
    if (Math.min(from.height, from.width) < 1) return convolutions;
    convolutions.push(convolution);
  }
  return convolutions;
}

/** Whole windows only; or, padded, ⌈length / stride⌉ of them, with as many zeros on either side, an odd one at the end. */
function windowsOf(from: Image, size: number, stride: number, isPadded: boolean): Windows {
  const [down, above] = placed(from.height, size, stride, isPadded);
  const [across, before] = placed(from.width, size, stride, isPadded);
  return { from, size, stride, above, before, down, across };
}

function placed(
  length: number,
  size: number,
  stride: number,
  isPadded: boolean,
): readonly [count: number, first: number] {
  if (!isPadded) return [Math.max(0, Math.floor((length - size) / stride) + 1), 0];
  const count = Math.ceil(length / stride);
  return [count, Math.floor(Math.max(0, (count - 1) * stride + size - length) / 2)];
}

/** What is wrong with the image of a map's family, and what to do about it. */
export function imageMistake(type: MapType, family: Family): readonly [string, string] | undefined {
  if (family.name !== "conv") return undefined;
  const settings = settingsOf(family);
  const { image, channels } = settings;
  if (image.length < 2 || image.length > 3)
    return ["conv needs the size of its images", "write image: [28, 28], or [28, 28, 3] with three channels"];
  const entries = image.reduce((a, b) => a * b, 1);
  const [from] = type.from;
  if (type.from.length !== 1 || from?.shape.length !== 1 || constantSize(from.shape[0] ?? oneSize) !== entries)
    return [
      `an image of ${image.join(" × ")} is ${entries} numbers, and the map takes something else`,
      `declare it as real[${entries}] -> ...`,
    ];
  const made = convolutionsOf(settings).length;
  return made === channels.length
    ? undefined
    : [
        `the image is smaller than the windows after ${made} of ${channels.length} convolutions`,
        "take fewer channels, a smaller kernel or stride, padding: same, or no pool",
      ];
}
