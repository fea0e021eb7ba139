/**
 * A WebAssembly assembler: just the instructions that the emitted kernels use, and the binary layout of a module
 * (WebAssembly Core Specification, "Binary Format"). Types are the caller's duty; validation reports a slip at once.
 */

import { lanesOf, type Target } from "./target.ts";

export type ValueType = "i32" | "f32" | "f64" | "v128";

const typeByte = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** Instructions without immediates whose types are fixed. */
const opcodes = {
  i32_eqz: [0x45],
  i32_eq: [0x46],
  i32_ne: [0x47],
  i32_lt_u: [0x49],
  i32_le_u: [0x4d],
  i32_add: [0x6a],
  i32_sub: [0x6b],
  i32_mul: [0x6c],
  i32_div_u: [0x6e],
  i32_and: [0x71],
  i32_or: [0x72],
  i32_shl: [0x74],
  i32_shr_u: [0x76],
  f64_promote_f32: [0xbb],
  f32_demote_f64: [0xb6],
  drop: [0x1a],
  select: [0x1b],
  memory_fill: [0xfc, 0x0b, 0x00],
  memory_copy: [0xfc, 0x0a, 0x00, 0x00],
  v128_and: [0xfd, 0x4e],
  v128_andnot: [0xfd, 0x4f],
  v128_or: [0xfd, 0x50],
  v128_xor: [0xfd, 0x51],
  v128_bitselect: [0xfd, 0x52],
} as const satisfies Record<string, readonly number[]>;

export type Opcode = keyof typeof opcodes;

/** One real, or as many as a vector holds: two f64 or four f32. */
export type Lanes = "one" | "all";

/** Instructions on reals: for each precision the form for one and the form for all lanes. */
const realOpcodes = {
  eq: { f64: { one: [0x61], all: [0xfd, 0x47] }, f32: { one: [0x5b], all: [0xfd, 0x41] } },
  ne: { f64: { one: [0x62], all: [0xfd, 0x48] }, f32: { one: [0x5c], all: [0xfd, 0x42] } },
  lt: { f64: { one: [0x63], all: [0xfd, 0x49] }, f32: { one: [0x5d], all: [0xfd, 0x43] } },
  gt: { f64: { one: [0x64], all: [0xfd, 0x4a] }, f32: { one: [0x5e], all: [0xfd, 0x44] } },
  le: { f64: { one: [0x65], all: [0xfd, 0x4b] }, f32: { one: [0x5f], all: [0xfd, 0x45] } },
  abs: { f64: { one: [0x99], all: [0xfd, 0xec, 0x01] }, f32: { one: [0x8b], all: [0xfd, 0xe0, 0x01] } },
  neg: { f64: { one: [0x9a], all: [0xfd, 0xed, 0x01] }, f32: { one: [0x8c], all: [0xfd, 0xe1, 0x01] } },
  sqrt: { f64: { one: [0x9f], all: [0xfd, 0xef, 0x01] }, f32: { one: [0x91], all: [0xfd, 0xe3, 0x01] } },
  nearest: { f64: { one: [0x9e], all: [0xfd, 0x94, 0x01] }, f32: { one: [0x90], all: [0xfd, 0x6a] } },
  add: { f64: { one: [0xa0], all: [0xfd, 0xf0, 0x01] }, f32: { one: [0x92], all: [0xfd, 0xe4, 0x01] } },
  sub: { f64: { one: [0xa1], all: [0xfd, 0xf1, 0x01] }, f32: { one: [0x93], all: [0xfd, 0xe5, 0x01] } },
  mul: { f64: { one: [0xa2], all: [0xfd, 0xf2, 0x01] }, f32: { one: [0x94], all: [0xfd, 0xe6, 0x01] } },
  div: { f64: { one: [0xa3], all: [0xfd, 0xf3, 0x01] }, f32: { one: [0x95], all: [0xfd, 0xe7, 0x01] } },
  min: { f64: { one: [0xa4], all: [0xfd, 0xf4, 0x01] }, f32: { one: [0x96], all: [0xfd, 0xe8, 0x01] } },
  max: { f64: { one: [0xa5], all: [0xfd, 0xf5, 0x01] }, f32: { one: [0x97], all: [0xfd, 0xe9, 0x01] } },
} as const satisfies Record<string, Record<Precision, Record<Lanes, readonly number[]>>>;

