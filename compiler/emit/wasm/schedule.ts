/**
 * From a specialised program to actions in order: loop nests, fused where they walk the same rows, matrix products and
 * factorisations; and to a layout in which buffers that are never needed together share memory.
 */
import type { Input, Node } from "../../ir/node.ts";
import { dimensions, type Specialised } from "../specialise.ts";
import { decide, elements, isLeaf, unreshaped } from "./decide.ts";
import type { Place } from "./emit-scalar.ts";
import { canFuse, inBlocks } from "./fuse.ts";
import { copyNest, iterate } from "./iterate.ts";
import type { MatrixProduct } from "./matrix-product.ts";
import type { Nest } from "./nest.ts";
import { type Buffer, closure } from "./scalar.ts";
import { type Split, splitOf } from "./split.ts";
import { entryBytes, type Target } from "./target.ts";

/** Everything but loops works in place, on what a nest before it wrote. */
export type Action =
  | { readonly kind: "loops"; readonly nests: readonly Nest[]; readonly split: Split | undefined }
  | {
      readonly kind: "product";
      readonly product: MatrixProduct;
      readonly a: Buffer;
      readonly b: Buffer;
      readonly weights?: Buffer;
      readonly c: Buffer;
      readonly length: number;
    }
  /** `count` matrices of the size, overwritten by their triangular factors; the pivots' row numbers go to `pivots`. */
  | {
      readonly kind: "lu";
      readonly matrix: Buffer;
      readonly pivots: Buffer;
      readonly size: number;
      readonly count: number;
    }
  /** `repeats` times `count` right-hand sides of `columns` columns, overwritten by the solutions. */
  | {
      readonly kind: "solve";
      readonly factors: Buffer;
      readonly pivots: Buffer;
      readonly rhs: Buffer;
      readonly size: number;
      readonly count: number;
      readonly columns: number;
      readonly repeats: number;
    }
  | {
      readonly kind: "logdet";
      readonly factors: Buffer;
      readonly pivots: Buffer;
      readonly out: Buffer;
      readonly size: number;
      readonly count: number;
    }
  | { readonly kind: "cholesky"; readonly matrix: Buffer; readonly size: number; readonly count: number };

export interface Schedule {
  /** What depends on bound inputs alone, at the first run. */
  readonly once: readonly Action[];
  readonly each: readonly Action[];
  /** Of every buffer. Slots: arguments, outputs, bound inputs in `bound`'s order, then the persistent and the work area. */
  readonly places: readonly Place[];
  readonly bound: readonly Input[];
  readonly literals: readonly { readonly offset: number; readonly values: Float64Array }[];
  /** Sizes of the two areas in bytes. */
  readonly persistentBytes: number;
  readonly workBytes: number;
}

/** How a buffer's memory is found. */
type Home =
  | { readonly kind: "slot"; readonly slot: number }
  | { readonly kind: "persistent" }
  | { readonly kind: "work" };

interface BufferPlan {
  readonly home: Home;
  readonly bytes: number;
}

