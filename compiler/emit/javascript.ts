/** Names and numbers in emitted JavaScript. */
import type { Node } from "../ir/node.ts";

/** What no name may be in any module. */
export const reservedWords: readonly string[] = [
  ..."arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for".split(
    " ",
  ),
  ..."function if implements import in instanceof interface let new null package private protected public return static super".split(
    " ",
  ),
  ..."switch this throw true try typeof undefined var void while with yield Map Infinity NaN".split(" "),
];

/** A letter, `_`, or anything that starts no identifier made into one. */
export function identifier(text: string): string {
  const marks = text.replaceAll(/[^\p{L}\p{N}_]/gu, "_");
  return /^[\p{L}_]/u.test(marks) ? marks : `_${marks}`;
}

export function fresh(base: string, taken: Set<string>, from?: number): string {
  let name = from === undefined ? base : `${base}${from}`;
  for (let k = from ?? 2; taken.has(name); k += 1) name = `${base}${from === undefined ? `_${k}` : k}`;
  taken.add(name);
  return name;
}

/** Inputs keep the model's names; what is computed is numbered. */
export function nameFor(node: Node, taken: Set<string>): string {
  return node.kind === "input" ? fresh(identifier(node.name), taken) : fresh("t", taken, 1);
}

export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
