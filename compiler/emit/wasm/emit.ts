/**
 * A tensor program as a WebAssembly module: one exported function a group of loop nests, taking the address of the pointer
 * table. Matrix products and factorisations are calls that the host makes between them, described as data.
 */
import type { Input, Node } from "../../ir/node.ts";
import type { SizeBindings } from "../../ir/size.ts";
import { assembleModule, createCode } from "./assembler.ts";
import { emitNests, type Place } from "./emit-nest.ts";
import { hostImports } from "./functions.ts";
import type { Buffer } from "./scalar.ts";
import { type Action, type Schedule, schedule } from "./schedule.ts";
import { specialise } from "./specialise.ts";

type HostAction = Exclude<Action, { readonly kind: "loops" }>;

/** A call of the module's function of that name, or work for the host. */
export type Step = { readonly kind: "call"; readonly name: string } | HostAction;

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
): Emitted {
  const specialised = specialise(program, bound, sizes);
  const plan = schedule(
    specialised,
    program.arguments.map((input) => input.name),
  );
  const functions: { readonly name: string; readonly code: ReturnType<typeof createCode> }[] = [];
  const toStep = (action: Action): Step => {
    if (action.kind !== "loops") return action;
    const name = `f${functions.length}`;
    const code = createCode(["i32"]);
    emitNests(code, action.nests, action.shared, (buffer: Buffer) => plan.places[buffer] as Place);
    functions.push({ name, code });
    return { kind: "call", name };
  };
  const once = plan.once.map(toStep);
  const each = plan.each.map(toStep);
  return { ...plan, once, each, bytes: assembleModule(hostImports, functions) };
}