export function schedule(program: Specialised, argumentNames: readonly string[], target: Target): Schedule {
  const { stored, products } = decide(program);
  const plans: BufferPlan[] = [];
  const buffers = new Map<Node, Buffer>();
  const bound: Input[] = [];
  const literals: { readonly buffer: Buffer; readonly values: Float64Array }[] = [];
  const firstBound = argumentNames.length + program.outputs.length;
  const newBuffer = (home: Home, length: number): Buffer =>
    plans.push({ home, bytes: entryBytes[target.precision] * length }) - 1;

  /** An output's memory doubles as the buffer of the node that it is, if nothing else has claimed the node. */
  const outputBuffers = program.outputs.map((output, i) =>
    newBuffer({ kind: "slot", slot: argumentNames.length + i }, elements(output)),
  );
  program.outputs.forEach((output, i) => {
    const owner = unreshaped(output);
    if (isLeaf(owner) || program.isConstant(owner) || buffers.has(owner)) return;
    buffers.set(owner, outputBuffers[i] as Buffer);
  });
  for (const node of stored) {
    if (buffers.has(node)) continue;
    buffers.set(node, newBuffer({ kind: program.isConstant(node) ? "persistent" : "work" }, elements(node)));
  }

  const leafBuffer = (node: Node): Buffer | undefined => {
    if (node.kind === "input") {
      const argument = argumentNames.indexOf(node.name);
      const slot = argument >= 0 ? argument : firstBound + bound.push(node) - 1;
      return newBuffer({ kind: "slot", slot }, elements(node));
    }
    if (node.kind !== "literal") return undefined;
    const buffer = newBuffer({ kind: "persistent" }, elements(node));
    literals.push({ buffer, values: node.values });
    return buffer;
  };
  const bufferOf = (node: Node): Buffer | undefined => {
    const known = buffers.get(node);
    if (known !== undefined) return known;
    const leaf = leafBuffer(node);
    if (leaf !== undefined) buffers.set(node, leaf);
    return leaf;
  };
  const owned = (node: Node): Buffer => bufferOf(unreshaped(node)) as Buffer;

  // -------------------------------------------------------------------------------------------- jobs, in order

  const once: Action[] = [];
  const each: Action[] = [];
  const nestAction = (nest: Nest | undefined): readonly Action[] =>
    nest === undefined ? [] : [{ kind: "loops", nests: [nest], split: undefined }];
  const factorised = new Map<Node, { readonly factors: Buffer; readonly pivots: Buffer }>();

  /** One factorisation serves every solve and determinant of the matrix. */
  const factorise = (matrix: Node): { readonly factors: Buffer; readonly pivots: Buffer } => {
    const known = factorised.get(matrix);
    if (known !== undefined) return known;
    const home: Home = { kind: program.isConstant(matrix) ? "persistent" : "work" };
    const size = dimensions(matrix).at(-1) as number;
    const count = elements(matrix) === 0 ? 0 : elements(matrix) / (size * size);
    const factors = newBuffer(home, elements(matrix));
    const pivots = newBuffer(home, size * count);
    const actions = program.isConstant(matrix) ? once : each;
    actions.push(...nestAction(copyNest(matrix, factors, bufferOf)), {
      kind: "lu",
      matrix: factors,
      pivots,
      size,
      count,
    });
    factorised.set(matrix, { factors, pivots });
    return { factors, pivots };
  };

  const actionsFor = (node: Node): readonly Action[] => {
    const out = buffers.get(node) as Buffer;
    const product = products.get(node);
    if (product !== undefined) {
      const { a, b, weights } = product;
      const factors = { a: owned(a), b: owned(b), ...(weights && { weights: owned(weights) }) };
      return [{ kind: "product", product, ...factors, c: out, length: elements(node) }];
    }
    switch (node.kind) {
      case "solve": {
        const [size, columns] = dimensions(node).slice(-2) as [number, number];
        const { factors, pivots } = factorise(node.matrix);
        const count = dimensions(node.matrix)
          .slice(0, -2)
          .reduce((product, n) => product * n, 1);
        const repeats = elements(node) === 0 ? 0 : elements(node) / (count * size * columns);
        return [
          ...nestAction(copyNest(node.rhs, out, bufferOf)),
          { kind: "solve", factors, pivots, rhs: out, size, count, columns, repeats },
        ];
      }
      case "logdet":
        return [
          {
            kind: "logdet",
            ...factorise(node.matrix),
            out,
            size: dimensions(node.matrix).at(-1) as number,
            count: elements(node),
          },
        ];
      case "cholesky": {
        const size = dimensions(node).at(-1) as number;
        const count = dimensions(node)
          .slice(0, -2)
          .reduce((product, n) => product * n, 1);
        return [...nestAction(copyNest(node.matrix, out, bufferOf)), { kind: "cholesky", matrix: out, size, count }];
      }
      default:
        return nestAction(iterate(node, out, bufferOf));
    }
  };
  for (const node of stored) {
    const actions = actionsFor(node);
    (program.isConstant(node) ? once : each).push(...actions);
  }
  program.outputs.forEach((output, i) => {
    const own = outputBuffers[i] as Buffer;
    if (buffers.get(unreshaped(output)) !== own) each.push(...nestAction(copyNest(output, own, bufferOf)));
  });

  const fused = fuse(each);
  const lifetimes = lifetimesOf(fused);
  const splitUp = (action: Action, isOwn: (buffer: Buffer) => boolean): Action =>
    action.kind === "loops" ? { ...action, split: splitOf(action.nests, target, isOwn) } : action;
  const split = fused.map((action, time) =>
    splitUp(action, (buffer) => {
      const { from, to } = lifetimes.get(buffer) as Lifetime;
      return plans[buffer]?.home.kind === "work" && from === time && to === time;
    }),
  );
  const passing = split.flatMap((action) => (action.kind === "loops" ? (action.split?.passing ?? []) : []));
  const rooms = passing.map(({ buffer, entries }) => [buffer, entries * entryBytes[target.precision]] as const);
  const places = layOut(plans, lifetimes, new Map(rooms));
  return {
    once: fuse(once).map((action) => splitUp(action, () => false)),
    each: split,
    places: places.of,
    bound,
    literals: literals.map(({ buffer, values }) => ({ offset: (places.of[buffer] as Place).offset, values })),
    persistentBytes: places.persistentBytes,
    workBytes: places.workBytes,
  };
}