export type RealOpcode = keyof typeof realOpcodes;

/** Instructions on reals that have one form; those on integers work on lanes as wide as the reals. */
const typedOpcodes = {
  copysign: { f64: [0xa6], f32: [0x98] },
  convert_i32_u: { f64: [0xb8], f32: [0xb3] },
  /** A real to the nearest lower i32, saturating. */
  trunc_sat_u: { f64: [0xfc, 0x03], f32: [0xfc, 0x01] },
  splat: { f64: [0xfd, 0x14], f32: [0xfd, 0x13] },
  int_shl: { f64: [0xfd, 0xcb, 0x01], f32: [0xfd, 0xab, 0x01] },
  int_shr_s: { f64: [0xfd, 0xcc, 0x01], f32: [0xfd, 0xac, 0x01] },
  int_add: { f64: [0xfd, 0xce, 0x01], f32: [0xfd, 0xae, 0x01] },
  int_sub: { f64: [0xfd, 0xd1, 0x01], f32: [0xfd, 0xb1, 0x01] },
  /** The smaller, the larger of two; the first where one is NaN or both are zero: one instruction where `min` takes many. */
  pmin: { f64: [0xfd, 0xf6, 0x01], f32: [0xfd, 0xea, 0x01] },
  pmax: { f64: [0xfd, 0xf7, 0x01], f32: [0xfd, 0xeb, 0x01] },
  relaxed_madd: { f64: [0xfd, 0x87, 0x02], f32: [0xfd, 0x85, 0x02] },
  relaxed_nmadd: { f64: [0xfd, 0x88, 0x02], f32: [0xfd, 0x86, 0x02] },
} as const satisfies Record<string, Record<Precision, readonly number[]>>;

export type TypedOpcode = keyof typeof typedOpcodes;

type Precision = Target["precision"];

const loads = {
  i32: { f64: [0x28], f32: [0x28] },
  one: { f64: [0x2b], f32: [0x2a] },
  all: { f64: [0xfd, 0x00], f32: [0xfd, 0x00] },
  splat: { f64: [0xfd, 0x0a], f32: [0xfd, 0x09] },
} as const satisfies Record<string, Record<Precision, readonly number[]>>;

const stores = {
  one: { f64: [0x39], f32: [0x38] },
  all: { f64: [0xfd, 0x0b], f32: [0xfd, 0x0b] },
} as const satisfies Record<Lanes, Record<Precision, readonly number[]>>;

const laneOpcodes = { get: { f64: 0x21, f32: 0x1f }, set: { f64: 0x22, f32: 0x20 } } as const;

/** Bytes under construction. */
interface Bytes {
  readonly byte: (value: number) => void;
  readonly all: (values: ArrayLike<number>) => void;
  /** LEB128. */
  readonly unsigned: (value: number) => void;
  readonly signed: (value: number) => void;
  readonly real: (precision: Precision, value: number) => void;
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
  const real = (precision: Precision, value: number): void => {
    reserve(8);
    const view = new DataView(bytes.buffer);
    if (precision === "f64") view.setFloat64(length, value, true);
    else view.setFloat32(length, value, true);
    length += precision === "f64" ? 8 : 4;
  };
  const counted = (values: ArrayLike<number>): void => {
    unsigned(values.length);
    all(values);
  };
  return { byte, all, unsigned, signed, real, counted, view: () => bytes.slice(0, length) };
}

