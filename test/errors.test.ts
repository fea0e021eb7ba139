/** Every diagnostic has a page, a program that provokes it, and its code in one list of codes: the three agree. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { main } from "../cli/main.ts";

const root = join(import.meta.dirname, "..");
const programs = join(import.meta.dirname, "errors");

/** All `xxxCodes` that the stages export. */
async function listedCodes(): Promise<readonly string[]> {
  const folders = ["grammar", "compiler", "runtime", "cli"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /(^|\/)(errors|options)\.ts$/.test(file))
      .map((file) => join(root, folder, file)),
  );
  const modules: readonly Record<string, unknown>[] = await Promise.all(files.map((file) => import(file)));
  return modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) => (/Codes$/.test(name) ? (value as readonly string[]) : [])),
  );
}

const codes = (await listedCodes()).toSorted();
const pages = readdirSync(join(root, "docs", "errors"))
  .filter((file) => file !== "README.md")
  .map((file) => file.replace(/\.md$/, ""))
  .toSorted();
const folders = readdirSync(programs).toSorted();

interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** The command line in this process, in the program's folder. */
async function say(folder: string, argv: readonly string[]): Promise<Said> {
  const written = { out: "", err: "" };
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.err += String(text);
    return true;
  });
  const before = process.cwd();
  process.chdir(folder);
  try {
    return { status: await main(argv), ...written };
  } finally {
    process.chdir(before);
    vi.restoreAllMocks();
  }
}

function argumentsOf(folder: string): readonly string[] {
  const file = join(folder, "argv");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : ["check", "problem.bilevel"];
}

/** Lines of a diagnostic's head: severity and code. */
const head = /: (error|refused|warning)\[([a-z-]+)\]: /g;
const statusOf: Readonly<Record<string, readonly number[]>> = { error: [2], refused: [3], warning: [0, 1, 2, 3] };

afterEach(() => vi.restoreAllMocks());

describe("diagnostics", () => {
  it("have one code each", () => expect(codes).toEqual([...new Set(codes)]));
  it("have a page each, and no page is left over", () => expect(pages).toEqual(codes));
  it("have a program each, and no program is left over", () => expect(folders).toEqual(codes));
});

describe("each page", () => {
  it.each(pages)("%s is titled by its code", (page) => {
    expect(readFileSync(join(root, "docs", "errors", `${page}.md`), "utf8")).toMatch(new RegExp(`^# ${page}\n`));
  });
});

describe("each program provokes its diagnostic", () => {
  it.each(folders)("%s", async (code) => {
    const folder = join(programs, code);
    const { status, err } = await say(folder, argumentsOf(folder));
    const found = [...err.matchAll(head)].find((match) => match[2] === code);
    expect(found, err).toBeDefined();
    expect(statusOf[found?.[1] ?? ""]).toContain(status);
    expect(err).not.toMatch(/\n\s+at .*:\d+:\d+\)?/);
  });
});
