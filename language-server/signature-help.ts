/** Signature help: what the call around the cursor takes, and which of it is being written. */
import type { Position, SignatureHelp } from "vscode-languageserver-types";
import { callableOf, callableText } from "./callables.ts";
import { cursorAt, enclosures } from "./cursor.ts";
import { visibleAt } from "./scope.ts";
import type { Snapshot } from "./snapshot.ts";

export function signatureHelp(snapshot: Snapshot, position: Position): SignatureHelp | null {
  const cursor = cursorAt(snapshot, snapshot.document.offsetAt(position));
  if (cursor === undefined) return null;
  const visible = visibleAt(snapshot, cursor.before);
  for (const enclosure of enclosures(cursor.before)) {
    const callable = callableOf(cursor, enclosure, visible);
    if (callable === undefined) continue;
    const { parameters, doc } = callable;
    const named = parameters.findIndex(({ name }) => name === enclosure.label);
    const last = parameters.length - 1;
    // What comes after the rest parameter is given by name.
    const rest = parameters.findIndex(({ text }) => text.startsWith("..."));
    const active = named >= 0 ? named : Math.min(enclosure.argument, rest < 0 ? last : rest);
    const signature = {
      label: callableText(callable),
      parameters: parameters.map((each) => ({
        label: each.text,
        ...(each.doc !== undefined && { documentation: each.doc }),
      })),
      ...(doc !== undefined && { documentation: doc }),
    };
    return { signatures: [signature], activeSignature: 0, activeParameter: Math.max(active, 0) };
  }
  return null;
}
