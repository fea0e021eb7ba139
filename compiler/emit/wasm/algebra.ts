/** Vector algebra as one fixed module: addresses in bytes, lengths in entries, factors and results in the target's precision. */
import { assembleModule, type Code, createCode, type Lanes } from "./assembler.ts";
import { emitLoop, emitWhile } from "./loop.ts";
import { multiplyAdd } from "./polynomial.ts";
import { entryBytes, lanesOf, type Target } from "./target.ts";

/**
 * dot(x, y, n) returns Σ x_i y_i; axpy(a, x, y, n): y ← a x + y; scale(a, x, n): x ← a x; multiply(x, y, out, n): out ← x ∘ y;
 * gather(to, from, stride, count, n): to_i ← Σ_c from_{c, i} with vectors `stride` bytes apart, in order; clear(x, n): x ← 0;
 * copy(x, y, n): y ← x, which may overlap. The host's own ways to these two are slow on shared memory: entry by entry.
 */
export function emitAlgebraModule(target: Target): Uint8Array<ArrayBuffer> {
  return assembleModule(
    target,
    [],
    [
      { name: "dot", code: emitDot(target) },
      { name: "axpy", code: emitAxpy(target) },
      { name: "scale", code: emitScale(target) },
      { name: "multiply", code: emitMultiply(target) },
      { name: "gather", code: emitGather(target) },
      { name: "clear", code: emitClear(target) },
      { name: "copy", code: emitCopy(target) },
    ],
  );
}

const unroll = 4;

/**
 * Runs through n entries with pointers that move along: rounds of `unroll` vectors, then single vectors, then entries. The body
 * gets the lanes, the byte offset from the pointers, and the number of the copy.
 */
function traverse(
  code: Code,
  n: number,
  pointers: readonly number[],
  body: (lanes: Lanes, offset: number, copy: number) => void,
): void {
  const { precision } = code.target;
  const lanes = lanesOf[precision];
  const entry = entryBytes[precision];
  const [i, end] = [code.local("i32"), code.local("i32")];
  const advance = (entries: number): void => {
    for (const pointer of pointers) {
      code.get(pointer);
      code.i32(entries * entry);
      code.op("i32_add");
      code.set(pointer);
    }
  };
  for (const [width, copies] of [
    [unroll * lanes, unroll],
    [lanes, 1],
    [1, 1],
  ] as const) {
    code.get(n);
    code.i32(-width);
    code.op("i32_and");
    code.set(end);
    emitWhile(
      code,
      i,
      () => code.get(end),
      width,
      () => {
        for (let copy = 0; copy < copies; copy += 1) body(width === 1 ? "one" : "all", copy * lanes * entry, copy);
        advance(width);
      },
    );
  }
}

function emitDot(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32"], target.precision);
  const [x, y, n] = [0, 1, 2] as const;
  const sums = Array.from({ length: unroll }, () => code.local("v128"));
  const total = code.local("real");
  traverse(code, n, [x, y], (lanes, offset, copy) => {
    const sum = lanes === "one" ? total : (sums[copy] as number);
    multiplyAdd(
      code,
      lanes,
      () => loadAt(code, x, lanes, offset),
      () => loadAt(code, y, lanes, offset),
      () => code.get(sum),
    );
    code.set(sum);
  });
  const [first, ...others] = sums as [number, ...number[]];
  code.get(first);
  for (const other of others) {
    code.get(other);
    code.real("all", "add");
  }
  code.set(first);
  code.get(total);
  for (let lane = 0; lane < lanesOf[target.precision]; lane += 1) {
    code.get(first);
    code.lane(lane);
    code.real("one", "add");
  }
  return code;
}

function emitAxpy(target: Target): Code {
  const code = createCode(target, [target.precision, "i32", "i32", "i32"]);
  const [a, x, y, n] = [0, 1, 2, 3] as const;
  const factor = spread(code, a);
  traverse(code, n, [x, y], (lanes, offset) => {
    code.get(y);
    multiplyAdd(
      code,
      lanes,
      () => code.get(factor[lanes]),
      () => loadAt(code, x, lanes, offset),
      () => loadAt(code, y, lanes, offset),
    );
    code.store(lanes, offset);
  });
  return code;
}

function emitScale(target: Target): Code {
  const code = createCode(target, [target.precision, "i32", "i32"]);
  const [a, x, n] = [0, 1, 2] as const;
  const factor = spread(code, a);
  traverse(code, n, [x], (lanes, offset) => {
    code.get(x);
    loadAt(code, x, lanes, offset);
    code.get(factor[lanes]);
    code.real(lanes, "mul");
    code.store(lanes, offset);
  });
  return code;
}

function emitMultiply(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32"]);
  const [x, y, out, n] = [0, 1, 2, 3] as const;
  traverse(code, n, [x, y, out], (lanes, offset) => {
    code.get(out);
    loadAt(code, x, lanes, offset);
    loadAt(code, y, lanes, offset);
    code.real(lanes, "mul");
    code.store(lanes, offset);
  });
  return code;
}

function emitGather(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32", "i32", "i32"]);
  const [to, from, stride, count, n] = [0, 1, 2, 3, 4] as const;
  const [part, at] = [code.local("i32"), code.local("i32")];
  const sums = { one: code.local("real"), all: code.local("v128") };
  traverse(code, n, [to, from], (lanes, offset) => {
    const sum = sums[lanes];
    code.get(from);
    code.set(at);
    code.i32(0);
    code.set(part);
    code.number(lanes, 0);
    code.set(sum);
    emitLoop(
      code,
      part,
      () => code.get(count),
      1,
      () => {
        code.get(sum);
        loadAt(code, at, lanes, offset);
        code.real(lanes, "add");
        code.set(sum);
        code.get(at);
        code.get(stride);
        code.op("i32_add");
        code.set(at);
      },
    );
    code.get(to);
    code.get(sum);
    code.store(lanes, offset);
  });
  return code;
}

function emitClear(target: Target): Code {
  const code = createCode(target, ["i32", "i32"]);
  const [x, n] = [0, 1] as const;
  code.get(x);
  code.i32(0);
  bytesOf(code, n);
  code.op("memory_fill");
  return code;
}

function emitCopy(target: Target): Code {
  const code = createCode(target, ["i32", "i32", "i32"]);
  const [x, y, n] = [0, 1, 2] as const;
  code.get(y);
  code.get(x);
  bytesOf(code, n);
  code.op("memory_copy");
  return code;
}

function bytesOf(code: Code, entries: number): void {
  code.get(entries);
  code.i32(entryBytes[code.target.precision]);
  code.op("i32_mul");
}

function loadAt(code: Code, pointer: number, lanes: Lanes, offset: number): void {
  code.get(pointer);
  code.load(lanes, offset);
}

/** A parameter, and a local that holds it in all lanes. */
function spread(code: Code, real: number): Readonly<Record<Lanes, number>> {
  const all = code.local("v128");
  code.get(real);
  code.typed("splat");
  code.set(all);
  return { one: real, all };
}
