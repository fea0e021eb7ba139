/** A run's folder, as a user has it: what is in it, and that a run goes on from it, whatever ended it. */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../../runtime/data/npy.ts";
import { openSafetensors } from "../../runtime/data/safetensors.ts";
import { bilevel, executable, folderWith, ridge, until } from "./process.ts";

/** Draws batches below, and remembers moments on both levels. */
const drawn = `dim n = 60
dim m = 40
dim d = 6
data train: { X: real[n, d], y: real[n] } = normal(seed: 1)
data valid: { X: real[m, d], y: real[m] } = normal(seed: 2)
var lambda: real[d] init -1
var theta: real[d]
minimize mean((valid.X @ theta - valid.y)^2)
over lambda
where theta minimizes mean((train.X @ theta - train.y)^2) + sum(exp(lambda) * theta^2)
solve { inner: adam(max: 5, batch: 16) outer: adam(rate: 0.02) steps: 1500 }
`;

const newFolder = (): string => folderWith({ ...ridge, "drawn.bilevel": drawn });

const json = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

/** A result without the time it took. */
function outcome(folder: string) {
  const { seconds: _, phases: __, trace, ...rest } = json(folder, "result.json");
  return { ...rest, trace: trace.map(({ seconds: ___, ...entry }: { seconds: number }) => entry) };
}

