/** A program reads in its own folder, and nowhere else unless allowed. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CompileOptions, compile } from "../../index.ts";

const root = mkdtempSync(join(tmpdir(), "bilevel-"));
const own = join(root, "own");
const other = join(root, "own-not");
for (const folder of [join(own, "below"), other]) mkdirSync(folder, { recursive: true });
for (const file of [join(own, "below", "t.csv"), join(other, "t.csv")]) writeFileSync(file, "x\n1\n3\n");
for (const file of [join(own, "a.bilevel"), join(other, "a.bilevel")]) writeFileSync(file, "var a: real\n");
symlinkSync(join(other, "t.csv"), join(own, "link.csv"));
symlinkSync(other, join(own, "linked"));

const file = join(own, "problem.bilevel");
async function codesOf(source: string, options: CompileOptions = {}): Promise<readonly string[]> {
  const { diagnostics } = await compile(source, { file, ...options });
  return diagnostics.map(({ code }) => code);
}
const reading = (path: string): string =>
  `data t: { x: real[n] } = csv("${path}", x: "x")\nvar a: real\nminimize mean((a - t.x)^2) over a\n`;
const importing = (path: string): string => `import "${path}"\nminimize (a - 1)^2 over a\n`;
const outside = ["path-outside"];

describe("a program's paths", () => {
  it.each(["below/t.csv", "./below/../below/t.csv", join(own, "below", "t.csv")])("may be %s", async (path) =>
    expect(await codesOf(reading(path))).toEqual([]),
  );

  it.each([
    "../own-not/t.csv",
    join(other, "t.csv"),
    "link.csv",
    "linked/t.csv",
    "linked/no.csv",
    "../no.csv",
    "/etc/passwd",
  ])("may not be %s", async (path) => expect(await codesOf(reading(path))).toEqual(outside));

  it("may lead where it is allowed, and what the user names is read anywhere", async () => {
    expect(await codesOf(reading("link.csv"), { allowRead: [other] })).toEqual([]);
    expect(await codesOf(reading("../no.csv"), { data: new Map([["t", join(other, "t.csv")]]) })).toEqual([]);
  });

  it("are imported by the same rule", async () => {
    expect(await codesOf(importing("a.bilevel"))).toEqual([]);
    expect(await codesOf(importing("linked/a.bilevel"))).toContain("path-outside");
    expect(await codesOf(importing("../own-not/a.bilevel"), { allowRead: [root] })).toEqual([]);
  });
});

describe("imports", () => {
  it("do not go on for ever", async () => {
    const endless = (path: string) => ({ file: path, text: `import "${path}x"\n` });
    expect(await codesOf(importing("a"), { imports: endless })).toContain("too-deep");
  });
});
