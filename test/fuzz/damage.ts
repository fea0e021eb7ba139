import fc from "fast-check";

/** Good bytes with some of them changed, and cut off somewhere. */
export function damaged(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
  return fc.tuple(changes, fc.option(fc.nat(good.length), { freq: 3 })).map(([places, end]) => {
    const bytes = good.slice(0, end ?? good.length);
    for (const [at, byte] of places) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });
}
