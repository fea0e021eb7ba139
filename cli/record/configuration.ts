/**
 * What a run is of, as config.json has it: the program, its data and every setting, with hashes of the files, so that a run is only taken
 * up as what it was; and what it ran on. Paths are relative to the run's folder.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Model } from "../../compiler/check/model.ts";
import { showOption } from "../../compiler/plan/options.ts";
import { BilevelError } from "../../grammar/diagnostics.ts";
import manifest from "../../package.json" with { type: "json" };
import type { Prepared } from "../../runtime/api.ts";
import { pathOf } from "../../runtime/data/sources.ts";
import { systemBlas } from "../../runtime/engine/blas/find.ts";
import { defaultThreads } from "../../runtime/engine/wasm/worker-threads.ts";
import { resultsFolder } from "../errors.ts";
import type { SolveEntries } from "../options.ts";
import type { ProgramFlags, ReadyProgram } from "../program.ts";
import type { Folder } from "./folder.ts";

export interface Configuration {
  readonly version: 1;
  readonly bilevel: string;
  readonly node: string;
  readonly platform: string;
  readonly engine: string;
  /** The system's library that large products go to, or "none". */
  readonly blas: string;
  readonly method: string;
  /** The program's own path. */
  readonly file: string;
  /** SHA-256 of the program with its imports, and of the files behind its tables, by their paths. */
  readonly sources: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
  /** The entries of the solve block that hold, the command line's among them. */
  readonly solve: Readonly<Record<string, string>>;
  /** What the command line replaced. */
  readonly flags: {
    readonly set: readonly string[];
    readonly data: readonly string[];
    readonly allowRead: readonly string[];
    readonly solve: Readonly<Record<string, string>>;
    readonly starts: number;
  };
}

const name = "config.json";

type Hashes = ReadonlyMap<string, string>;

/** SHA-256 of the files behind a program's tables, by their paths. */
export function dataHashes(model: Model, given: ReadonlyMap<string, string>): Promise<Hashes> {
  return hashesOf(model.data.flatMap((declaration) => pathOf(declaration, given) ?? []));
}

async function hashesOf(paths: Iterable<string>): Promise<Hashes> {
  const hashes = new Map<string, string>();
  for (const path of paths) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    hashes.set(path, hash.digest("hex"));
  }
  return hashes;
}

export async function configurationOf(
  folder: Folder,
  file: string,
  flags: ProgramFlags,
  starts: number,
  { compiled, problem, set, data, options, sources }: ReadyProgram,
): Promise<Configuration> {
  const from = (path: string): string => relative(resolve(folder.path), resolve(path));
  const hashes = async (paths: Promise<Hashes>): Promise<Record<string, string>> =>
    Object.fromEntries([...(await paths)].map(([path, hash]) => [from(path), hash]));
  const solve = new Map([...(compiled.model?.solve ?? []), ...options]);
  const seed = solve.get("seed");
  return {
    version: 1,
    bilevel: manifest.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    engine: problem.engine,
    blas: systemBlas("f64")?.name ?? "none",
    method: problem.plan.method,
    file: from(file),
    sources: await hashes(hashesOf(sources.keys())),
    data: await hashes(dataHashes(problem.model, data)),
    sizes: Object.fromEntries(problem.sizes),
    seed: seed?.kind === "number" ? seed.value : 0,
    solve: Object.fromEntries([...solve].map(([key, value]) => [key, showOption(value)])),
    flags: {
      set: [...set].map(([param, value]) => `${param}=${typeof value === "number" ? value : JSON.stringify(value)}`),
      data: [...data].map(([table, path]) => `${table}=${from(path)}`),
      allowRead: flags.allowRead.map(from),
      solve: { ...sameThreads(problem, solve), ...Object.fromEntries(flags.solve) },
      starts,
    },
  };
}

/** Sums depend on how many threads share them, so a run that goes on elsewhere takes as many. */
function sameThreads({ engine }: Prepared, solve: SolveEntries): Readonly<Record<string, string>> {
  return engine !== "wasm" || solve.has("threads") ? {} : { threads: String(defaultThreads()) };
}

export function writeConfiguration(folder: Folder, configuration: Configuration): void {
  folder.write(name, `${JSON.stringify(configuration, undefined, 2)}\n`);
}

/** `undefined` where the folder holds no run. */
export function readConfiguration(folder: Folder): Configuration | undefined {
  const bytes = folder.read(name);
  if (bytes === undefined) return undefined;
  const path = join(folder.path, name);
  try {
    const document: unknown = JSON.parse(bytes.toString("utf8"));
    if (isConfiguration(document)) return document;
  } catch {
    throw new BilevelError([resultsFolder(path, "it is no JSON: the folder was not written by bilevel run")]);
  }
  throw new BilevelError([resultsFolder(path, "it is no configuration that this version of bilevel writes")]);
}

/** As far as it is read. */
function isConfiguration(document: unknown): document is Configuration {
  const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const areTexts = (values: unknown): boolean =>
    Array.isArray(values) && values.every((value) => typeof value === "string");
  if (!isObject(document) || document["version"] !== 1) return false;
  const { file, sources, data, flags } = document;
  if (typeof file !== "string" || !isObject(flags)) return false;
  const { set, data: paths, allowRead, solve, starts } = flags;
  const haveTexts = [sources, data, solve].every((own) => isObject(own) && areTexts(Object.values(own)));
  return haveTexts && areTexts(set) && areTexts(paths) && areTexts(allowRead) && Number.isInteger(starts);
}

/** What was run, with paths as they are from here. */
export function askedIn(folder: Folder): {
  readonly file: string;
  readonly flags: ProgramFlags;
  readonly starts: number;
} {
  const { file, flags } = configurationIn(folder);
  const here = (path: string): string => join(folder.path, path);
  const data = flags.data.map((text) => {
    const [table = "", ...path] = text.split("=");
    return `${table}=${here(path.join("="))}`;
  });
  return {
    file: here(file),
    flags: { set: flags.set, data, allowRead: flags.allowRead.map(here), solve: new Map(Object.entries(flags.solve)) },
    starts: flags.starts,
  };
}

export function configurationIn(folder: Folder): Configuration {
  const configuration = readConfiguration(folder);
  if (configuration !== undefined) return configuration;
  const suggestion = `begin one with bilevel run FILE --out ${folder.path}`;
  throw new BilevelError([resultsFolder(join(folder.path, name), "there is no such file, so no run", suggestion)]);
}

/** What may change between a run and its resumption: when it ends. */
export const changeable = ["steps", "time_limit"] as const;

/** Throws where a run cannot be taken up as what it was. */
export function checkUnchanged(folder: Folder, was: Configuration, now: Configuration): void {
  const refuse = (path: string, why: string, suggestion: string): never => {
    throw new BilevelError([resultsFolder(path, why, suggestion)]);
  };
  const again = "put it back as it was, or begin a new run with another --out";
  for (const key of ["sources", "data"] as const)
    for (const [path, hash] of Object.entries(was[key]))
      if (now[key][path] !== hash)
        refuse(join(folder.path, path), `it has changed since the run in ${folder.path} began`, again);
  for (const key of ["bilevel", "engine", "blas"] as const)
    if (was[key] !== now[key])
      refuse(
        join(folder.path, name),
        `the run began with ${key} ${was[key]}, and this is ${now[key]}`,
        "make it as it was, or begin a new run with another --out",
      );
}
