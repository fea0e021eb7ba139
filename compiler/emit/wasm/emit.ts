/**
 * A tensor program as a WebAssembly module: one exported function a group of loop nests (emit-group.ts). Matrix products and factorisations are calls that the host makes between them, described as data.
 */
import type { Input, Node } from "../../ir/node.ts";
import type { SizeBindings } from "../../ir/size.ts";
import { specialise } from "../specialise.ts";
import { assembleModule, type Code } from "./assembler.ts";
import { emitGroup } from "./emit-group.ts";
import type { Place } from "./emit-scalar.ts";
import { hostImports } from "./functions.ts";
import type { Buffer } from "./scalar.ts";
import { type Action, type Schedule, schedule } from "./schedule.ts";
import type { Split } from "./split.ts";
import type { Target } from "./target.ts";

/** What the module calls its function of that number. */
export const functionName = (index: number): string => `f${index}`;

type HostAction = Exclude<Action, { readonly kind: "loops" }>;

/** A call of the module's function of that number, or work for the host. */
export type Step = { readonly kind: "call"; readonly index: number; readonly split: Split | undefined } | HostAction;

export interface Emitted extends Omit<Schedule, "once" | "each"> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly once: readonly Step[];
  readonly each: readonly Step[];
}

/** Throws on an unbound size or an input that is neither an argument nor bound. */
export function emitProgram(
  program: { readonly name: string; readonly arguments: readonly Input[]; readonly outputs: readonly Node[] },
  bound: ReadonlySet<Input>,
  sizes: SizeBindings,
  target: Target,
): Emitted {
  const specialised = specialise(program, bound, sizes);
  const plan = schedule(
    specialised,
    program.arguments.map((input) => input.name),
    target,
  );
  const functions: { readonly name: string; readonly code: Code }[] = [];
  const toStep = (action: Action): Step => {
    if (action.kind !== "loops") return action;
    const index = functions.length;
    const { split } = action;
    const code = emitGroup(target, action.nests, split, (buffer: Buffer) => plan.places[buffer] as Place);
    functions.push({ name: functionName(index), code });
    return { kind: "call", index, split };
  };
  const once = plan.once.map(toStep);
  const each = plan.each.map(toStep);
  return { ...plan, once, each, bytes: assembleModule(target, hostImports, functions) };
}
