/** Images that convolutional families look at: their sizes from layer to layer, and whether a map has such a family. */

import { constantSize, oneSize } from "../ir/size.ts";
import type { Family, OptionValue } from "./model.ts";
import type { MapType } from "./types.ts";

/** Row by row from the top, the channels of a pixel side by side. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A convolution: the windows of `from` give the pixels of `to`. */
export interface Convolution {
  readonly from: Image;
  readonly to: Image;
  readonly kernel: number;
  readonly stride: number;
}

/** The convolutions in order; fewer than there are channels asked for where an image gets smaller than the windows. */
export function convolutionsOf(
  image: readonly number[],
  channels: readonly number[],
  kernel: number,
  stride: number,
): readonly Convolution[] {
  const [height = 0, width = 0, depth = 1] = image;
  let from: Image = { height, width, channels: depth };
  const convolutions: Convolution[] = [];
  for (const own of channels) {
    if (Math.min(from.height, from.width) < kernel) return convolutions;
    const windows = (length: number): number => Math.floor((length - kernel) / stride) + 1;
    const to = { height: windows(from.height), width: windows(from.width), channels: own };
    convolutions.push({ from, to, kernel, stride });
    from = to;
  }
  return convolutions;
}

/** What is wrong with the image of a map's family, and what to do about it. */
export function imageMistake(type: MapType, { name, options }: Family): readonly [string, string] | undefined {
  if (name !== "conv") return undefined;
  const counts = (key: string, fallback: readonly number[]): readonly number[] => {
    const value = options.get(key);
    return value?.kind === "list" ? value.items.map(countOf) : value === undefined ? fallback : [countOf(value)];
  };
  const image = counts("image", []);
  if (image.length < 2 || image.length > 3)
    return ["conv needs the size of its images", "write image: [28, 28], or [28, 28, 3] with three channels"];
  const entries = image.reduce((a, b) => a * b, 1);
  const [from] = type.from;
  if (type.from.length !== 1 || from?.shape.length !== 1 || constantSize(from.shape[0] ?? oneSize) !== entries)
    return [
      `an image of ${image.join(" × ")} is ${entries} numbers, and the map takes something else`,
      `declare it as real[${entries}] -> ...`,
    ];
  const channels = counts("channels", [16, 16]);
  const [kernel = 3] = counts("kernel", [3]);
  const [stride = 1] = counts("stride", [1]);
  const made = convolutionsOf(image, channels, kernel, stride).length;
  return made === channels.length
    ? undefined
    : [
        `the image is smaller than the windows after ${made} of ${channels.length} convolutions`,
        "take fewer channels, a smaller kernel or a smaller stride",
      ];
}

const countOf = (value: OptionValue): number => (value.kind === "number" ? value.value : 0);
