/**
 * Shared libraries through koffi, which is an optional dependency: nothing here runs before a large operation or `bilevel
 * doctor` asks for it, and everything works without.
 */
import { createRequire } from "node:module";

/** A C function. */
export type Call = (...arguments_: readonly unknown[]) => unknown;

/** One or several shared libraries, searched in order. */
export interface Library {
  readonly path: string;
  /** Absent where no library exports the name. */
  readonly symbol: (name: string, result: CType, arguments_: readonly CType[]) => Call | undefined;
}

/** A pointer argument is given as a typed array, whose memory is used in place. */
export type CType = "void" | "void *" | "int" | "size_t" | "str";

/** The part of koffi that is used. */
interface Koffi {
  config(settings: { readonly sync_stack_size: number }): unknown;
  load(path: string): { func(name: string, result: string, arguments_: readonly string[]): Call };
}

/** The most that koffi takes. Calls run on a stack of its own, and threaded factorisations overflow the usual 2 MiB. */
const stackBytes = 2 ** 24;

let loaded: Koffi | undefined;

/** Throws where koffi is not installed or has no build for this machine. */
export function loadKoffi(): Koffi {
  if (loaded !== undefined) return loaded;
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  // Possible only before the first call.
  koffi.config({ sync_stack_size: stackBytes });
  loaded = koffi;
  return koffi;
}

/** Throws where a library cannot be loaded. Names without a folder are looked up by the system. */
export function openLibrary(koffi: Koffi, paths: readonly string[]): Library {
  const libraries = paths.map((path) => koffi.load(path));
  return {
    path: paths.join(" + "),
    symbol: (name, result, arguments_) => {
      for (const library of libraries) {
        try {
          return library.func(name, result, arguments_);
        } catch {
          // Not in this one.
        }
      }
      return undefined;
    },
  };
}
