/** `bilevel man`: the manual page bilevel(1) in roff, from the tree of commands. */
import type { Command, Option } from "commander";
import { examples, overview } from "./help.ts";

export function manualPage(program: Command): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const solving = new Map<string, Option>();
  const own = (command: Command): readonly Option[] =>
    help.visibleOptions(command).filter((option) => {
      if (option.helpGroupHeading === undefined || option.helpGroupHeading === "Options:")
        return option.long !== "--help";
      solving.set(option.flags, option);
      return false;
    });
  const sections = commands.map((command) => {
    const name = command.name() as keyof typeof examples;
    const takes = command.registeredArguments.map((argument) => help.argumentTerm(argument));
    const usage = ["bilevel", name, "[options]", ...takes].join(" ");
    return [
      `.SS ${name}`,
      `.B ${escaped(usage)}`,
      ".PP",
      sentence(command.description()),
      ...own(command).map(optionText),
      ...verbatim(examples[name]),
    ];
  });
  return [
    `.TH BILEVEL 1 "" "bilevel ${program.version() ?? ""}" "User Commands"`,
    ".SH NAME",
    escaped(`bilevel - ${program.description()}`),
    ".SH SYNOPSIS",
    ".B bilevel",
    ".I command",
    escaped("[options] [arguments]"),
    ".SH DESCRIPTION",
    ...verbatim(overview.trim()),
    ".SH COMMANDS",
    ...sections.flat(),
    ".SH HOW TO SOLVE",
    "Commands that solve take the entries of the solve block, which these replace:",
    ...[...solving.values()].map(optionText),
    ".SH SEE ALSO",
    escaped("The pages of docs/errors say what each message means: bilevel explain CODE."),
    "",
  ].join("\n");
}

/** A line that begins with a full stop or a quote would be a request; a bare - would be set as a hyphen. */
const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1");

const sentence = (text: string): string => escaped(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`);

const optionText = ({ flags, description }: Option): string => `.TP\n.B ${escaped(flags)}\n${escaped(description)}`;

const verbatim = (text: string): readonly string[] => [".PP", ".nf", escaped(text), ".fi"];
