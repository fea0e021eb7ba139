/** The command line: the one place where failures become messages and exit statuses. */
import { CommanderError } from "commander";
import { BilevelError } from "../grammar/diagnostics.ts";
import { commandTree } from "./commands.ts";
import { commandLine } from "./errors.ts";
import { asWritten } from "./flags.ts";
import { createOutput, type ExitStatus, reportFailure } from "./output.ts";

/** Runs one command; the caller leaves the process with the status it gives. Nothing thrown escapes. */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  const output = createOutput(argv.includes("--json"));
  try {
    const state: { status: ExitStatus } = { status: 0 };
    await commandTree(output, (status) => {
      state.status = status;
    }).parseAsync(argv.map(asWritten), { from: "user" });
    return state.status;
  } catch (error) {
    if (error instanceof BilevelError) return reportFailure(output, error.diagnostics);
    if (!(error instanceof CommanderError)) return reportDefect(error);
    if (error.exitCode === 0) return 0;
    if (error.code === "commander.help") return 2;
    const [message = "", hint] = error.message.replace(/^error: /, "").split("\n");
    return reportFailure(output, [commandLine(message, hint?.replace(/^\((.*)\)$/, "$1").replace(/^Did/, "did"))]);
  }
}

/** A defect of this program. No stack trace reaches the user unless asked for. */
export function reportDefect(error: unknown): ExitStatus {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `bilevel: internal error: ${message}\nThis is a defect of bilevel: please report it with the file that caused it.\n`,
  );
  if (process.env["BILEVEL_DEBUG"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return 70;
}
