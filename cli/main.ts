/** The command line: its commands and options, and the one place where failures become messages and exit statuses. */
import { Command, CommanderError, Option } from "commander";
import { optionKeys } from "../compiler/plan/options.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import manifest from "../package.json" with { type: "json" };
import type { CompareFlags } from "./compare.ts";
import type { CompileFlags } from "./compile.ts";
import { commandLine, commandUnavailable } from "./errors.ts";
import type { ExplainFlags } from "./explain.ts";
import { flagHelp, flagsOf } from "./flags.ts";
import type { PointFlags } from "./grad.ts";
import { createOutput, type ExitStatus, type Output, reportFailure } from "./output.ts";
import type { PredictFlags } from "./predict.ts";
import type { ProgramFlags } from "./program.ts";
import type { RunFlags } from "./run.ts";

/** Runs one command; the caller leaves the process with the status it gives. Nothing thrown escapes. */
export async function main(argv: readonly string[]): Promise<ExitStatus> {
  const output = createOutput(argv.includes("--json"));
  try {
    const state: { status: ExitStatus } = { status: 0 };
    await commandTree(output, (status) => {
      state.status = status;
    }).parseAsync([...argv], { from: "user" });
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

type Flags = Readonly<Record<string, unknown>>;

function commandTree(output: Output, finish: (status: ExitStatus) => void): Command {
  const program = new Command("bilevel")
    .description("A modelling language and compiler for bilevel optimisation.")
    .version(manifest.version, "-V, --version")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText("after", overview);
  const command = (name: string, description: string, help: string): Command =>
    program.command(name).description(description).addHelpText("after", `\n${help}`).allowExcessArguments(false);
  const json = (each: Command): Command => each.option("--json", "print one JSON document on standard output");
  /** Commands that are not here yet say so, whatever follows them. */
  const unavailable = (name: string): void => {
    program
      .command(name, { hidden: true })
      .argument("[arguments...]")
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new BilevelError([
          commandUnavailable(`bilevel ${name}`, "run bilevel --help to see the commands that are"),
        ]);
      });
  };

  const run = json(withSolve(withProgram(command("run", "solve the problem", runHelp))));
  run.option(
    "--starts <number>",
    "run from so many starts and give the best end: the declared one, others drawn around it",
  );
  for (const flag of ["out", "resume"]) run.addOption(new Option(`--${flag} <dir>`).hideHelp());
  run.action(async (file: string, flags: Flags) => {
    const missing = ["out", "resume"].find((flag) => flags[flag] !== undefined);
    if (missing !== undefined) throw new BilevelError([commandUnavailable(`--${missing}`)]);
    finish(await (await import("./run.ts")).run(file, runFlags(flags), output));
  });

  json(
    withSolve(withPoint(withProgram(command("grad", "value, hypergradient and residuals at one point", gradHelp)))),
  ).action(async (file: string, flags: Flags) =>
    finish(await (await import("./grad.ts")).grad(file, pointFlags(flags), output)),
  );

  json(
    withSolve(
      withProgram(command("check", "parse the file, check names, types and shapes, and read its data", checkHelp)),
    ),
  ).action(async (file: string, flags: Flags) =>
    finish(await (await import("./check.ts")).check(file, programFlags(flags), output)),
  );

  withSolve(withProgram(command("explain", "the derived equations, the adjoint, the plan and why", explainHelp)))
    .addOption(
      new Option("--format <format>", "how it is written")
        .choices(["text", "md", "latex", "html", "json"])
        .default("text"),
    )
    .addOption(new Option("--json", "the same as --format json").hideHelp().implies({ format: "json" }))
    .action(async (file: string, flags: Flags) => {
      const format = flags["format"] as ExplainFlags["format"];
      finish(await (await import("./explain.ts")).explainFile(file, { ...programFlags(flags), format }, output));
    });

  json(
    withSolve(
      withPoint(
        withProgram(
          command("gradcheck", "hypergradient against finite differences and other estimators", gradcheckHelp),
        ),
      ),
    ),
  ).action(async (file: string, flags: Flags) =>
    finish(await (await import("./gradcheck.ts")).gradcheck(file, pointFlags(flags), output)),
  );

  json(command("predict", "evaluate a function that was solved for at new points", predictHelp))
    .argument("<result>", "what bilevel run --json printed; - for standard input")
    .requiredOption("--data <file>", "a csv file with a column for each entry of the function's arguments")
    .option("--function <name>", "one of the result's functions (default: all)", collect)
    .option("-o, --out <file>", "where the values are written (default: standard output)")
    .action(async (file: string, flags: Flags) => {
      const { predict } = await import("./predict.ts");
      finish(await predict(file, predictFlags(flags), output));
    });

  json(withSolve(withProgram(command("compare", "several methods on one problem, over several seeds", compareHelp))))
    .requiredOption("--methods <list>", "methods as the solve block writes them, separated by commas")
    .option("--seeds <number>", "runs of every method that draws anything (default: 1)")
    .option("--until <end>", "value=V, seconds=S or passes=P ends a run; may be given several times", collect)
    .option("--out <dir>", "keep the runs there, with a table and a page of curves; the same command goes on there")
    .action(async (file: string, flags: Flags) => {
      const { compare } = await import("./compare.ts");
      finish(await compare(file, compareFlags(flags), output));
    });

  command("fmt", "write files in the canonical style", fmtHelp)
    .argument("<files...>", "files to format in place; - formats standard input to standard output")
    .option("--check", "change nothing; exit with 1 if a file is not formatted")
    .action(async (files: readonly string[], flags: Flags) => {
      const { fmt } = await import("./fmt.ts");
      finish(fmt(files, { check: flags["check"] === true }, output));
    });

  withSolve(withProgram(command("compile", "the tensor program as a file that runs by itself", compileHelp)))
    .requiredOption("--target <target>", "what the file is for: an ES module for Node.js and browsers, on wasm or tfjs")
    .option("-o, --out <file>", "where it is written, its types beside it (default: standard output)")
    .option("--without-data", "leave the data out: the module loads what it is given")
    .action(async (file: string, flags: Flags) => {
      const { compileModule } = await import("./compile.ts");
      finish(await compileModule(file, compileFlags(flags), output));
    });

  json(command("doctor", "what this machine offers, and what would make it faster", doctorHelp)).action(async () =>
    finish((await import("./doctor.ts")).doctor(output)),
  );

  for (const name of ["new", "lsp"]) unavailable(name);
  return program;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

function withProgram(command: Command): Command {
  return command
    .argument("<file>", "a .bilevel file")
    .option("--set <name=value>", "replace a param or a dim", collect)
    .option("--data <name=path>", "read a table from another file", collect);
}

function withPoint(command: Command): Command {
  return command.option("--at <name=value>", "a value of an upper variable, or @file.json for all of them", collect);
}

function withSolve(command: Command): Command {
  command.optionsGroup(
    "How to solve (replaces the solve block's entries; --KEY.ARG for arguments, such as --outer.rate 0.1):",
  );
  for (const key of optionKeys) {
    for (const flag of flagsOf(key)) {
      const option = new Option(`--${flag} <value>`, flag === key ? flagHelp(key) : "");
      command.addOption(flag === key ? option : option.hideHelp());
    }
  }
  return command.optionsGroup("Options:");
}

function programFlags(flags: Flags): ProgramFlags {
  const solve = optionKeys
    .flatMap(flagsOf)
    .flatMap((flag) => (typeof flags[flag] === "string" ? [[flag, flags[flag]] as const] : []));
  return { set: list(flags["set"]), data: list(flags["data"]), solve: new Map(solve) };
}

function runFlags(flags: Flags): RunFlags {
  const { starts } = flags;
  return { ...programFlags(flags), ...(typeof starts === "string" && { starts }) };
}

function compareFlags(flags: Flags): CompareFlags {
  const { seeds, out } = flags;
  return {
    ...programFlags(flags),
    methods: String(flags["methods"]),
    until: list(flags["until"]),
    ...(typeof seeds === "string" && { seeds }),
    ...(typeof out === "string" && { out }),
  };
}

function pointFlags(flags: Flags): PointFlags {
  return { ...programFlags(flags), at: list(flags["at"]) };
}

function predictFlags(flags: Flags): PredictFlags {
  const out = flags["out"];
  return {
    data: String(flags["data"]),
    functions: list(flags["function"]),
    ...(typeof out === "string" ? { out } : {}),
  };
}

function compileFlags(flags: Flags): CompileFlags {
  const out = flags["out"];
  return {
    ...programFlags(flags),
    target: String(flags["target"]),
    embedData: flags["withoutData"] !== true,
    ...(typeof out === "string" ? { out } : {}),
  };
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : [];
}

// ---------------------------------------------------------------------------------------------------------- help

const overview = `
A problem in a file:
  data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "target")
  data valid: { X: real[m, d], y: real[m] } = csv("valid.csv", y: "target")
  var lambda: real
  var theta: real[d]
  minimize mean((valid.X @ theta - valid.y)^2)
  over     lambda
  where    theta minimizes mean((train.X @ theta - train.y)^2) + exp(lambda) * sumsq(theta)

Exit status: 0 done; 1 the run ended otherwise; 2 the source, the data or the arguments are wrong;
3 the problem was refused.`;

const runHelp = `Examples:
  bilevel run ridge.bilevel
  bilevel run ridge.bilevel --set rho=0.5 --data train=other.csv --json
  bilevel run ridge.bilevel --outer adam --outer.rate 0.05 --steps 200 --time_limit 60

  bilevel run ridge.bilevel --starts 16 --seed 0

Ctrl-C ends the run with the best point so far.`;

const gradHelp = `Values are JSON or scalar formulae; names that are missing take their init. Examples:
  bilevel grad ridge.bilevel --at lambda=-0.7
  bilevel grad ridge.bilevel --at 'lambda=log(10)' --json
  bilevel grad ridge.bilevel --at lambda='[-2, -1.4, 0.5]'
  bilevel grad ridge.bilevel --at @point.json
  bilevel grad ridge.bilevel --at @points.json --json

A file may hold a list of points: they are solved together and give a list of results.`;

const checkHelp = `Examples:
  bilevel check ridge.bilevel
  bilevel check ridge.bilevel --json`;

const explainHelp = `Examples:
  bilevel explain ridge.bilevel
  bilevel explain ridge.bilevel --format html > ridge.html

Sizes stay symbolic where the data cannot be read.`;

const gradcheckHelp = `Examples:
  bilevel gradcheck ridge.bilevel
  bilevel gradcheck ridge.bilevel --at lambda=-0.7

Exit status 1 if they disagree.`;

const compileHelp = `The module exports value, gradient, hypergradient, solve, and load for other data. Examples:
  bilevel compile ridge.bilevel --target wasm -o ridge.js
  bilevel compile ridge.bilevel --target wasm --without-data > ridge.js`;

const predictHelp = `Columns are found by the names they had when the function was fitted. Examples:
  bilevel run kernel.bilevel --json > result.json
  bilevel predict result.json --data new.csv
  bilevel predict result.json --data new.csv --function h --json`;

const compareHelp = `Methods that this problem does not allow are rows that say why. Examples:
  bilevel compare ridge.bilevel --methods 'aid,itd(steps: 50),grid(points: 8)'
  bilevel compare cleaning.bilevel --methods soba,saba,amigo --seeds 5 --until passes=50 --out compared`;

const fmtHelp = `Examples:
  bilevel fmt ridge.bilevel
  bilevel fmt --check *.bilevel
  bilevel fmt - < ridge.bilevel`;

const doctorHelp = `BILEVEL_BLAS=off does without the system's BLAS, BILEVEL_BLAS=/path/to/library takes that one. Examples:
  bilevel doctor
  bilevel doctor --json`;
