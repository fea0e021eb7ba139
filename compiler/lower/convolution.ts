/**
 * Convolutions as matrix products: the windows of an image side by side, each a row of as many numbers as the kernel has, times the
 * kernel as a matrix. Images are their numbers on the last axis: rows from the top, and the channels of a pixel together.
 */
import { type Convolution, givenBy, type Image, type Windows } from "../check/images.ts";
import { add, type Graph, gather, literal, map, reshape, scatter } from "../ir/graph.ts";
import type { Node } from "../ir/node.ts";
import { sizeOf } from "../ir/size.ts";

const pixelsOf = ({ height, width }: Image): number => height * width;

/** Numbers that a layer after the convolution sees. */
export const entriesAfter = (convolution: Convolution): number => {
  const given = givenBy(convolution);
  return pixelsOf(given) * given.channels;
};

export const windowCount = ({ down, across }: Windows): number => down * across;

/** Numbers in a window. */
export const windowEntries = ({ size, from }: Windows): number => size ** 2 * from.channels;

/** [..., height · width · channels] to [..., windows, size · size · channels] */
export function seenIn(g: Graph, x: Node, windows: Windows): Node {
  const last = x.shape.length - 1;
  const { image, frame } = framed(g, x, windows);
  const index = literal(g, places(windows, frame), [sizeOf(windowCount(windows) * windowEntries(windows))]);
  const shape = [...x.shape.slice(0, last), sizeOf(windowCount(windows)), sizeOf(windowEntries(windows))];
  return reshape(g, gather(g, image, index, last), shape);
}

/** [..., pixels, channels] of what a convolution gives, one pixel for each window of its pool, and one axis for both. */
export function pooled(g: Graph, x: Node, convolution: Convolution): Node {
  const flat = (node: Node): Node => reshape(g, node, [...node.shape.slice(0, -2), sizeOf(entriesAfter(convolution))]);
  const { to, pool } = convolution;
  if (pool === undefined) return flat(x);
  const pixels = places(pool.windows, { ...to, channels: 1 });
  const square = pool.windows.size ** 2;
  const parts = Array.from({ length: square }, (_, k) => {
    const index = pixels.filter((_, i) => i % square === k);
    return gather(g, x, literal(g, index, [sizeOf(index.length)]), x.shape.length - 2);
  });
  const average = (): Node =>
    add(
      g,
      parts.map(() => 1 / square),
      parts,
    );
  return flat(pool.by === "max" ? parts.reduce((most, part) => larger(g, most, part)) : average());
}

/** max(a, b) = a + relu(b − a), with relu's derivative where they are equal. */
const larger = (g: Graph, a: Node, b: Node): Node => add(g, [1, 1], [a, map(g, "relu", add(g, [1, -1], [b, a]))]);

/** The image inside a frame of zeros that all windows fit into. */
function framed(g: Graph, x: Node, windows: Windows): { readonly image: Node; readonly frame: Image } {
  const { from, size, stride, above, before, down, across } = windows;
  const frame = {
    height: Math.max(above + from.height, (down - 1) * stride + size),
    width: Math.max(before + from.width, (across - 1) * stride + size),
    channels: from.channels,
  };
  if (pixelsOf(frame) === pixelsOf(from)) return { image: x, frame };
  const index = Float64Array.from({ length: pixelsOf(from) * from.channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / from.channels), i % from.channels];
    const [row, column] = [Math.floor(pixel / from.width) + above, (pixel % from.width) + before];
    return (row * frame.width + column) * from.channels + channel;
  });
  const entries = sizeOf(pixelsOf(frame) * from.channels);
  return { image: scatter(g, x, literal(g, index, [sizeOf(index.length)]), x.shape.length - 1, entries), frame };
}

/** Where the numbers of every window stand in the frame. */
function places({ size, stride, down, across }: Windows, { width, channels }: Image): Float64Array {
  const all: number[] = [];
  for (let top = 0; top < down; top += 1)
    for (let left = 0; left < across; left += 1)
      for (let row = 0; row < size; row += 1)
        for (let column = 0; column < size; column += 1)
          for (let channel = 0; channel < channels; channel += 1)
            all.push(((top * stride + row) * width + left * stride + column) * channels + channel);
  return Float64Array.from(all);
}
