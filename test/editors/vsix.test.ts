import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { pages } from "../../editors/vscode/pages.ts";
import { folderWith, ridge } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let unpacked: string;
let files: Readonly<Record<string, Uint8Array>>;
const textOf = (path: string): string => new TextDecoder().decode(files[path]);

beforeAll(() => {
  unpacked = mkdtempSync(join(tmpdir(), "bilevel-vsix-"));
  const packed = join(unpacked, "bilevel.vsix");
  execFileSync(process.execPath, [join(root, "scripts", "vsix.mjs"), packed], { stdio: "inherit" });
  files = unzipSync(readFileSync(packed));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(unpacked, path)), { recursive: true });
    writeFileSync(join(unpacked, path), bytes);
  }
}, 120_000);

describe("the package", () => {
  it("holds the extension, the command with the pages of its messages, and nothing else", () => {
    const names = Object.keys(files);
    const own = ["LICENSE.txt", "README.md", "bilevel.tmLanguage.json", "extension.cjs", "icon.png"];
    const described = ["language-configuration.json", "package.json", "snippets.json"];
    expect(names.filter((name) => !/^extension\/(dist|docs\/errors)\//.test(name)).sort()).toEqual([
      "[Content_Types].xml",
      "extension.vsixmanifest",
      ...[...own, ...described].map((name) => `extension/${name}`),
    ]);
    expect(names).toContain("extension/dist/bilevel.js");
    expect(names.filter((name) => /\.(ts|map)$|dist\/(index|browser|esbuild)\.js$/.test(name))).toEqual([]);
    const documented = readdirSync(join(root, "docs", "errors"));
    expect(names.filter((name) => name.startsWith("extension/docs/errors/"))).toHaveLength(documented.length);
  });

  it("has a manifest whose files are there, and whose commands are those of the code lenses", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const manifest = JSON.parse(textOf("extension/package.json"));
    expect(manifest.version).toBe(version);
    const { languages, grammars, snippets, commands } = manifest.contributes;
    const named = [manifest.main, manifest.icon, languages[0].configuration, grammars[0].path, snippets[0].path];
    for (const path of named) expect(Object.keys(files)).toContain(join("extension", path));
    const lenses = readFileSync(join(root, "language-server", "code-lenses.ts"), "utf8").match(/bilevel\.\w+/g) ?? [];
    expect(commands.map(({ command }: { readonly command: string }) => command)).toEqual(
      expect.arrayContaining(lenses),
    );
    expect(textOf("extension.vsixmanifest")).toContain(`Id="bilevel" Version="${version}" Publisher="bilevel"`);
  });

  it("has an icon of 128 by 128 pixels", () => {
    const header = new DataView((files["extension/icon.png"] as Uint8Array).slice(0, 24).buffer);
    expect([header.getUint32(16), header.getUint32(20)]).toEqual([128, 128]);
  });

  it("has a type for every kind of file", () => {
    const types = textOf("[Content_Types].xml");
    for (const name of Object.keys(files))
      expect(types).toContain(`Extension=".${name.split(".").at(-1)}"`.replace(/Extension="\.xml"/, "Types"));
  });
});

describe("its commands", () => {
  const shown: { readonly sentence: string; readonly html: string }[] = [];
  const program = ridge["ridge.bilevel"] as string;
  const asked = (text = program, signal = new AbortController().signal) => {
    const folder = folderWith({ ...ridge, "ridge.bilevel": text });
    return {
      program: { path: join(unpacked, "extension", "dist", "bilevel.js"), folder },
      file: "ridge.bilevel",
      signal,
      progress: (sentence: string, html: string) => void shown.push({ sentence, html }),
    };
  };

  it("run: tells of the steps with a curve, and ends with the report", async () => {
    const report = await pages.run(asked());
    expect(shown[0]?.sentence).toMatch(/^step 0, objective \d/);
    expect(shown[0]?.html).toContain('aria-label="Objective"');
    expect(report).toContain("<h2>Learned</h2>");
    expect(report).toContain('aria-label="lambda: real[d]"');
    expect(report).not.toContain("<script");
  });

  it("run: stopped, ends with the report of the best point so far", async () => {
    const stop = new AbortController();
    const endless = `${program}\nsolve { outer: gd(rate: 1e-6), steps: 100000000 }\n`;
    const all = asked(endless, stop.signal);
    const report = await pages.run({ ...all, progress: () => stop.abort() });
    expect(report).toContain("interrupted; this is the best point so far");
  });

  it("explain: typesets the derivation", async () => {
    const page = await pages.explain(asked());
    expect(page).toContain("<h2>Hypergradient</h2>");
    expect(page).toContain("<math");
  });

  it("gradcheck: shows both gradients", async () => {
    expect(await pages.gradcheck(asked())).toMatch(/passed: the largest error[\s\S]*lambda\[0\]/);
  });

  it("show what the compiler says of a program that is wrong", async () => {
    for (const page of Object.values(pages))
      expect(await page(asked(program.replace("over     lambda", "over     lamda")))).toMatch(
        /<pre>ridge\.bilevel:8:10: error\[unknown-name\]: lamda is not declared[\s\S]*did you mean lambda/,
      );
  });
});
