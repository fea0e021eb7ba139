/** Sweeps, and runs that are repeated whenever a file is saved. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bilevel, executable, folderWith, follow, until } from "./process.ts";

/** f(a) = (a − 1)² in two entries, so that (shift) moves the minimiser to 1 − shift. */
const folder = folderWith({ "follow.bilevel": follow, "edited.bilevel": follow });

describe("sweep", () => {
  const argv = ["sweep", "follow.bilevel", "--set", "shift=0,0.5", "--seeds", "2", "--jobs", "2", "--out", "swept"];

  it("runs every combination, over the seeds, and keeps each run", () => {
    const { status, out } = bilevel(folder, [...argv, "--json"]);
    expect(status).toBe(0);
    const { settings, runs } = JSON.parse(out);
    expect(settings.map(({ method, runs }: { method: string; runs: number }) => [method, runs])).toEqual([
      ["shift=0", 2],
      ["shift=0.5", 2],
    ]);
    expect(runs).toHaveLength(4);
    const kept = readdirSync(join(folder, "swept", "runs"));
    expect(kept.toSorted()).toEqual(["shift=0,seed=0", "shift=0,seed=1", "shift=0.5,seed=0", "shift=0.5,seed=1"]);
    const { upper } = JSON.parse(
      readFileSync(join(folder, "swept", "runs", "shift=0.5,seed=1", "result.json"), "utf8"),
    );
    for (const entry of upper.a) expect(entry).toBeCloseTo(0.5, 8);
    expect(readFileSync(join(folder, "swept", "table.md"), "utf8")).toMatch(/^\| setting \|/);
    expect(readFileSync(join(folder, "swept", "sweep.html"), "utf8")).toContain("objective against shift");
  });

  it("goes on with the runs that are missing, and with those that were begun", () => {
    const results = join(folder, "swept", "results.json");
    const whole = JSON.parse(readFileSync(results, "utf8"));
    writeFileSync(results, JSON.stringify({ ...whole, runs: whole.runs.slice(0, 2) }));
    rmSync(join(folder, "swept", "runs", "shift=0.5,seed=1"), { recursive: true });
    const { status, err } = bilevel(folder, argv);
    expect(status).toBe(0);
    expect(err.match(/seed/g)).toHaveLength(2);
    const { runs } = JSON.parse(readFileSync(results, "utf8"));
    expect(runs.map(({ value }: { value: number }) => value)).toEqual(
      whole.runs.map(({ value }: { value: number }) => value),
    );
  });

  it("leaves no run behind when it is killed, and goes on from its checkpoint", async () => {
    const own = ["sweep", "follow.bilevel", "--set", "shift=0", "--outer", "gd(rate: 1e-9)", "--out", "long"];
    const kept = join(folder, "long", "runs", "shift=0,seed=0");
    const child = spawn(process.execPath, [executable, ...own, "--steps", "100000000"], { cwd: folder });
    await until(() => existsSync(join(kept, "trace.jsonl")));
    child.kill("SIGKILL");
    await until(() => existsSync(join(kept, "result.json")));
    expect(JSON.parse(readFileSync(join(kept, "result.json"), "utf8")).status).toBe("interrupted");
    expect(existsSync(join(kept, "checkpoint"))).toBe(true);
  });

  it("says what is wrong before it begins", () => {
    expect(bilevel(folder, ["sweep", "follow.bilevel"])).toMatchObject({ status: 2 });
    expect(bilevel(folder, ["sweep", "follow.bilevel", "--set", "shift=1,"])).toMatchObject({ status: 2 });
    expect(bilevel(folder, ["sweep", "follow.bilevel", "--set", "tau=1"]).err).toContain("tau is no param or dim");
    expect(bilevel(folder, ["sweep", "follow.bilevel", "--set", "shift=1", "--jobs", "0"])).toMatchObject({
      status: 2,
    });
  });
});

it("run --watch runs again when the program is saved, until Ctrl-C", async () => {
  const child = spawn(process.execPath, [executable, "run", "edited.bilevel", "--watch", "--json"], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  const runs = (): number => err.match(/waiting for a file/g)?.length ?? 0;
  await until(() => runs() === 1);
  writeFileSync(join(folder, "edited.bilevel"), follow.replace("shift: real = 0.0", "shift: real = 0.25"));
  await until(() => runs() === 2);
  writeFileSync(join(folder, "edited.bilevel"), "minimise");
  await until(() => runs() === 3);
  child.kill("SIGINT");
  expect(await closed).toBe(2);
  const [first, second, third] = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(first.upper.a[0]).toBeCloseTo(1, 8);
  expect(second.upper.a[0]).toBeCloseTo(0.75, 8);
  expect(third.ok).toBe(false);
  expect(existsSync(join(folder, "config.json"))).toBe(false);
});
