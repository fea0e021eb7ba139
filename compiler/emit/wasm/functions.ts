/**
 * How each scalar function is computed: as instructions, for one entry or two at once, or by a call to the host.
 */
import type { Code, ImportedFunction, Opcode } from "./assembler.ts";
import { emitExponential } from "./exponential.ts";
import type { ScalarFunction } from "./scalar.ts";

/** Pushes an argument. */
export type Push = () => void;

/** Leaves the result on the stack; two lanes: v128 in, v128 out. */
type Inline = (code: Code, lanes: 1 | 2, ...arguments_: readonly Push[]) => void;

type Rule = { readonly inline: Inline } | { readonly host: 1 | 2 };

/** The two forms of an instruction. */
type Arithmetic = "abs" | "neg" | "sqrt" | "add" | "sub" | "mul" | "div" | "min" | "max";
type Comparison = "eq" | "ne" | "lt" | "gt" | "le";

function arithmetic(code: Code, lanes: 1 | 2, name: Arithmetic): void {
  code.op(lanes === 1 ? `f64_${name}` : `f64x2_${name}`);
}

const direct = (name: Arithmetic): Rule => ({
  inline: (code, lanes, ...args) => {
    for (const push of args) push();
    arithmetic(code, lanes, name);
  },
});

export function pushNumber(code: Code, lanes: 1 | 2, value: number): void {
  if (lanes === 1) code.f64(value);
  else code.v128(value, value);
}

/** Leaves a condition: an i32, or a mask of two lanes. */
function compare(code: Code, lanes: 1 | 2, name: Comparison, a: Push, b: Push): void {
  a();
  b();
  code.op((lanes === 1 ? `f64_${name}` : `f64x2_${name}`) satisfies Opcode);
}

/** The condition on the stack as 1 or 0. */
function asReal(code: Code, lanes: 1 | 2): void {
  if (lanes === 1) return code.op("f64_convert_i32_u");
  code.v128(1, 1);
  code.op("v128_and");
}

const comparison = (name: Comparison): Rule => ({
  inline: (code, lanes, a, b) => {
    compare(code, lanes, name, a as Push, b as Push);
    asReal(code, lanes);
  },
});

const truth = (code: Code, lanes: 1 | 2, value: Push): void =>
  compare(code, lanes, "ne", value, () => pushNumber(code, lanes, 0));

const logical = (name: "and" | "or"): Rule => ({
  inline: (code, lanes, a, b) => {
    truth(code, lanes, a as Push);
    truth(code, lanes, b as Push);
    code.op(lanes === 1 ? `i32_${name}` : `v128_${name}`);
    asReal(code, lanes);
  },
});

/** The first value where the condition that `condition` leaves holds, else the second. */
export function choose(code: Code, lanes: 1 | 2, yes: Push, no: Push, condition: Push): void {
  yes();
  no();
  condition();
  code.op(lanes === 1 ? "select" : "v128_bitselect");
}

/** 1 with the argument's sign; 0 and NaN as they are. */
const sign: Inline = (code, lanes, x) => {
  const push = x as Push;
  const signed = (): void => {
    if (lanes === 1) {
      code.f64(1);
      push();
      return code.op("f64_copysign");
    }
    push();
    code.v128(-0, -0);
    code.op("v128_and");
    code.v128(1, 1);
    code.op("v128_or");
  };
  const magnitude = (): void => {
    push();
    arithmetic(code, lanes, "abs");
  };
  choose(code, lanes, signed, push, () => compare(code, lanes, "gt", magnitude, () => pushNumber(code, lanes, 0)));
};

export const rules = {
  add: direct("add"),
  subtract: direct("sub"),
  multiply: direct("mul"),
  divide: direct("div"),
  negate: direct("neg"),
  sqrt: direct("sqrt"),
  abs: direct("abs"),
  maximum: direct("max"),
  minimum: direct("min"),
  square: {
    inline: (code, lanes, x) => {
      (x as Push)();
      (x as Push)();
      arithmetic(code, lanes, "mul");
    },
  },
  sign: { inline: sign },
  not: {
    inline: (code, lanes, x) => {
      compare(code, lanes, "eq", x as Push, () => pushNumber(code, lanes, 0));
      asReal(code, lanes);
    },
  },
  equal: comparison("eq"),
  less: comparison("lt"),
  less_equal: comparison("le"),
  and: logical("and"),
  or: logical("or"),
  select: {
    inline: (code, lanes, condition, yes, no) =>
      choose(code, lanes, yes as Push, no as Push, () => truth(code, lanes, condition as Push)),
  },
  exp: {
    inline: (code, lanes, x) => {
      (x as Push)();
      if (lanes === 1) code.op("f64x2_splat");
      emitExponential(code);
      if (lanes === 1) code.lane(0);
    },
  },
  log: { host: 1 },
  log1p: { host: 1 },
  expm1: { host: 1 },
  sin: { host: 1 },
  cos: { host: 1 },
  tan: { host: 1 },
  erf: { host: 1 },
  logcosh: { host: 1 },
  power: { host: 2 },
} as const satisfies Record<ScalarFunction, Rule>;

/** The functions that the host provides, by name. */
export type HostFunction = {
  [F in ScalarFunction]: (typeof rules)[F] extends { readonly host: 1 | 2 } ? F : never;
}[ScalarFunction];

/** In the order of their function indices. */
export const hostFunctions: readonly HostFunction[] = (Object.keys(rules) as ScalarFunction[]).filter(
  (name): name is HostFunction => "host" in rules[name],
);

export const hostImports: readonly ImportedFunction[] = hostFunctions.map((name) => ({
  name,
  parameters: rules[name].host === 1 ? ["f64"] : ["f64", "f64"],
  result: "f64",
}));

/** Costs in units of one load: a call counts for about twenty. */
export function costOf(fn: ScalarFunction): number {
  if ("host" in rules[fn] || fn === "exp") return 20;
  return fn === "divide" || fn === "sqrt" ? 4 : 1;
}

/** Leaves fn(arguments) on the stack. A host call is made for each lane. */
export function emitFunction(code: Code, lanes: 1 | 2, fn: ScalarFunction, arguments_: readonly Push[]): void {
  const rule: Rule = rules[fn];
  if ("inline" in rule) return rule.inline(code, lanes, ...arguments_);
  const index = hostFunctions.indexOf(fn as HostFunction);
  const callLane = (lane: 0 | 1): void => {
    for (const push of arguments_) {
      push();
      if (lanes === 2) code.lane(lane);
    }
    code.call(index);
  };
  callLane(0);
  if (lanes === 1) return;
  code.op("f64x2_splat");
  callLane(1);
  code.replaceLane(1);
}