// ------------------------------------------------------------------------------------------------------------- fusion

/** Moves each single nest into an earlier group that walks the same rows, as early as what it reads is complete. */
function fuse(actions: readonly Action[]): readonly Action[] {
  const groups: Action[] = [];
  const writtenBy = new Map<Buffer, number>();
  for (const action of actions) {
    const reads = readsOf(action);
    const earliest = Math.max(-1, ...[...reads, ...writesOf(action)].map((buffer) => writtenBy.get(buffer) ?? -1));
    let place = groups.length;
    if (action.kind === "loops") {
      const nest = action.nests[0] as Nest;
      const found = groups.findIndex(
        (group, i) => i >= earliest && group.kind === "loops" && canFuse(group.nests, nest),
      );
      if (found >= 0) place = found;
    }
    const group = groups[place];
    if (group?.kind === "loops" && action.kind === "loops") {
      groups[place] = { ...group, nests: [...group.nests, ...action.nests].map(inBlocks) };
    } else groups.push(action);
    for (const buffer of writesOf(action)) writtenBy.set(buffer, place);
  }
  return groups;
}

function readsOf(action: Action): readonly Buffer[] {
  switch (action.kind) {
    case "loops":
      return action.nests.flatMap((nest) =>
        closure([nest.value, nest.target]).flatMap((s) => (s.op === "base" ? [s.buffer] : [])),
      );
    case "product":
      return [action.a, action.b, ...(action.weights === undefined ? [] : [action.weights])];
    case "lu":
      return [action.matrix];
    case "solve":
      return [action.factors, action.pivots, action.rhs];
    case "logdet":
      return [action.factors, action.pivots];
    case "cholesky":
      return [action.matrix];
    default:
      return action satisfies never;
  }
}

function writesOf(action: Action): readonly Buffer[] {
  switch (action.kind) {
    case "loops":
      return action.nests.flatMap((nest) => closure([nest.target]).flatMap((s) => (s.op === "base" ? [s.buffer] : [])));
    case "product":
      return [action.c];
    case "lu":
      return [action.matrix, action.pivots];
    case "solve":
      return [action.rhs];
    case "logdet":
      return [action.out];
    case "cholesky":
      return [action.matrix];
    default:
      return action satisfies never;
  }
}

// ------------------------------------------------------------------------------------------------------------- layout

const alignment = 16;

/** The first and the last action that touch a buffer. */
interface Lifetime {
  readonly from: number;
  readonly to: number;
}

function lifetimesOf(actions: readonly Action[]): ReadonlyMap<Buffer, Lifetime> {
  const lifetimes = new Map<Buffer, Lifetime>();
  actions.forEach((action, time) => {
    for (const buffer of [...writesOf(action), ...readsOf(action)]) {
      lifetimes.set(buffer, { from: lifetimes.get(buffer)?.from ?? time, to: time });
    }
  });
  return lifetimes;
}

/**
 * Work buffers by first fit: two share memory where no action needs both. Persistent ones lie side by side. `rooms` are the bytes of
 * buffers that hold one block of rows.
 */
function layOut(
  plans: readonly BufferPlan[],
  lifetimes: ReadonlyMap<Buffer, Lifetime>,
  rooms: ReadonlyMap<Buffer, number>,
): { readonly of: readonly Place[]; readonly persistentBytes: number; readonly workBytes: number } {
  const slots = Math.max(-1, ...plans.map(({ home }) => (home.kind === "slot" ? home.slot : -1))) + 1;
  const taken: { readonly start: number; readonly end: number; readonly from: number; readonly to: number }[] = [];
  let persistentBytes = 0;
  let workBytes = 0;
  const of = plans.map(({ home, bytes }, buffer): Place => {
    const padded = Math.ceil((rooms.get(buffer) ?? bytes) / alignment) * alignment;
    if (home.kind === "slot") return { slot: home.slot, offset: 0 };
    if (home.kind === "persistent") {
      persistentBytes += padded;
      return { slot: slots, offset: persistentBytes - padded };
    }
    const { from, to } = lifetimes.get(buffer) ?? { from: 0, to: Number.POSITIVE_INFINITY };
    const rivals = taken.filter((other) => other.from <= to && other.to >= from).sort((a, b) => a.start - b.start);
    let start = 0;
    for (const rival of rivals) {
      if (rival.start >= start + padded) break;
      start = Math.max(start, rival.end);
    }
    taken.push({ start, end: start + padded, from, to });
    workBytes = Math.max(workBytes, start + padded);
    return { slot: slots + 1, offset: start };
  });
  return { of, persistentBytes, workBytes };
}
