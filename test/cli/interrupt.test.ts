import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { executable, folderWith, follow } from "./process.ts";

it("an interrupted run gives its best point and leaves with 1", async () => {
  const folder = folderWith({ "follow.bilevel": follow });
  const endless = ["--outer", "gd", "--outer.rate", "1e-6", "--steps", "100000000"];
  const child = spawn(process.execPath, [executable, "run", "follow.bilevel", "--json", ...endless], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  // The first line of progress says that the run is under way.
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (err === "") child.kill("SIGINT");
    err += text;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).toBe(1);
  const result = JSON.parse(out);
  expect(result.status).toBe("interrupted");
  expect(result.value).toBeLessThan(8);
  expect(result.upper.a).toHaveLength(2);
  expect(err).toMatch(/^step \d+ {2}objective /);
});