describe("run --out", () => {
  const folder = newFolder();
  const ended = bilevel(folder, ["run", "ridge.bilevel", "--out", "kept", "--json"]);
  const kept = join(folder, "kept");

  it("keeps a result by the published schema, which is that of --json", () => {
    expect(ended.status).toBe(0);
    const schema = json(fileURLToPath(new URL("../../docs/result.schema.json", import.meta.url)));
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
    const { phases, ...result } = json(kept, "result.json");
    expect(Object.keys(phases)).toEqual(["compile", "prepare", "solve"]);
    expect(result).toEqual(JSON.parse(ended.out));
    for (const document of [result, json(kept, "result.json")]) expect(validate(document), "").toBe(true);
    expect(validate({ ...result, status: "fine" })).toBe(false);
    for (const program of ["--starts 2", "--method random"]) {
      const { out } = bilevel(folder, ["run", "ridge.bilevel", "--json", ...program.split(" ")]);
      expect(validate(JSON.parse(out)), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it("keeps arrays under their names", async () => {
    const { upper, lower } = JSON.parse(ended.out);
    const bytes = readFileSync(join(kept, "arrays", "theta.npy"));
    const file = { table: "t", path: "theta.npy", span: { file: "", start: 0, end: 0 }, read: async function* () {} };
    expect([...(await decodeNpy(file, [bytes])).values]).toEqual(lower.theta);
    const safe = {
      ...file,
      read: async function* () {
        yield readFileSync(join(kept, "arrays.safetensors"));
      },
    };
    const tensors = await openSafetensors(safe);
    expect([...(tensors.get("lambda")?.().values ?? [])]).toEqual(upper.lambda);
  });

  it("keeps the trace for spreadsheets and for programs", () => {
    const { trace } = json(kept, "result.json");
    const lines = readFileSync(join(kept, "trace.csv"), "utf8").trimEnd().split("\n");
    expect(lines[0]).toBe("step,value,gradient_norm,seconds,inner_residual,adjoint_residual,best,samples");
    expect(lines).toHaveLength(trace.length + 1);
    const events = readFileSync(join(kept, "trace.jsonl"), "utf8").trimEnd().split("\n");
    expect(events.map((line) => JSON.parse(line))).toEqual(trace);
  });

  it("keeps what it was a run of", () => {
    const configuration = json(kept, "config.json");
    expect(configuration).toMatchObject({ version: 1, file: "../ridge.bilevel", engine: "wasm", seed: 0 });
    expect(Object.keys(configuration.data)).toEqual(["../train.csv", "../valid.csv"]);
    expect(configuration.sources["../ridge.bilevel"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("makes a page without a script, a font or the network", () => {
    const page = readFileSync(join(kept, "report.html"), "utf8");
    expect(page).toContain("<math");
    expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).toContain(">age</text>");
    expect(page).not.toMatch(/<script|<link|https?:\/\/(?!www\.w3\.org)/);
  });

  it("refuses a folder that holds a run, or that cannot be made", () => {
    expect(bilevel(folder, ["run", "ridge.bilevel", "--out", "kept"])).toMatchObject({ status: 2 });
    const { status, err } = bilevel(folder, ["run", "ridge.bilevel", "--out", "train.csv"]);
    expect(status).toBe(2);
    expect(err).toContain("results-folder");
  });
});

const chromium = "/usr/bin/chromium";
it.skipIf(!existsSync(chromium))("the page opens without an error", () => {
  const folder = newFolder();
  bilevel(folder, ["run", "ridge.bilevel", "--out", "kept"]);
  const page = `file://${join(folder, "kept", "report.html")}`;
  const argv = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom", page];
  const { stdout, stderr } = spawnSync(chromium, argv, { encoding: "utf8", timeout: 50_000 });
  expect(stdout).toContain("</math>");
  expect(stderr).not.toMatch(/CONSOLE/);
});

async function endedBy(
  folder: string,
  argv: readonly string[],
  afterwards: (child: { kill: (s: NodeJS.Signals) => void }) => unknown,
) {
  const options: SpawnOptions = { cwd: folder, stdio: "ignore" };
  const child = spawn(process.execPath, [executable, ...argv], options);
  afterwards(child);
  return new Promise<{ status: number | null; signal: string | null }>((resolve) =>
    child.on("close", (status, signal) => resolve({ status, signal })),
  );
}

describe("run --resume", () => {
  const folder = newFolder();
  bilevel(folder, ["run", "drawn.bilevel", "--out", "whole"]);
  const whole = outcome(join(folder, "whole"));

  it("goes on after any number of kills as if there had been none", async () => {
    let kills = 0;
    for (let ended = false; !ended; ) {
      const begun = existsSync(join(folder, "killed", "config.json"));
      const argv = begun ? ["--resume", "killed"] : ["drawn.bilevel", "--out", "killed"];
      const { signal } = await endedBy(folder, ["run", ...argv, "--checkpoint", "steps=25"], (child) => {
        if (kills < 12) setTimeout(() => child.kill("SIGKILL"), 250 + 350 * Math.random());
      });
      ended = signal === null;
      if (!ended) kills += 1;
    }
    expect(outcome(join(folder, "killed"))).toEqual(whole);
    const lines = (name: string) => readFileSync(join(folder, name, "trace.jsonl"), "utf8").match(/"step":\d+/g);
    expect(lines("killed")).toEqual(lines("whole"));
    expect(readdirSync(join(folder, "killed")).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("goes on after Ctrl-C, and takes more steps where they are asked for", async () => {
    const { status } = await endedBy(
      folder,
      ["run", "drawn.bilevel", "--steps", "1000000", "--out", "stopped"],
      async (child) => {
        await until(() => existsSync(join(folder, "stopped", "trace.jsonl")));
        child.kill("SIGINT");
      },
    );
    expect(status).toBe(1);
    const { status: how, steps } = json(folder, "stopped", "result.json");
    expect(how).toBe("interrupted");
    expect(bilevel(folder, ["run", "--resume", "stopped", "--steps", String(steps + 100)]).status).toBe(0);
    expect(json(folder, "stopped", "result.json").steps).toBe(steps + 100);
  });

  it("keeps the settings of the run, and the program and data it was of", () => {
    bilevel(folder, [
      "run",
      "ridge.bilevel",
      "--outer",
      "adam",
      "--steps",
      "40",
      "--checkpoint",
      "steps=10",
      "--out",
      "own",
    ]);
    const refusal = (argv: readonly string[] = []) => bilevel(folder, ["run", "--resume", "own", ...argv]);
    expect(refusal(["--outer", "gd"])).toMatchObject({ status: 2 });
    expect(bilevel(folder, ["run", "drawn.bilevel", "--resume", "own"])).toMatchObject({ status: 2 });
    const csv = readFileSync(join(folder, "train.csv"), "utf8");
    writeFileSync(join(folder, "train.csv"), `${csv}1,2,3\n`);
    expect(refusal()).toMatchObject({ status: 2 });
    expect(refusal().err).toContain("train.csv: it has changed since the run in own began");
    writeFileSync(join(folder, "train.csv"), csv);
    expect(refusal()).toMatchObject({ status: 0 });
    expect(bilevel(folder, ["run", "--resume", "nothing"])).toMatchObject({ status: 2 });
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });

  it("says what is wrong with a checkpoint that is not whole, and goes on from the one before", () => {
    bilevel(folder, ["run", "drawn.bilevel", "--checkpoint", "steps=400", "--out", "cut"]);
    const checkpoint = join(folder, "cut", "checkpoint");
    truncateSync(checkpoint, 1000);
    const { status, err } = bilevel(folder, ["run", "--resume", "cut"]);
    expect(status).toBe(2);
    expect(err).toMatch(/checkpoint: it ends early: \d+ of \d+ bytes are there/);
    expect(err).toContain("remove it to go on from the one before, checkpoint.previous");
    rmSync(checkpoint);
    expect(bilevel(folder, ["run", "--resume", "cut"]).status).toBe(0);
    expect(outcome(join(folder, "cut"))).toEqual(whole);
  });

  it.skipIf(process.platform === "win32")(
    "ends where the disk is full among several starts, too, which it goes on with",
    () => {
      const argv = ["run", "drawn.bilevel", "--steps", "300", "--starts", "3", "--checkpoint", "steps=50", "--out"];
      bilevel(folder, [...argv, "starts"]);
      const command = `ulimit -f 24; exec "${process.execPath}" "${executable}" ${argv.join(" ")} few`;
      const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" });
      expect(status).toBe(2);
      expect(stderr).toContain("make room");
      expect(bilevel(folder, ["run", "--resume", "few"]).status).toBe(0);
      expect(outcome(join(folder, "few"))).toEqual(outcome(join(folder, "starts")));
    },
  );

  it.skipIf(process.platform === "win32")("ends where the disk is full, and goes on when there is room", () => {
    const command = `ulimit -f 24; exec "${process.execPath}" "${executable}" run drawn.bilevel --checkpoint steps=50 --out full`;
    const { status, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toContain("make room; what was written before is whole");
    expect(bilevel(folder, ["run", "--resume", "full"]).status).toBe(0);
    expect(outcome(join(folder, "full"))).toEqual(whole);
  });
});

describe("the end of a run", () => {
  const folder = newFolder();

  it("is a target that is reached", () => {
    const { status, out } = bilevel(folder, ["run", "drawn.bilevel", "--target", "1.5", "--json"]);
    const result = JSON.parse(out);
    expect(result.status).toBe("reached");
    expect(status).toBe(0);
    expect(result.trace.at(-1).value).toBeLessThanOrEqual(1.5);
    expect(bilevel(folder, ["run", "drawn.bilevel", "--target", "low"]).status).toBe(2);
  });

  it("is a time limit, with a dash or without", () => {
    for (const flag of ["--time-limit", "--time_limit"])
      expect(JSON.parse(bilevel(folder, ["run", "drawn.bilevel", flag, "0.01", "--json"]).out).status).toBe(
        "time_limit",
      );
  });

  it("can be followed by programs and seen in a terminal", () => {
    const { out } = bilevel(folder, ["run", "ridge.bilevel", "--events", "jsonl"]);
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ event: "start", engine: "wasm" });
    expect(events[1]).toMatchObject({ event: "step", step: 0 });
    expect(events.at(-1)).toMatchObject({ event: "end", status: "converged" });
    expect(bilevel(folder, ["run", "ridge.bilevel", "--plot"]).out).toMatch(/\nObjective\n *[\d.]+ █/);
  });
});
