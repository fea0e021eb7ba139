import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bilevel, folderWith, follow } from "./process.ts";

const untidy = "var a:real # kept\nvar x : real\nminimize (x-1)^2 over a where x minimizes (x-a)^2\n";

it("formats in place, keeps the file's mode, follows links and leaves nothing behind", () => {
  const folder = folderWith({ "p.bilevel": untidy });
  chmodSync(join(folder, "p.bilevel"), 0o640);
  symlinkSync("p.bilevel", join(folder, "link.bilevel"));
  expect(bilevel(folder, ["fmt", "link.bilevel"])).toEqual({ status: 0, out: "", err: "" });
  const text = readFileSync(join(folder, "p.bilevel"), "utf8");
  expect(text).toContain("var a: real  # kept\n");
  expect(text).toContain("minimize (x - 1)^2\nover     a\nwhere    x minimizes (x - a)^2\n");
  expect(statSync(join(folder, "p.bilevel")).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder).toSorted()).toEqual(["link.bilevel", "p.bilevel"]);
  expect(bilevel(folder, ["fmt", "--check", "p.bilevel", "link.bilevel"]).status).toBe(0);
});

it("--check names the files that would change and changes none", () => {
  const folder = folderWith({ "a.bilevel": follow, "b.bilevel": untidy });
  expect(bilevel(folder, ["fmt", "--check", "a.bilevel", "b.bilevel"])).toEqual({
    status: 1,
    out: "",
    err: "b.bilevel is not formatted\n",
  });
  expect(readFileSync(join(folder, "b.bilevel"), "utf8")).toBe(untidy);
});

it("- goes from standard input to standard output", () => {
  const { status, out } = bilevel(".", ["fmt", "-"], untidy);
  expect(status).toBe(0);
  expect(out).toMatch(/^var a: real/);
  expect(bilevel(".", ["fmt", "-"], out).out).toBe(out);
});

it("a file with a syntax error stays as it is", () => {
  const folder = folderWith({ "p.bilevel": "var a real\n" });
  const { status, err } = bilevel(folder, ["fmt", "p.bilevel"]);
  expect(status).toBe(2);
  expect(err).toContain("p.bilevel:1:7: error[");
  expect(readFileSync(join(folder, "p.bilevel"), "utf8")).toBe("var a real\n");
});
