/** The commands and their options, as one tree: what the command line reads, and what completions and the manual are made of. */
import { Argument, Command, Option } from "commander";
import { optionKeys } from "../compiler/plan/options.ts";
import { BilevelError } from "../grammar/diagnostics.ts";
import manifest from "../package.json" with { type: "json" };
import type { CompareFlags } from "./compare.ts";
import type { CompileFlags } from "./compile.ts";
import { completions, type Shell, shells } from "./completions.ts";
import { commandLine } from "./errors.ts";
import type { ExplainFlags } from "./explain.ts";
import { flagHelp, flagsOf } from "./flags.ts";
import type { PointFlags } from "./grad.ts";
import { examples, overview } from "./help.ts";
import type { ExitStatus, Output } from "./output.ts";
import type { PredictFlags } from "./predict.ts";
import type { ProgramFlags } from "./program.ts";
import type { RunFlags } from "./run.ts";

type Flags = Readonly<Record<string, unknown>>;

/** `finish` hears the status that the command which runs ends with. */
export function commandTree(output: Output, finish: (status: ExitStatus) => void): Command {
  const program = new Command("bilevel")
    .description("A modelling language and compiler for bilevel optimisation.")
    .version(manifest.version, "-V, --version")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText("after", overview);
  const command = (name: keyof typeof examples, description: string): Command =>
    program
      .command(name)
      .description(description)
      .addHelpText("after", `\n${examples[name]}`)
      .allowExcessArguments(false);
  const json = (each: Command): Command => each.option("--json", "print one JSON document on standard output");
  json(withSolve(withReplaced(command("run", "solve the problem").argument("[file]", "a .bilevel file"))))
    .option(
      "--starts <number>",
      "run from so many starts and give the best end: the declared one, others drawn around it",
    )
    .option("--out <dir>", "keep the run there: result, arrays, trace, checkpoints, a report")
    .option("--checkpoint <interval>", "seconds=S or steps=N between two checkpoints (default: seconds=30)")
    .option("--resume <dir>", "go on with the run that is kept there, bit for bit")
    .option("--target <value>", "end where the objective is at least as good as this")
    .option("--plot", "show the objective as a curve, too")
    .addOption(new Option("--events <format>", "print what happens as it happens, a line each").choices(["jsonl"]))
    .option("--watch", "run again whenever the program or its data are saved")
    .action(async (file: string | undefined, flags: Flags) => {
      const own = runFlags(flags);
      if (flags["watch"] !== true) finish(await (await import("./run.ts")).run(file, own, output));
      else if (file !== undefined && own.out === undefined && own.resume === undefined)
        finish(await (await import("./watch.ts")).watch(file, own, output));
      else throw new BilevelError([commandLine("--watch takes a file, and neither --out nor --resume")]);
    });

  json(withSolve(withPoint(withProgram(command("grad", "value, hypergradient and residuals at one point"))))).action(
    async (file: string, flags: Flags) =>
      finish(await (await import("./grad.ts")).grad(file, pointFlags(flags), output)),
  );

  json(
    withSolve(withProgram(command("check", "parse the file, check names, types and shapes, and read its data"))),
  ).action(async (file: string, flags: Flags) =>
    finish(await (await import("./check.ts")).check(file, programFlags(flags), output)),
  );

  withSolve(
    withReplaced(
      command("explain", "the derived equations, the adjoint, the plan and why; or what a message means").argument(
        "<file>",
        "a .bilevel file, or the code of a message",
      ),
    ),
  )
    .addOption(
      new Option("--format <format>", "how it is written")
        .choices(["text", "md", "latex", "html", "json"])
        .default("text"),
    )
    .addOption(new Option("--json", "the same as --format json").hideHelp().implies({ format: "json" }))
    .action(async (file: string, flags: Flags) => {
      const format = flags["format"] as ExplainFlags["format"];
      const page = (await import("./error-page.ts")).errorPage(file);
      if (page !== undefined)
        return output.print(format === "json" ? `${JSON.stringify({ code: file, page })}\n` : page);
      finish(await (await import("./explain.ts")).explainFile(file, { ...programFlags(flags), format }, output));
    });

  json(
    withSolve(
      withPoint(withProgram(command("gradcheck", "hypergradient against finite differences and other estimators"))),
    ),
  ).action(async (file: string, flags: Flags) =>
    finish(await (await import("./gradcheck.ts")).gradcheck(file, pointFlags(flags), output)),
  );

  json(command("predict", "evaluate a function that was solved for at new points"))
    .argument("<result>", "what bilevel run --json printed; - for standard input")
    .requiredOption("--data <file>", "a csv file with a column for each entry of the function's arguments")
    .option("--function <name>", "one of the result's functions (default: all)", collect)
    .option("-o, --out <file>", "where the values are written (default: standard output)")
    .action(async (file: string, flags: Flags) => {
      const { predict } = await import("./predict.ts");
      finish(await predict(file, predictFlags(flags), output));
    });

  json(withSolve(withProgram(command("compare", "several methods on one problem, over several seeds"))))
    .requiredOption("--methods <list>", "methods as the solve block writes them, separated by commas")
    .option("--seeds <number>", "runs of every method that draws anything (default: 1)")
    .option("--until <end>", "value=V, seconds=S or passes=P ends a run; may be given several times", collect)
    .option("--out <dir>", "keep the runs there, with a table and a page of curves; the same command goes on there")
    .action(async (file: string, flags: Flags) => {
      const { compare } = await import("./compare.ts");
      finish(await compare(file, compareFlags(flags), output));
    });

  json(withSolve(withProgram(command("sweep", "one program at every combination of settings, over seeds"))))
    .option("--seeds <number>", "runs of every combination (default: 1)")
    .option("--jobs <number>", "runs at a time (default: 1)")
    .option("--out <dir>", "keep the runs there, with a table and a page of curves; the same command goes on there")
    .action(async (file: string, flags: Flags) => {
      const { sweep } = await import("./sweep.ts");
      const own = { ...programFlags(flags), ...texts(flags, "seeds", "jobs", "out") };
      finish(await sweep(file, own, output));
    });

  command("fmt", "write files in the canonical style")
    .argument("<files...>", "files to format in place; - formats standard input to standard output")
    .option("--check", "change nothing; exit with 1 if a file is not formatted")
    .action(async (files: readonly string[], flags: Flags) => {
      const { fmt } = await import("./fmt.ts");
      finish(fmt(files, { check: flags["check"] === true }, output));
    });

  withSolve(withProgram(command("compile", "the tensor program as a file that runs by itself")))
    .requiredOption("--target <target>", "what the file is for: an ES module for Node.js and browsers, on wasm or tfjs")
    .option("-o, --out <file>", "where it is written, its types beside it (default: standard output)")
    .option("--without-data", "leave the data out: the module loads what it is given")
    .action(async (file: string, flags: Flags) => {
      const { compileModule } = await import("./compile.ts");
      finish(await compileModule(file, compileFlags(flags), output));
    });

  command("types", "TypeScript declarations for what imports the file: its names and shapes")
    .argument("<file>", "a .bilevel file")
    .option("-o, --out <file>", "where they are written (default: FILE.d.ts)")
    .action(async (file: string, flags: Flags) => {
      const { writeTypes } = await import("./types.ts");
      finish(await writeTypes(file, texts(flags, "out"), output));
    });

  command("new", "a folder with a program to start from, and made-up data for it")
    .argument("[folder]", "its name, and the program's")
    .option("--template <name>", "what kind of problem", "ridge")
    .option("--list", "show the templates")
    .action(async (folder: string | undefined, flags: Flags) => {
      const { create } = await import("./new.ts");
      finish(create(folder, { template: String(flags["template"]), list: flags["list"] === true }, output));
    });

  json(command("doctor", "what this machine offers, and what would make it faster")).action(async () =>
    finish((await import("./doctor.ts")).doctor(output)),
  );

  command("lsp", "the language server, for editors")
    .option("--stdio", "speak over standard input and output, the only way there is")
    .action(async () => finish(await (await import("./lsp.ts")).lsp()));

  command("completions", "completion of commands and options, for a shell")
    .addArgument(new Argument("<shell>").choices(shells))
    .action((shell: Shell) => output.print(completions(program, shell)));

  command("man", "the manual page, as roff").action(async () =>
    output.print((await import("./manual.ts")).manualPage(program)),
  );

  return program;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

function withProgram(command: Command): Command {
  return withReplaced(command.argument("<file>", "a .bilevel file"));
}

function withReplaced(command: Command): Command {
  return command
    .option("--set <name=value>", "replace a param or a dim", collect)
    .option("--data <name=path>", "read a table from another file", collect)
    .option("--allow-read <dir>", "let the program read there, too, and not only in its own folder", collect);
}

function withPoint(command: Command): Command {
  return command.option(
    "--at <name=value>",
    "a value of an upper variable, or @file.json or @file.safetensors for all of them",
    collect,
  );
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
  return {
    set: list(flags["set"]),
    data: list(flags["data"]),
    allowRead: list(flags["allowRead"]),
    solve: new Map(solve),
  };
}

function runFlags(flags: Flags): RunFlags {
  const own = texts(flags, "starts", "out", "resume", "checkpoint", "target", "events");
  return { ...programFlags(flags), ...own, plot: flags["plot"] === true };
}

/** Those that were given. */
function texts<Name extends string>(flags: Flags, ...names: readonly Name[]): Partial<Record<Name, string>> {
  return Object.fromEntries(
    names.flatMap((name) => (typeof flags[name] === "string" ? [[name, flags[name]] as const] : [])),
  ) as Partial<Record<Name, string>>;
}

function compareFlags(flags: Flags): CompareFlags {
  return {
    ...programFlags(flags),
    methods: String(flags["methods"]),
    until: list(flags["until"]),
    ...texts(flags, "seeds", "out"),
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
