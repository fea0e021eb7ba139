/**
 * A WebAssembly assembler: just the instructions that the emitted kernels use, and the binary layout of a module
 * (WebAssembly Core Specification, "Binary Format"). Types are the caller's duty; validation reports a slip at once.
 */

export type ValueType = "i32" | "f64" | "v128";

const typeByte = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** Instructions without immediates. */
const opcodes = {
  i32_eq: [0x46],
  i32_lt_u: [0x49],
  i32_add: [0x6a],
  i32_sub: [0x6b],
  i32_mul: [0x6c],
  i32_shl: [0x74],
  i32_shr_u: [0x76],
  i32_and: [0x71],
  i32_or: [0x72],
  i32_trunc_sat_f64_u: [0xfc, 0x03],
  f64_convert_i32_u: [0xb8],
  f64_eq: [0x61],
  f64_ne: [0x62],
  f64_lt: [0x63],
  f64_gt: [0x64],
  f64_le: [0x65],
  f64_abs: [0x99],
  f64_neg: [0x9a],
  f64_sqrt: [0x9f],
  f64_add: [0xa0],
  f64_sub: [0xa1],
  f64_mul: [0xa2],
  f64_div: [0xa3],
  f64_min: [0xa4],
  f64_max: [0xa5],
  f64_copysign: [0xa6],
  select: [0x1b],
  memory_fill: [0xfc, 0x0b, 0x00],
  f64x2_splat: [0xfd, 0x14],
  f64x2_eq: [0xfd, 0x47],
  f64x2_ne: [0xfd, 0x48],
  f64x2_lt: [0xfd, 0x49],
  f64x2_gt: [0xfd, 0x4a],
  f64x2_le: [0xfd, 0x4b],
  v128_and: [0xfd, 0x4e],
  v128_or: [0xfd, 0x50],
  v128_bitselect: [0xfd, 0x52],
  f64x2_nearest: [0xfd, 0x94, 0x01],
  i64x2_shl: [0xfd, 0xcb, 0x01],
  i64x2_add: [0xfd, 0xce, 0x01],
  i64x2_sub: [0xfd, 0xd1, 0x01],
  f64x2_abs: [0xfd, 0xec, 0x01],
  f64x2_neg: [0xfd, 0xed, 0x01],
  f64x2_sqrt: [0xfd, 0xef, 0x01],
  f64x2_add: [0xfd, 0xf0, 0x01],
  f64x2_sub: [0xfd, 0xf1, 0x01],
  f64x2_mul: [0xfd, 0xf2, 0x01],
  f64x2_div: [0xfd, 0xf3, 0x01],
  f64x2_min: [0xfd, 0xf4, 0x01],
  f64x2_max: [0xfd, 0xf5, 0x01],
} as const satisfies Record<string, readonly number[]>;

export type Opcode = keyof typeof opcodes;

const loads = { i32: [0x28], f64: [0x2b], v128: [0xfd, 0x00], splat: [0xfd, 0x0a] } as const;
const stores = { f64: [0x39], v128: [0xfd, 0x0b] } as const;

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit number. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

/** One function under construction. Instructions are appended in order. */
export interface Code {
  readonly local: (type: ValueType) => number;
  readonly op: (name: Opcode) => void;
  readonly i32: (value: number) => void;
  readonly f64: (value: number) => void;
  /** The two lanes of a vector constant. */
  readonly v128: (low: number, high: number) => void;
  readonly get: (local: number) => void;
  readonly set: (local: number) => void;
  readonly tee: (local: number) => void;
  /** Address on the stack; `offset` in bytes. `splat` loads one f64 into both lanes. */
  readonly load: (type: keyof typeof loads, offset?: number) => void;
  readonly store: (type: keyof typeof stores, offset?: number) => void;
  readonly lane: (lane: 0 | 1) => void;
  readonly replaceLane: (lane: 0 | 1) => void;
  readonly call: (functionIndex: number) => void;
  /** Runs the body, then again while the condition that it leaves on the stack is not zero. */
  readonly repeat: (body: () => void) => void;
  /** Runs the body if the condition on the stack is not zero. */
  readonly when: (body: () => void) => void;
  readonly parameters: readonly ValueType[];
  readonly finish: () => readonly number[];
}

export function createCode(parameters: readonly ValueType[]): Code {
  const bytes: number[] = [];
  const locals: ValueType[] = [];
  const emit = (...more: readonly number[]): void => {
    for (const byte of more) bytes.push(byte);
  };
  return {
    parameters,
    local: (type) => parameters.length + locals.push(type) - 1,
    op: (name) => emit(...opcodes[name]),
    i32: (value) => emit(0x41, ...signed(value)),
    f64: (value) => emit(0x44, ...float64(value)),
    v128: (low, high) => emit(0xfd, 0x0c, ...float64(low), ...float64(high)),
    get: (local) => emit(0x20, ...unsigned(local)),
    set: (local) => emit(0x21, ...unsigned(local)),
    tee: (local) => emit(0x22, ...unsigned(local)),
    load: (type, offset = 0) => emit(...loads[type], type === "i32" ? 2 : 3, ...unsigned(offset)),
    store: (type, offset = 0) => emit(...stores[type], 3, ...unsigned(offset)),
    lane: (lane) => emit(0xfd, 0x21, lane),
    replaceLane: (lane) => emit(0xfd, 0x22, lane),
    call: (functionIndex) => emit(0x10, ...unsigned(functionIndex)),
    repeat: (body) => {
      emit(0x03, 0x40);
      body();
      emit(0x0d, 0x00, 0x0b);
    },
    when: (body) => {
      emit(0x04, 0x40);
      body();
      emit(0x0b);
    },
    finish: () => {
      const declarations = locals.flatMap((type) => [1, typeByte[type]]);
      const body = [...unsigned(locals.length), ...declarations, ...bytes, 0x0b];
      return [...unsigned(body.length), ...body];
    },
  };
}

export interface ImportedFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
}

/** A function that the module exports under its name, without results. */
export interface ExportedFunction {
  readonly name: string;
  readonly code: Code;
}

/**
 * The module's bytes. Imports come from the namespace `host`: `memory`, then the functions, which have the indices 0, 1, ... in
 * `call`; exported functions follow.
 */
export function assembleModule(imports: readonly ImportedFunction[], functions: readonly ExportedFunction[]): Uint8Array<ArrayBuffer> {
  const signatures: string[] = [];
  const types: number[][] = [];
  const typeIndex = (parameters: readonly ValueType[], result?: ValueType): number => {
    const key = `${parameters.join()}>${result ?? ""}`;
    if (!signatures.includes(key)) {
      signatures.push(key);
      types.push([
        0x60,
        ...vector(parameters.map((type) => [typeByte[type]])),
        ...vector(result === undefined ? [] : [[typeByte[result]]]),
      ]);
    }
    return signatures.indexOf(key);
  };
  const imported = [
    [...text("host"), ...text("memory"), 0x02, 0x00, 0x00],
    ...imports.map(({ name, parameters, result }) => [...text("host"), ...text(name), 0x00, ...unsigned(typeIndex(parameters, result))]),
  ];
  const declared = functions.map(({ code }) => unsigned(typeIndex(code.parameters)));
  const exported = functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(imports.length + i)]);
  return Uint8Array.from(
    [
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, vector(types)),
      section(2, vector(imported)),
      section(3, vector(declared)),
      section(7, vector(exported)),
      section(10, vector(functions.map(({ code }) => code.finish()))),
    ].flat(),
  );
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
const text = (name: string): number[] => vector([...new TextEncoder().encode(name)].map((byte) => [byte]));
