/** What `bilevel new` writes runs at once; what shells and `man` are given comes from the tree of commands. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../index.ts";
import { bilevel, folderWith } from "./process.ts";

const folder = folderWith({ "full/file": "" });
const templates = readdirSync(join(import.meta.dirname, "../../templates")).map((file) => basename(file, ".bilevel"));

describe("new", () => {
  it("lists every template with a sentence", () => {
    const { status, out } = bilevel(folder, ["new", "--list"]);
    expect(status).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0]).toSorted()).toEqual(templates.toSorted());
    for (const line of lines) expect(line).toMatch(/^\S+ {2,}[A-Z].*[.?]$/);
  });

  it.each(templates)("%s has a gradient on its made-up data", async (template) => {
    const { status, out, err } = bilevel(folder, ["new", template, "--template", template]);
    expect([status, err]).toEqual([0, ""]);
    const file = join(folder, template, `${template}.bilevel`);
    expect(out).toContain(`bilevel run ${join(template, `${template}.bilevel`)}`);
    expect(bilevel(folder, ["fmt", "--check", file]).status).toBe(0);
    const { problem, diagnostics } = await compile({ file });
    expect(diagnostics).toEqual([]);
    const answer = problem?.gradient();
    expect(answer?.value).toSatisfy(Number.isFinite);
    expect(Object.keys(answer?.gradient ?? {})).not.toEqual([]);
  });

  it("runs what it wrote, the ridge by default", () => {
    expect(bilevel(folder, ["new", "mine"]).status).toBe(0);
    expect(bilevel(folder, ["run", "mine/mine.bilevel"]).out).toMatch(/^converged/);
  });

  it("writes over nothing, and knows its templates", () => {
    expect(bilevel(folder, ["new", "full"])).toMatchObject({ status: 2, err: expect.stringContaining("not empty") });
    const { status, err } = bilevel(folder, ["new", "other", "--template", "rigde"]);
    expect([status, err]).toEqual([2, expect.stringContaining("did you mean ridge?")]);
    expect(existsSync(join(folder, "other"))).toBe(false);
    expect(bilevel(folder, ["new"]).status).toBe(2);
  });
});

describe("explain", () => {
  it("shows the page of a message", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/errors/syntax-error.md"), "utf8");
    expect(bilevel(folder, ["explain", "syntax-error"]).out).toBe(page);
    expect(JSON.parse(bilevel(folder, ["explain", "syntax-error", "--json"]).out)).toEqual({
      code: "syntax-error",
      page,
    });
    expect(bilevel(folder, ["explain", "syntax-eror"])).toMatchObject({
      status: 2,
      err: expect.stringContaining("did you mean syntax-error?"),
    });
  });
});

describe("completions", () => {
  it("complete commands, options and their words in bash", () => {
    writeFileSync(join(folder, "complete.bash"), bilevel(folder, ["completions", "bash"]).out);
    const completed = (...words: readonly string[]): string => {
      const script = `source complete.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bilevel; echo "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", script, "bash", ...words], { cwd: folder, encoding: "utf8" }).stdout.trim();
    };
    expect(completed("bilevel", "exp")).toBe("explain");
    expect(completed("bilevel", "run", "--star")).toBe("--starts");
    expect(completed("bilevel", "explain", "--format", "")).toBe("text md latex html json");
    expect(completed("bilevel", "completions", "")).toBe("bash zsh fish");
    expect(completed("bilevel", "run", "x")).toBe("");
  });

  it.each(["zsh", "fish"])("are well formed for %s, where it is installed", (shell) => {
    const { status, out } = bilevel(folder, ["completions", shell]);
    expect(status).toBe(0);
    expect(out).toContain("gradcheck");
    const file = join(folder, `complete.${shell}`);
    writeFileSync(file, out);
    const { error, status: parsed } = spawnSync(shell, ["-n", file]);
    if (error === undefined) expect(parsed).toBe(0);
  });

  it("know no other shell", () => expect(bilevel(folder, ["completions", "csh"]).status).toBe(2));
});

describe("man", () => {
  it("has every command, and no line of text that roff would take for a request", () => {
    const { status, out } = bilevel(folder, ["man"]);
    expect(status).toBe(0);
    for (const name of ["run", "grad", "sweep", "completions"]) expect(out).toContain(`\n.SS ${name}\n`);
    for (const line of out.split("\n")) expect(line).toMatch(/^(?![.'])|^\.(TH|SH|SS|B|I|PP|TP|nf|fi)\b/);
  });
});
