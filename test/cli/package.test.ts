/** What is published: what a user needs, and nothing that is not accounted for. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

it("holds the built program, the error pages and the templates", () => {
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const packed: unknown = JSON.parse(stdout);
  const [{ files }] = Object.values(packed as object) as [{ files: readonly { readonly path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toContain("dist/bilevel.js");
  const needed =
    /^(package\.json|README\.md|LICENSE|dist\/.*\.(js|txt|d\.ts|1)|docs\/errors\/[a-z-]+\.md|templates\/[a-z-]+\.bilevel)$/;
  expect(paths.filter((path) => !needed.test(path))).toEqual([]);
});

it("depends on what docs/dependencies.md accounts for, with its licence", () => {
  const table = readFileSync(new URL("../../docs/dependencies.md", import.meta.url), "utf8");
  const { devDependencies, optionalDependencies, peerDependencies } = manifest;
  const listed = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  const names = new Set(Object.keys({ ...devDependencies, ...optionalDependencies, ...peerDependencies }));
  expect(listed.toSorted()).toEqual([...names].toSorted());
});
