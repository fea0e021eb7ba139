/** Exit statuses, JSON documents and what a person sees, command by command. */
import { describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../runtime/data/safetensors.ts";
import { bilevel, folderWith, follow, ridge } from "./process.ts";

const folder = folderWith({
  "follow.bilevel": follow,
  ...ridge,
  "flat.bilevel": "var a: real\nvar x: real[3]\nminimize (x[0] - a)^2 over a\nwhere x minimizes (x[0] - a)^2\n",
  "streamed.bilevel":
    "data seen: { x: real[*, 2], y: real[*] } = stream()\nvar w: real[2]\nminimize E[seen]((x @ w - y)^2) over w\n",
  "latin.bilevel": Uint8Array.from([0x23, 0xe9, 0x0a]),
  "point.json": '{ "a": [0.5, 2] }',
  "points.json": '[{ "a": [0.5, 2] }, { "a": 1 }]',
});
const keys = (text: string) => Object.keys(JSON.parse(text) as object);

describe("run", () => {
  it("prints one JSON document with the keys of the contract", () => {
    const { status, out, err } = bilevel(folder, ["run", "follow.bilevel", "--json"]);
    expect(status).toBe(0);
    expect(err).toBe("");
    const names = [
      "status",
      "value",
      "gradient_norm",
      "steps",
      "seconds",
      "engine",
      "method",
      "upper",
      "lower",
      "reports",
      "residuals",
      "trace",
    ];
    expect(keys(out)).toEqual(expect.arrayContaining(names));
    const result = JSON.parse(out);
    expect(result.status).toBe("converged");
    expect(result.upper.a).toHaveLength(2);
    expect(result.upper.a[0]).toBeCloseTo(1, 8);
    expect(keys(JSON.stringify(result.trace[0]))).toEqual(
      expect.arrayContaining(["step", "value", "gradient_norm", "seconds"]),
    );
  });

  it("shows a person the objective, the unknowns by their columns and the reports", () => {
    const shown = bilevel(folder, ["run", "ridge.bilevel"]).out;
    expect(shown).toMatch(/^converged \(\d+ steps, /);
    for (const part of ["objective", "gradient norm", "residuals", "Upper level", "age", "weight", "Lower level"])
      expect(shown).toContain(part);
    expect(bilevel(folder, ["run", "follow.bilevel"]).out).toMatch(/Reports\n {2}distance/);
  });

  it("runs from several starts and gives the best", () => {
    const { status, out } = bilevel(folder, ["run", "follow.bilevel", "--starts", "3", "--seed", "1", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(out).starts).toHaveLength(3);
    expect(bilevel(folder, ["run", "follow.bilevel", "--starts", "3"]).out).toMatch(/Starts\n {2}1 {2}converged/);
    expect(bilevel(folder, ["run", "follow.bilevel", "--starts", "none"]).status).toBe(2);
  });

  it("takes params, options and their arguments", () => {
    const result = (...argv: readonly string[]) =>
      JSON.parse(bilevel(folder, ["run", "follow.bilevel", "--json", ...argv]).out);
    expect(result("--set", "shift=0.5").upper.a[0]).toBeCloseTo(0.5, 8);
    expect(result("--steps", "2", "--outer", "gd", "--outer.rate", "0.01")).toMatchObject({
      status: "max_steps",
      steps: 2,
    });
  });

  it("leaves with 1 when the time is over", () => {
    const { status, out } = bilevel(folder, [
      "run",
      "follow.bilevel",
      "--json",
      "--outer",
      "gd",
      "--outer.rate",
      "1e-9",
      "--steps",
      "100000000",
      "--time_limit",
      "0.1",
    ]);
    expect(JSON.parse(out).status).toBe("time_limit");
    expect(status).toBe(1);
  });
});

describe("grad", () => {
  const at = (...values: readonly string[]) =>
    bilevel(folder, ["grad", "follow.bilevel", "--json", ...values.flatMap((value) => ["--at", value])]);

  it("prints value, gradient, lower level and residuals", () => {
    const { status, out } = at("a=[0.5, 2]");
    expect(status).toBe(0);
    expect(keys(out)).toEqual(["value", "gradient", "lower", "residuals", "method", "engine", "warnings"]);
    const result = JSON.parse(out);
    expect(result.value).toBeCloseTo(1.25, 12);
    expect(result.gradient.a[0]).toBeCloseTo(-1, 12);
    expect(result.gradient.a[1]).toBeCloseTo(2, 12);
  });

  it("answers at each point of a list, with what else is given", () => {
    const { status, out } = at("@points.json");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual([JSON.parse(at("@point.json").out), JSON.parse(at("a=1").out)]);
    expect(JSON.parse(at("@points.json", "a=2").out)[0].lower.x).toEqual([2, 2]);
    expect(bilevel(folder, ["grad", "follow.bilevel", "--at", "@points.json"]).out).toContain("Point 2 of 2");
    expect(at("@points.json", "@points.json").status).toBe(2);
  });

  it.each([
    ["a=-0.7", -0.7],
    ["a=1e-3*2", 0.002],
    ["a=log(10)", Math.log(10)],
    ["a = 2 * pi", 2 * Math.PI],
    ["a=1_000", 1000],
  ])("fills the shape with %s", (text, value) => {
    expect(JSON.parse(at(text).out).lower.x[1]).toBeCloseTo(value, 10);
  });

  it("takes a whole point from a file, and init where nothing is given", () => {
    expect(JSON.parse(at("@point.json").out).lower.x).toEqual(JSON.parse(at("a=[0.5, 2]").out).lower.x);
    expect(JSON.parse(at().out).lower.x[0]).toBeCloseTo(3, 10);
  });

  it("takes a whole point from a file of tensors, weights by their names", () => {
    const program = `network f: real[1] -> real = linear()
var x: real
minimize f([2]) ^ 2 + x ^ 2 over f
where x minimizes (x - f([1]))^2
`;
    const tensors = new Map([
      ["f.W1", { shape: [1], values: Float64Array.of(3) }],
      ["f.b1", { shape: [], values: Float64Array.of(-1) }],
    ]);
    const files = { "p.bilevel": program, "f.safetensors": encodeSafetensors(tensors) };
    const twice = encodeSafetensors(new Map([["f", { shape: [], values: Float64Array.of(1) }], ...tensors]));
    const folder = folderWith({ ...files, "twice.safetensors": twice, "bad.safetensors": "x" });
    const grad = (file: string) => bilevel(folder, ["grad", "p.bilevel", "--at", `@${file}`, "--json"]);
    expect(JSON.parse(grad("f.safetensors").out).value).toBeCloseTo(25 + 4, 12);
    expect(grad("twice.safetensors").err).toContain("f is both an array and weights in it");
    expect(grad("bad.safetensors")).toMatchObject({ status: 2 });
  });

  it.each([
    [["b=1"], "b is no upper variable"],
    [["a=[1, 2, 3]"], "real[2]"],
    [["a=[1, [2]]"], "ragged"],
    [["a=[1, two]"], "neither numbers in JSON nor a scalar formula"],
    [["a"], "this is not name=value"],
    [["@missing.json"], "the file cannot be read"],
  ])("refuses %s with status 2", (values, message) => {
    const { status, out, err } = at(...values);
    expect(status).toBe(2);
    expect(err).toContain(message);
    expect(JSON.parse(out).ok).toBe(false);
  });

  it("refuses a singular lower level with status 3", () => {
    const { status, out, err } = bilevel(folder, ["grad", "flat.bilevel", "--json"]);
    expect(status).toBe(3);
    expect(err).toContain("2 flat directions");
    expect(JSON.parse(out).diagnostics[0].code).toBe("singular-lower-level");
  });

  it("says the same to a person", () => {
    expect(bilevel(folder, ["grad", "follow.bilevel", "--at", "a=2"]).out).toMatch(
      /^value {6}2\nresiduals .*\n\nHypergradient\n {2}a {2}real\[2\]\n {4}2 +2\n/,
    );
  });
});

describe("check, explain and gradcheck", () => {
  it("check shows sizes and structure, or one document", () => {
    const { status, out } = bilevel(folder, ["check", "ridge.bilevel"]);
    expect(status).toBe(0);
    for (const part of ["ridge.bilevel: ok", "n = 4", "d = 2", "quadratic", "strongly convex"])
      expect(out).toContain(part);
    expect(JSON.parse(bilevel(folder, ["check", "ridge.bilevel", "--json"]).out)).toMatchObject({
      ok: true,
      diagnostics: [],
      sizes: { n: 4, m: 3, d: 2 },
    });
  });

  it("check reads the data", () => {
    const { status, err } = bilevel(folder, ["check", "ridge.bilevel", "--data", "train=point.json"]);
    expect(status).toBe(2);
    expect(err).toContain("target");
  });

  it("check leaves the rows of a stream open", () => {
    const { status, out } = bilevel(folder, ["check", "streamed.bilevel"]);
    expect(status).toBe(0);
    expect(out).toContain("real[rows(seen), 2]");
    expect(bilevel(folder, ["run", "streamed.bilevel"]).err).toContain("stream-not-fed");
  });

  it("gradcheck agrees with finite differences", () => {
    const { status, out } = bilevel(folder, ["gradcheck", "ridge.bilevel", "--at", "lambda=[-2, 0.5]", "--json"]);
    expect(status).toBe(0);
    const result = JSON.parse(out);
    expect(result.passed).toBe(true);
    expect(result.rows).toHaveLength(2);
    expect(keys(JSON.stringify(result.rows[0]))).toEqual(
      expect.arrayContaining(["variable", "index", "derived", "finite_difference", "error"]),
    );
  });

  it.each([
    ["text", "Adjoint"],
    ["md", "$"],
    ["latex", "\\begin{document}"],
    ["html", "<math"],
    ["json", "{"],
  ])("explain writes %s", (format, part) => {
    const { status, out } = bilevel(folder, ["explain", "ridge.bilevel", "--format", format]);
    expect(status).toBe(0);
    expect(out).toContain(part);
    if (format === "json") expect(JSON.parse(out)).toBeTypeOf("object");
  });

  it("explain needs no data", () => {
    const without = folderWith({ "ridge.bilevel": ridge["ridge.bilevel"] ?? "" });
    const { status, out, err } = bilevel(without, ["explain", "ridge.bilevel"]);
    expect(status).toBe(0);
    expect(err).toContain("warning[file-missing]");
    expect(out).toContain("Adjoint");
  });
});

describe("the command line", () => {
  it("has a version and help", () => {
    expect(bilevel(folder, ["--version"]).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(bilevel(folder, ["--help"]).out).toContain("gradcheck");
    expect(bilevel(folder, ["run", "--help"]).out).toContain("--outer.rate");
    expect(bilevel(folder, []).status).toBe(2);
  });

  it.each([
    [["check", "missing.bilevel"], 2, "there is no such file"],
    [["check", "."], 2, "this is a folder"],
    [["check", "latin.bilevel"], 2, "not UTF-8"],
    [["chekc", "follow.bilevel"], 2, "did you mean check?"],
    [["run"], 2, "missing required argument"],
    [["run", "follow.bilevel", "--stpes", "3"], 2, "did you mean --steps?"],
    [["run", "follow.bilevel", "--outer", "adm"], 2, "did you mean adam?"],
    [["run", "follow.bilevel", "--outer.rate", "-1"], 2, "above 0"],
    [["compile", "follow.bilevel", "--target", "jax"], 3, "--target jax is not available"],
  ])("%j leaves with %i", (argv, expected, message) => {
    const { status, out, err } = bilevel(folder, argv);
    expect(err).toContain(message);
    expect(status).toBe(expected);
    expect(out).toBe("");
    expect(err).not.toMatch(/\n\s+at .*:\d+:\d+/);
  });
});
