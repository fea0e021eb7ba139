/** What an engine can say to the user; everything else that goes wrong inside one is a defect. */
import type { Diagnostic } from "../../grammar/diagnostics.ts";

export const engineCodes = ["out-of-memory", "engine-unavailable"] as const;

const readable = (bytes: number): string => {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
};

/** A single request of so many bytes did not fit beside what was held already. */
export function outOfMemory(requested: number, held: number): Diagnostic {
  return {
    code: "out-of-memory",
    severity: "refusal",
    message: `one array of this problem needs ${readable(requested)}, and the engine, which holds ${readable(held)}, has room for 4 GiB in all`,
    suggestion:
      "use fewer rows, or a method that samples (`solve { method: soba, batch: 64 }`) or needs no matrix (`adjoint: cg`)",
  };
}

/** `command` adds what is missing. */
export function engineUnavailable(engine: string, why: string, command?: string): Diagnostic {
  return {
    code: "engine-unavailable",
    severity: "error",
    message: `the engine ${engine} ${why}`,
    suggestion: command ?? "choose another engine; bilevel doctor shows which ones there are",
  };
}
