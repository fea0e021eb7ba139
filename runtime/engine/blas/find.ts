/**
 * Which BLAS this machine has: OpenBLAS, MKL, Apple's Accelerate, or whatever stands behind the system's `libblas`.
 * BILEVEL_BLAS=off looks for none, BILEVEL_BLAS=/path/to/lib.so takes that one; several are joined like folders in PATH.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Blas, bindBlas, type Precision, referenceName } from "./blas.ts";
import { loadKoffi, openLibrary } from "./library.ts";
import { failingOperation } from "./self-test.ts";

/** A library that exists but is not used, and the reason. */
export interface Rejected {
  readonly path: string;
  readonly reason: string;
}

export interface Search {
  readonly blas: Blas | undefined;
  readonly rejected: readonly Rejected[];
  /** Why none was looked for: as asked, or without koffi. */
  readonly skipped: "off" | "koffi" | undefined;
  /** What BILEVEL_BLAS says. */
  readonly asked: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Never throws. */
export function searchBlas(
  precision: Precision = "f64",
  environment: Environment = process.env,
  platform: string = process.platform,
): Search {
  const asked = environment["BILEVEL_BLAS"] || undefined;
  if (asked === "off") return { blas: undefined, rejected: [], skipped: "off", asked };
  let koffi: ReturnType<typeof loadKoffi>;
  try {
    koffi = loadKoffi();
  } catch {
    return { blas: undefined, rejected: [], skipped: "koffi", asked };
  }
  const rejected: Rejected[] = [];
  for (const paths of asked === undefined ? candidates(environment, platform) : [asked.split(delimiter)]) {
    const path = paths.join(" + ");
    try {
      const blas = bindBlas(openLibrary(koffi, paths), precision);
      const failing = blas === undefined ? undefined : failingOperation(blas, precision);
      if (blas === undefined) rejected.push({ path, reason: "it has no BLAS and LAPACK" });
      else if (failing !== undefined) rejected.push({ path, reason: `its ${failing} gives a wrong result` });
      else if (blas.name === referenceName && asked === undefined)
        rejected.push({ path, reason: "it is the reference BLAS, which is slower than the engine's own kernels" });
      else return { blas, rejected, skipped: undefined, asked };
    } catch (error) {
      // Most candidates are not there; one that was asked for should be.
      if (asked !== undefined) rejected.push({ path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { blas: undefined, rejected, skipped: undefined, asked };
}

const found = new Map<Precision, Blas | undefined>();

/** The machine's library, looked for at the first call. */
export function systemBlas(precision: Precision): Blas | undefined {
  if (!found.has(precision)) found.set(precision, searchBlas(precision).blas);
  return found.get(precision);
}

/** Versions of MKL's one library. It ends the process where its threads are missing, so that library must be there first. */
const mkl = (versions: readonly string[], threads: string, name: (version: string) => string): readonly string[][] =>
  versions.map((version) => [threads, name(version)]);

/** File names by platform, the fastest first; those of a group are used together. */
const names: Readonly<Record<string, readonly (readonly string[])[]>> = {
  linux: [
    ["libopenblas.so.0"],
    ["libopenblas.so"],
    ["libopenblas64.so.0"],
    ["libopenblas64_.so.0"],
    ...mkl([".3", ".2", ""], "libiomp5.so", (version) => `libmkl_rt.so${version}`),
    ["libblas.so.3", "liblapack.so.3"],
    ["libblas.so", "liblapack.so"],
  ],
  darwin: [
    ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
    ["libopenblas.dylib"],
    ...mkl([".3", ".2", ""], "libiomp5.dylib", (version) => `libmkl_rt${version}.dylib`),
  ],
  win32: [
    ["libopenblas.dll"],
    ["openblas.dll"],
    ...mkl([".3", ".2", ""], "libiomp5md.dll", (version) => `mkl_rt${version}.dll`),
  ],
};

/** Where packages put libraries that the system's loader does not find by itself. */
function folders(environment: Environment, platform: string): readonly string[] {
  const { CONDA_PREFIX: conda, MKLROOT: mkl } = environment;
  const given = [
    ...(conda === undefined ? [] : [platform === "win32" ? join(conda, "Library", "bin") : join(conda, "lib")]),
    ...(mkl === undefined ? [] : [join(mkl, "lib"), join(mkl, "lib", "intel64"), join(mkl, "bin")]),
  ];
  const usual: Readonly<Record<string, readonly string[]>> = {
    linux: ["/opt/OpenBLAS/lib", "/usr/local/lib", "/opt/intel/oneapi/mkl/latest/lib"],
    darwin: ["/opt/homebrew/opt/openblas/lib", "/usr/local/opt/openblas/lib", "/opt/intel/oneapi/mkl/latest/lib"],
    win32: ["C:\\Program Files (x86)\\Intel\\oneAPI\\mkl\\latest\\bin"],
  };
  return [...given, ...(usual[platform] ?? [])];
}

function candidates(environment: Environment, platform: string): readonly (readonly string[])[] {
  return (names[platform] ?? names["linux"] ?? []).flatMap((group) => [
    group,
    ...folders(environment, platform)
      .map((folder) => group.map((name) => join(folder, name)))
      .filter((paths) => paths.every((path) => existsSync(path))),
  ]);
}
