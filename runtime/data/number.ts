/** Reads one cell's number from its bytes. Most cells never become a string. */

/** Powers of ten that a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const utf8 = new TextDecoder();

/** Space, tab, carriage return. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === 13;
}

/**
 * The correctly rounded value of a decimal number (sign, digits with a point, exponent; blanks around it) in
 * bytes[start, end); NaN for anything else. A mantissa below 2^53 times or over an exact power of ten is one rounding,
 * so it is exact; longer ones go to the host's parser.
 */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;

  let at = start;
  const negative = bytes[at] === 45;
  if (negative || bytes[at] === 43) at++;

  let mantissa = 0;
  const wholeStart = at;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  let digits = at - wholeStart;
  let exponent = 0;
  if (at < end && bytes[at] === 46) {
    const fractionStart = ++at;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    exponent = fractionStart - at;
    digits -= exponent;
  }
  if (digits === 0) return NaN;

  if (at < end && ((bytes[at] ?? 0) | 32) === 101) {
    at++;
    const down = bytes[at] === 45;
    if (down || bytes[at] === 43) at++;
    const exponentStart = at;
    let written = 0;
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      written = written * 10 + digit;
    }
    if (at === exponentStart) return NaN;
    exponent += down ? -written : written;
  }
  if (at !== end) return NaN;

  if (mantissa > Number.MAX_SAFE_INTEGER || exponent > 22 || exponent < -22) {
    return Number(utf8.decode(bytes.subarray(start, end)));
  }
  const value = exponent < 0 ? mantissa / (powers[-exponent] ?? NaN) : mantissa * (powers[exponent] ?? NaN);
  return negative ? -value : value;
}
