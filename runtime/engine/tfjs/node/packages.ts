/** Optional packages, installed beside this program or beside the user's files. Nothing is loaded before it is asked for. */
import { createRequire } from "node:module";
import { join } from "node:path";

const places = (): readonly NodeJS.Require[] =>
  [import.meta.url, join(process.cwd(), "index.js")].map((from) => createRequire(from));

/** How a package is found; `undefined` where it is not installed. */
function requireFor(name: string): NodeJS.Require | undefined {
  return places().find((require) => {
    try {
      return require.resolve(name) !== "";
    } catch {
      return false;
    }
  });
}

export const isInstalled = (name: string): boolean => requireFor(name) !== undefined;

/** What an installed package exports. Throws where it cannot be loaded. */
export function loadPackage(name: string): unknown {
  const require = requireFor(name);
  if (require === undefined) throw new Error(`${name} is not installed`);
  return require(name);
}
