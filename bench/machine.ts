/** Where it was measured. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { searchBlas } from "../runtime/engine/blas/find.ts";
import { cores } from "./contest.ts";

export type Machine = Readonly<Record<string, string>>;

export function machine(): Machine {
  const all = cpus();
  const { blas } = searchBlas();
  return {
    processor: `${all[0]?.model.trim() ?? "unknown"}, ${all.length} cores, ${cores} used`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${platform()} ${release()}`,
    "load at the start": load(),
    "our BLAS": blas?.name ?? "none",
    precision: "double",
  };
}

export const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(", ");

export const ourVersions = (): Readonly<Record<string, string>> => ({
  bilevel: JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
  node: process.versions.node,
});
