/** Sizes from their canonical text: the inverse of `key`. */
import { addSizes, multiplySizes, namedSize, oneSize, type Size, scaleSize, sizeOf } from "./size.ts";

/** `2*n*d - 1`. The text must be a size's key. */
export function readSize(text: string): Size {
  const terms = text.startsWith("-") ? `0 - ${text.slice(1)}` : text;
  const [first = "0", ...rest] = terms.split(/ ([+-]) /);
  let total = readTerm(first);
  for (let i = 0; i < rest.length; i += 2) {
    total = addSizes(total, scaleSize(readTerm(rest[i + 1] as string), rest[i] === "-" ? -1 : 1));
  }
  return total;
}

/** `n, d`: as `showSizes` writes it. */
export function readSizes(text: string): readonly Size[] {
  return text === "" ? [] : text.split(", ").map(readSize);
}

function readTerm(text: string): Size {
  const factors = text.split("*").map((factor) => (/^\d+$/.test(factor) ? sizeOf(Number(factor)) : namedSize(factor)));
  return factors.reduce(multiplySizes, oneSize);
}
