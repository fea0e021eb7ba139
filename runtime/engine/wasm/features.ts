/** What this host's WebAssembly has, found out by asking whether a module of one instruction is valid. */

export function hasSimd(): boolean {
  return WebAssembly.validate(moduleOf(splat));
}

/** Multiply-adds that may round once instead of twice. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(moduleOf([...splat, ...splat, ...splat, 0xfd, 0x87, 0x02]));
}

/** i32.const 0, i8x16.splat */
const splat = [0x41, 0x00, 0xfd, 0x0f];

/** A module of one function, which returns the vector that the code leaves. */
function moduleOf(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0x00, ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, body.length + 2, 0x01, body.length, ...body],
  ]);
}
