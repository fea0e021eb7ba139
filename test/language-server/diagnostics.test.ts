import { describe, expect, it } from "vitest";
import { memoryHost, opened, ridge, uri } from "./marked.ts";

describe("diagnostics", () => {
  it("stand where the mistake is, with their page, their suggestion and their second place", () => {
    const { services, ranges } = opened("var ⟦theta⟧: real[3]\nlet a = ⟦thta⟧ + 1\nvar ⟦theta⟧: real");
    const found = services.diagnostics(uri);
    expect(found.map(({ code, range }) => [code, range])).toEqual([
      ["unknown-name", ranges[1]],
      ["duplicate-name", ranges[2]],
    ]);
    expect(found[0]?.message).toBe("thta is not declared\ndid you mean theta?");
    expect(found[0]?.codeDescription?.href).toBe("memory:/docs/errors/unknown-name.md");
    expect(found[1]?.relatedInformation?.[0]?.location).toEqual({ uri, range: ranges[0] });
  });

  it("come from the later stages and from the data when the text rests", async () => {
    const affine = ridge.replace("mean(residual^2) + exp(rho) * sumsq(theta)", "sum(theta) * exp(rho)");
    const { services } = opened(affine);
    expect(services.diagnostics(uri)).toEqual([]);
    expect((await services.thoroughDiagnostics(uri))?.map(({ code }) => code)).toEqual(["not-curved"]);
    const missing = { code: "file-missing", severity: "error", message: "no such file" } as const;
    const span = { file: "main.bilevel", start: 50, end: 61 };
    const host = memoryHost({}, { sizes: new Map(), diagnostics: [{ ...missing, span }] });
    const withData = opened(ridge, host).services;
    expect((await withData.thoroughDiagnostics(uri))?.map(({ code, range }) => [code, range.start.line])).toEqual([
      ["file-missing", 0],
    ]);
  });

  it("of an imported file show at the import, and follow its changes", () => {
    const host = memoryHost({ "lib.bilevel": "let a = nowhere\n" });
    const { services, ranges } = opened('import ⟦"lib.bilevel"⟧\nlet b = 1', host);
    const [first] = services.diagnostics(uri);
    expect(first?.range).toEqual(ranges[0]);
    expect(first?.relatedInformation?.[0]?.location.uri).toBe("memory:/lib.bilevel");
    services.open("memory:/lib.bilevel", 1, "let a = 1\n");
    expect(services.importing("memory:/lib.bilevel")).toEqual([uri]);
    expect(services.diagnostics(uri)).toEqual([]);
  });

  it("are not given for a text that has changed meanwhile", async () => {
    const { services } = opened(ridge);
    const late = services.thoroughDiagnostics(uri);
    services.change(uri, 2, [{ text: "let a = " }]);
    expect(await late).toBeUndefined();
    expect(services.diagnostics(uri).map(({ code }) => code)).toEqual(["syntax-error"]);
  });

  it("follow edits by ranges, as the whole text would", () => {
    const { services } = opened(ridge);
    const at = { line: 6, character: 4 };
    services.change(uri, 2, [{ range: { start: at, end: at }, text: "x" }]);
    expect(services.diagnostics(uri).map(({ code, range }) => [code, range.start])).toEqual([
      ["unknown-name", { line: 9, character: 30 }],
    ]);
    services.change(uri, 3, [{ range: { start: at, end: { line: 6, character: 5 } }, text: "" }]);
    expect(services.diagnostics(uri)).toEqual([]);
  });
});
