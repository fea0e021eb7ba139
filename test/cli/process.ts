/** The built program as a process. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const executable = fileURLToPath(new URL("../../dist/bilevel.js", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function bilevel(cwd: string, argv: readonly string[], input = ""): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [executable, ...argv], {
    cwd,
    input,
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

/** Waits until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A new folder with these files. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "bilevel-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The lower level follows the upper one: the value is (a − 1)², its gradient 2(a − 1). */
export const follow = `param shift: real = 0.0
var a: real[2] init 3
var x: real[2]

minimize sumsq(x - 1)
over     a
where    x minimizes sumsq(x - a - shift)

report distance = norm(x - 1)
`;

/** Two features, named by their columns. */
export const ridge: Readonly<Record<string, string>> = {
  "ridge.bilevel": `data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "target")
data valid: { X: real[m, d], y: real[m] } = csv("valid.csv", y: "target")

var lambda: real[d] init -1
var theta: real[d]

minimize mean((valid.X @ theta - valid.y)^2)
over     lambda
where    theta minimizes mean((train.X @ theta - train.y)^2) + sum(exp(lambda) * theta^2)
`,
  "train.csv": "age,weight,target\n1,0.5,1\n0,1,2\n-1,2,0.5\n0.5,-1,-1.5\n",
  "valid.csv": "age,weight,target\n1,1,2\n-1,0.5,0.2\n0.3,-0.7,-1\n",
};
