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

/** Bytes under construction. */
interface Bytes {
  readonly byte: (value: number) => void;
  readonly all: (values: ArrayLike<number>) => void;
  /** LEB128. */
  readonly unsigned: (value: number) => void;
  readonly signed: (value: number) => void;
  readonly f64: (value: number) => void;
  /** A name, or anything else that its length precedes. */
  readonly counted: (values: ArrayLike<number>) => void;
  /** What was written so far. */
  readonly view: () => Uint8Array<ArrayBuffer>;
}

function createBytes(): Bytes {
  let bytes = new Uint8Array(256);
  let length = 0;
  const reserve = (more: number): void => {
    if (length + more <= bytes.length) return;
    const larger = new Uint8Array(2 * (length + more));
    larger.set(bytes);
    bytes = larger;
  };
  const byte = (value: number): void => {
    reserve(1);
    bytes[length] = value;
    length += 1;
  };
  const all = (values: ArrayLike<number>): void => {
    reserve(values.length);
    bytes.set(values, length);
    length += values.length;
  };
  const unsigned = (value: number): void => {
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) byte((rest & 0x7f) | 0x80);
    byte(rest);
  };
  const signed = (value: number): void => {
    let rest = value | 0;
    for (; rest < -0x40 || rest > 0x3f; rest >>= 7) byte((rest & 0x7f) | 0x80);
    byte(rest & 0x7f);
  };
  const f64 = (value: number): void => {
    reserve(8);
    new DataView(bytes.buffer).setFloat64(length, value, true);
    length += 8;
  };
  const counted = (values: ArrayLike<number>): void => {
    unsigned(values.length);
    all(values);
  };
  return { byte, all, unsigned, signed, f64, counted, view: () => bytes.slice(0, length) };
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
  /** The function's entry in the code section. */
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

export function createCode(parameters: readonly ValueType[]): Code {
  const body = createBytes();
  const locals: ValueType[] = [];
  const memory = (instruction: readonly number[], alignment: number, offset: number): void => {
    body.all(instruction);
    body.byte(alignment);
    body.unsigned(offset);
  };
  const local =
    (instruction: number) =>
    (index: number): void => {
      body.byte(instruction);
      body.unsigned(index);
    };
  return {
    parameters,
    local: (type) => parameters.length + locals.push(type) - 1,
    op: (name) => body.all(opcodes[name]),
    i32: (value) => {
      body.byte(0x41);
      body.signed(value);
    },
    f64: (value) => {
      body.byte(0x44);
      body.f64(value);
    },
    v128: (low, high) => {
      body.all([0xfd, 0x0c]);
      body.f64(low);
      body.f64(high);
    },
    get: local(0x20),
    set: local(0x21),
    tee: local(0x22),
    load: (type, offset = 0) => memory(loads[type], type === "i32" ? 2 : 3, offset),
    store: (type, offset = 0) => memory(stores[type], 3, offset),
    lane: (lane) => body.all([0xfd, 0x21, lane]),
    replaceLane: (lane) => body.all([0xfd, 0x22, lane]),
    call: local(0x10),
    repeat: (inner) => {
      body.all([0x03, 0x40]);
      inner();
      body.all([0x0d, 0x00, 0x0b]);
    },
    when: (inner) => {
      body.all([0x04, 0x40]);
      inner();
      body.byte(0x0b);
    },
    finish: () => {
      const entry = createBytes();
      entry.unsigned(locals.length);
      for (const type of locals) entry.all([1, typeByte[type]]);
      entry.all(body.view());
      entry.byte(0x0b);
      return entry.view();
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
export function assembleModule(
  imports: readonly ImportedFunction[],
  functions: readonly ExportedFunction[],
): Uint8Array<ArrayBuffer> {
  const signatures: {
    readonly key: string;
    readonly parameters: readonly ValueType[];
    readonly results: readonly ValueType[];
  }[] = [];
  const typeIndex = (parameters: readonly ValueType[], results: readonly ValueType[]): number => {
    const key = `${parameters.join()}>${results.join()}`;
    const known = signatures.findIndex((signature) => signature.key === key);
    return known >= 0 ? known : signatures.push({ key, parameters, results }) - 1;
  };
  const types = (list: readonly ValueType[]): readonly number[] => list.map((type) => typeByte[type]);

  const importSection = section(2, [undefined, ...imports], (out, imported) => {
    out.counted(text("host"));
    out.counted(text(imported?.name ?? "memory"));
    if (imported === undefined) return out.all([0x02, 0x00, 0x00]);
    out.byte(0x00);
    out.unsigned(typeIndex(imported.parameters, [imported.result]));
  });
  const functionSection = section(3, functions, (out, { code }) => out.unsigned(typeIndex(code.parameters, [])));
  const typeSection = section(1, signatures, (out, { parameters, results }) => {
    out.byte(0x60);
    out.counted(types(parameters));
    out.counted(types(results));
  });
  const exportSection = section(7, functions, (out, { name }, i) => {
    out.counted(text(name));
    out.byte(0x00);
    out.unsigned(imports.length + i);
  });
  const codeSection = section(10, functions, (out, { code }) => out.counted(code.finish()));

  const bytes = createBytes();
  bytes.all([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  for (const each of [typeSection, importSection, functionSection, exportSection, codeSection]) bytes.all(each);
  return bytes.view();
}

function section<T>(id: number, items: readonly T[], write: (out: Bytes, item: T, index: number) => void): Uint8Array {
  const content = createBytes();
  content.unsigned(items.length);
  items.forEach((item, i) => write(content, item, i));
  const whole = createBytes();
  whole.byte(id);
  whole.counted(content.view());
  return whole.view();
}

const text = (name: string): Uint8Array => new TextEncoder().encode(name);
