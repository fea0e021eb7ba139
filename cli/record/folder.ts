/** A folder that a command keeps its results in: files appear in it whole or not at all, and what goes wrong is one sentence. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { BilevelError } from "../../grammar/diagnostics.ts";
import { resultsFolder } from "../errors.ts";
import { isUnfinished, replaceFile } from "../write-file.ts";

export interface Folder {
  readonly path: string;
  /** `backup` is what the old file is called from then on. */
  readonly write: (name: string, content: string | Uint8Array, backup?: string) => void;
  /** `undefined` where there is no such file. */
  readonly read: (name: string) => Buffer | undefined;
  readonly append: (name: string, text: string) => void;
  /** Leaves so many bytes of the file at the most. */
  readonly cut: (name: string, bytes: number) => void;
  /** Removes what a process left that was ended while it wrote. */
  readonly tidy: () => void;
}

/** Made when something is first written to it. Everything throws a BilevelError where the disk does not let it. */
export function openFolder(path: string): Folder {
  const attempt = <T>(name: string, what: string, action: (file: string) => T): T => {
    const file = join(path, name);
    try {
      return action(file);
    } catch (error) {
      const isFull = full.includes(codeOf(error));
      const suggestion = isFull ? "make room; what was written before is whole" : undefined;
      throw new BilevelError([resultsFolder(file, `it cannot be ${what}: ${reasonOf(error)}`, suggestion)]);
    }
  };
  return {
    path,
    write: (name, content, backup) =>
      attempt(name, "written", (file) => {
        mkdirSync(dirname(file), { recursive: true });
        replaceFile(file, content, backup === undefined ? undefined : join(path, backup));
      }),
    read: (name) => attempt(name, "read", (file) => unlessMissing(() => readFileSync(file))),
    append: (name, text) => attempt(name, "written", (file) => appendFileSync(file, text)),
    cut: (name, bytes) =>
      attempt(name, "shortened", (file) =>
        unlessMissing(() => {
          if (statSync(file).size > bytes) truncateSync(file, bytes);
        }),
      ),
    tidy: () =>
      attempt("", "tidied", (folder) => {
        for (const name of readdirSync(folder)) if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
      }),
  };
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const full = ["ENOSPC", "EDQUOT", "EFBIG"];

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "it would be larger than files may be here",
  EROFS: "the disk may only be read",
  EACCES: "the folder may not be written to",
  EPERM: "the folder may not be written to",
  EEXIST: "a file is in its place",
  ENOTDIR: "a file is in the place of a folder",
  EISDIR: "a folder is in its place",
  ENOENT: "its folder cannot be made",
};

function reasonOf(error: unknown): string {
  return reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
}
