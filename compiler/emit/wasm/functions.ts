/**
 * How each scalar function is computed: as instructions, for one entry or a vector of them, or by a call to the host.
 */
import type { Code, ImportedFunction, Lanes, RealOpcode } from "./assembler.ts";
import { emitExponential, emitExponentialLess } from "./exponential.ts";
import { emitLogarithm, emitLogarithmMore } from "./logarithm.ts";
import type { ScalarFunction } from "./scalar.ts";
import { lanesOf } from "./target.ts";

/** Pushes an argument. */
export type Push = () => void;

/** Leaves the result on the stack; all lanes: v128 in, v128 out. */
type Inline = (code: Code, lanes: Lanes, ...arguments_: readonly Push[]) => void;

type Rule = { readonly inline: Inline } | { readonly host: 1 | 2 };

const direct = (name: RealOpcode): Rule => ({
  inline: (code, lanes, ...args) => {
    for (const push of args) push();
    code.real(lanes, name);
  },
});

/** Written for all lanes of the vector on the stack; one number is spread over them. */
const vectorial = (emit: (code: Code) => void): Rule => ({
  inline: (code, lanes, x) => {
    (x as Push)();
    if (lanes === "one") code.typed("splat");
    emit(code);
    if (lanes === "one") code.lane(0);
  },
});

type Comparison = "eq" | "ne" | "lt" | "gt" | "le";

/** Leaves a condition: an i32, or a mask of the lanes. */
function compare(code: Code, lanes: Lanes, name: Comparison, a: Push, b: Push): void {
  a();
  b();
  code.real(lanes, name);
}

/** The condition on the stack as 1 or 0. */
function asReal(code: Code, lanes: Lanes): void {
  if (lanes === "one") return code.typed("convert_i32_u");
  code.number("all", 1);
  code.op("v128_and");
}

const comparison = (name: Comparison): Rule => ({
  inline: (code, lanes, a, b) => {
    compare(code, lanes, name, a as Push, b as Push);
    asReal(code, lanes);
  },
});

const comparisons = { equal: "eq", less: "lt", less_equal: "le" } as const;

/** Leaves `yes` where a comparison holds, else `no`, without the comparison's 1 or 0 in between; false if it is none. */
export function emitChoice(
  code: Code,
  lanes: Lanes,
  condition: ScalarFunction,
  arguments_: readonly Push[],
  yes: Push,
  no: Push,
): boolean {
  const name = condition in comparisons ? comparisons[condition as keyof typeof comparisons] : undefined;
  const [a, b] = arguments_ as readonly [Push, Push];
  if (name !== undefined) choose(code, lanes, yes, no, () => compare(code, lanes, name, a, b));
  return name !== undefined;
}

/** Leaves the lesser or greater of vectors, the second a number other than 0: NaN comes through, zeros do not meet. */
export function emitBound(code: Code, fn: "minimum" | "maximum", x: Push, bound: Push): void {
  x();
  bound();
  code.typed(fn === "minimum" ? "pmin" : "pmax");
}

const truth = (code: Code, lanes: Lanes, value: Push): void =>
  compare(code, lanes, "ne", value, () => code.number(lanes, 0));

const logical = (name: "and" | "or"): Rule => ({
  inline: (code, lanes, a, b) => {
    truth(code, lanes, a as Push);
    truth(code, lanes, b as Push);
    code.op(lanes === "one" ? `i32_${name}` : `v128_${name}`);
    asReal(code, lanes);
  },
});

/** The first value where the condition that `condition` leaves holds, else the second. */
export function choose(code: Code, lanes: Lanes, yes: Push, no: Push, condition: Push): void {
  yes();
  no();
  condition();
  code.op(lanes === "one" ? "select" : "v128_bitselect");
}

/** 1 with the argument's sign; 0 and NaN as they are. */
const sign: Inline = (code, lanes, x) => {
  const push = x as Push;
  const signed = (): void => {
    if (lanes === "one") {
      code.number("one", 1);
      push();
      return code.typed("copysign");
    }
    push();
    code.number("all", -0);
    code.op("v128_and");
    code.number("all", 1);
    code.op("v128_or");
  };
  const magnitude = (): void => {
    push();
    code.real(lanes, "abs");
  };
  choose(code, lanes, signed, push, () => compare(code, lanes, "gt", magnitude, () => code.number(lanes, 0)));
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
      code.real(lanes, "mul");
    },
  },
  relu: {
    inline: (code, lanes, x) => {
      (x as Push)();
      code.number(lanes, 0);
      code.real(lanes, "max");
    },
  },
  sign: { inline: sign },
  not: {
    inline: (code, lanes, x) => {
      compare(code, lanes, "eq", x as Push, () => code.number(lanes, 0));
      asReal(code, lanes);
    },
  },
  equal: comparison(comparisons.equal),
  less: comparison(comparisons.less),
  less_equal: comparison(comparisons.less_equal),
  and: logical("and"),
  or: logical("or"),
  select: {
    inline: (code, lanes, condition, yes, no) =>
      choose(code, lanes, yes as Push, no as Push, () => truth(code, lanes, condition as Push)),
  },
  exp: vectorial(emitExponential),
  log: vectorial(emitLogarithm),
  log1p: vectorial(emitLogarithmMore),
  expm1: vectorial(emitExponentialLess),
  sin: { host: 1 },
  cos: { host: 1 },
  tan: { host: 1 },
  acos: { host: 1 },
  erf: { host: 1 },
  logcosh: { host: 1 },
  power: { host: 2 },
} as const satisfies Record<ScalarFunction, Rule>;

/** The functions that the host provides, by name. */
export type HostFunction = {
  [F in ScalarFunction]: (typeof rules)[F] extends { readonly host: 1 | 2 } ? F : never;
}[ScalarFunction];

export const isHostFunction = (fn: ScalarFunction): fn is HostFunction => "host" in rules[fn];

/** In the order of their function indices. */
export const hostFunctions: readonly HostFunction[] = (Object.keys(rules) as ScalarFunction[]).filter(isHostFunction);

export const hostImports: readonly ImportedFunction[] = hostFunctions.map((name) => ({
  name,
  parameters: rules[name].host === 1 ? ["f64"] : ["f64", "f64"],
  result: "f64",
}));

const transcendental: readonly ScalarFunction[] = ["exp", "log", "log1p", "expm1"];

/** Costs in units of one load: a call counts for about twenty. */
export function costOf(fn: ScalarFunction): number {
  if ("host" in rules[fn] || transcendental.includes(fn)) return 20;
  return fn === "divide" || fn === "sqrt" ? 4 : 1;
}

/** Leaves fn(arguments) on the stack. A host call is made for each lane. */
export function emitFunction(code: Code, lanes: Lanes, fn: ScalarFunction, arguments_: readonly Push[]): void {
  const rule: Rule = rules[fn];
  if ("inline" in rule) return rule.inline(code, lanes, ...arguments_);
  const index = hostFunctions.indexOf(fn as HostFunction);
  const { precision } = code.target;
  const callLane = (lane: number): void => {
    for (const push of arguments_) {
      push();
      if (lanes === "all") code.lane(lane);
      if (precision === "f32") code.op("f64_promote_f32");
    }
    code.call(index);
    if (precision === "f32") code.op("f32_demote_f64");
  };
  callLane(0);
  if (lanes === "one") return;
  code.typed("splat");
  for (let lane = 1; lane < lanesOf[precision]; lane += 1) {
    callLane(lane);
    code.replaceLane(lane);
  }
}
