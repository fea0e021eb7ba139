/**
 * Convolutions as matrix products: the windows of an image side by side, each a row of as many numbers as the kernel has, times the
 * kernel as a matrix. Images are their numbers on the last axis: rows from the top, and the channels of a pixel together.
 */
import type { Convolution, Image } from "../check/images.ts";
import { type Graph, gather, literal, reshape } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { sizeOf } from "../ir/size.ts";

export const pixelsOf = ({ height, width }: Image): number => height * width;

/** [..., height · width · channels] to [..., windows, kernel · kernel · channels] */
export function windows(g: Graph, x: Node, convolution: Convolution): Node {
  const { from, to, kernel } = convolution;
  const index = literal(g, places(convolution), [sizeOf(pixelsOf(to) * kernel ** 2 * from.channels)]);
  const last = x.shape.length - 1;
  const taken = gather(g, x, index, last);
  return reshape(g, taken, [...x.shape.slice(0, last), sizeOf(pixelsOf(to)), sizeOf(kernel ** 2 * from.channels)]);
}

/** [..., pixels, channels] to one axis for both. */
export const flattened = (g: Graph, x: Node, image: Image): Node =>
  reshape(g, x, [...x.shape.slice(0, -2), sizeOf(pixelsOf(image) * image.channels)]);

/** Where the numbers of every window stand. */
function places({ from, to, kernel, stride }: Convolution): Float64Array {
  const all: number[] = [];
  for (let top = 0; top < to.height; top += 1)
    for (let left = 0; left < to.width; left += 1)
      for (let row = 0; row < kernel; row += 1)
        for (let column = 0; column < kernel; column += 1)
          for (let channel = 0; channel < from.channels; channel += 1)
            all.push(((top * stride + row) * from.width + left * stride + column) * from.channels + channel);
  return Float64Array.from(all);
}
