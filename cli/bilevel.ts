#!/usr/bin/env node
/** The executable. It loads the rest only once it knows that this Node.js can run it. */
import * as modules from "node:module";
import process from "node:process";

const oldest = [22, 12] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(`bilevel needs Node.js ${oldest.join(".")} or newer; this is ${process.versions.node}\n`);
  process.exitCode = 70;
} else {
  modules.enableCompileCache();
  const { main, reportDefect } = await import("./main.ts");
  const leave = (error: unknown): void => process.exit(reportDefect(error));
  process.on("uncaughtException", leave);
  // A reader that has seen enough, such as `head`, is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    error.code === "EPIPE" ? process.exit(0) : leave(error),
  );
  // One that no longer hears how a run is going is none, either.
  process.stderr.on("error", () => {});
  process.exitCode = await main(process.argv.slice(2));
}