/** One function under construction. Instructions are appended in order. Reals have the target's precision. */
export interface Code {
  readonly target: Target;
  readonly local: (type: ValueType | "real") => number;
  readonly op: (name: Opcode) => void;
  readonly real: (lanes: Lanes, name: RealOpcode) => void;
  readonly typed: (name: TypedOpcode) => void;
  readonly i32: (value: number) => void;
  readonly number: (lanes: Lanes, value: number) => void;
  /** A vector constant, lane by lane. */
  readonly vector: (values: readonly number[]) => void;
  readonly get: (local: number) => void;
  readonly set: (local: number) => void;
  readonly tee: (local: number) => void;
  /** Address on the stack; `offset` in bytes. `splat` loads one real into all lanes. */
  readonly load: (type: keyof typeof loads, offset?: number) => void;
  readonly store: (lanes: Lanes, offset?: number) => void;
  readonly lane: (lane: number) => void;
  readonly replaceLane: (lane: number) => void;
  readonly call: (functionIndex: number) => void;
  /** Runs the body, then again while the condition that it leaves on the stack is not zero. */
  readonly repeat: (body: () => void) => void;
  /** Runs the body if the condition on the stack is not zero, else the other one. */
  readonly when: (body: () => void, otherwise?: () => void) => void;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  /** The function's entry in the code section. */
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

export function createCode(target: Target, parameters: readonly ValueType[], result?: ValueType): Code {
  const { precision } = target;
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
  const vector = (values: readonly number[]): void => {
    body.all([0xfd, 0x0c]);
    for (const value of values) body.real(precision, value);
  };
  return {
    target,
    parameters,
    result,
    local: (type) => parameters.length + locals.push(type === "real" ? precision : type) - 1,
    op: (name) => body.all(opcodes[name]),
    real: (lanes, name) => body.all(realOpcodes[name][precision][lanes]),
    typed: (name) => body.all(typedOpcodes[name][precision]),
    i32: (value) => {
      body.byte(0x41);
      body.signed(value);
    },
    number: (lanes, value) => {
      if (lanes === "all") return vector(Array.from({ length: lanesOf[precision] }, () => value));
      body.byte(precision === "f64" ? 0x44 : 0x43);
      body.real(precision, value);
    },
    vector,
    get: local(0x20),
    set: local(0x21),
    tee: local(0x22),
    load: (type, offset = 0) => memory(loads[type][precision], 2, offset),
    store: (lanes, offset = 0) => memory(stores[lanes][precision], 2, offset),
    lane: (lane) => body.all([0xfd, laneOpcodes.get[precision], lane]),
    replaceLane: (lane) => body.all([0xfd, laneOpcodes.set[precision], lane]),
    call: local(0x10),
    repeat: (inner) => {
      body.all([0x03, 0x40]);
      inner();
      body.all([0x0d, 0x00, 0x0b]);
    },
    when: (inner, otherwise) => {
      body.all([0x04, 0x40]);
      inner();
      if (otherwise !== undefined) {
        body.byte(0x05);
        otherwise();
      }
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

/** A function that the module exports under its name. */
export interface ExportedFunction {
  readonly name: string;
  readonly code: Code;
}

/** 4 GiB, in pages: a shared memory must say how far it may grow. */
export const largestPages = 65_536;

/**
 * The module's bytes. Imports come from the namespace `host`: `memory`, then the functions, which have the indices 0, 1, ... in
 * `call`; exported functions follow.
 */
export function assembleModule(
  target: Target,
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
    if (imported === undefined) {
      out.byte(0x02);
      if (!target.shared) return out.all([0x00, 0x00]);
      out.all([0x03, 0x00]);
      return out.unsigned(largestPages);
    }
    out.byte(0x00);
    out.unsigned(typeIndex(imported.parameters, [imported.result]));
  });
  const functionSection = section(3, functions, (out, { code }) =>
    out.unsigned(typeIndex(code.parameters, code.result === undefined ? [] : [code.result])),
  );
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
