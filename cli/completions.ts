/** `bilevel completions`: what a shell may offer after `bilevel`, from the tree of commands. */
import type { Command, Option } from "commander";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** A script for the shell to load. What follows an option or a command is a file, where nothing else is known of it. */
export function completions(program: Command, shell: Shell): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map((option) => ({ ...wordsOf(option), description: option.description })),
    words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  }));
  return scripts[shell](commands);
}

interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  /** What its argument may be, where that is one of a few words. */
  readonly words: readonly string[];
}

interface OptionWords {
  /** `--json`, `-o`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: readonly string[];
}

function wordsOf({ short, long, required, optional, argChoices = [] }: Option): Omit<OptionWords, "description"> {
  const flags = [long, short].filter((flag) => flag !== undefined);
  return { flags, takesValue: required || optional, values: argChoices };
}

const scripts = { bash, zsh, fish } as const satisfies Record<Shell, (commands: readonly CommandWords[]) => string>;

function bash(commands: readonly CommandWords[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, takesValue, values: own }) =>
      takesValue ? flags.map((flag) => `    "${name} ${flag}") words="${own.join(" ")}" ;;`) : [],
    ),
  );
  const offered = commands.map(({ name, options, words }) => {
    const flags = options.flatMap((option) => option.flags);
    return `    ${name}) [[ $word == -* ]] && words="${flags.join(" ")}" || words="${words.join(" ")}" ;;`;
  });
  return `# bash completion for bilevel
_bilevel() {
  local word=\${COMP_WORDS[COMP_CWORD]} words=
  if (( COMP_CWORD == 1 )); then
    words="${commands.map(({ name }) => name).join(" ")}"
  else case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join("\n")}
    *) case "\${COMP_WORDS[1]}" in
${offered.map((line) => `  ${line}`).join("\n")}
    esac ;;
  esac fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _bilevel bilevel
`;
}

function zsh(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (text: string): string => text.replaceAll(/[[\]:\\]/g, "\\$&");
  const specs = commands.map(({ name, options, words }) => {
    const own = options.flatMap(({ flags, description, takesValue, values }) => {
      const value = takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : "";
      return flags.map((flag) => quoted(`*${flag}[${described(description)}]${value}`));
    });
    const argument = quoted(`*:argument:${words.length > 0 ? `(${words.join(" ")})` : "_files"}`);
    return `    ${name}) _arguments ${[...own, argument].join(" ")} ;;`;
  });
  return `#compdef bilevel
_bilevel() {
  local -a commands=(${commands.map(({ name, description }) => quoted(`${name}:${description}`)).join(" ")})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${specs.join("\n")}
  esac
}
if [[ $funcstack[1] == _bilevel ]]; then _bilevel "$@"; else compdef _bilevel bilevel; fi
`;
}

function fish(commands: readonly CommandWords[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ name, description, options, words }) => {
    const after = `complete -c bilevel -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c bilevel -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ...options.map((option) => {
        const flags = option.flags.map((flag) =>
          flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const offered = option.values.length > 0 ? ` -f -a ${quoted(option.values.join(" "))}` : "";
        const value = option.takesValue ? ` -r${offered}` : "";
        return `${after} ${flags.join(" ")}${value} -d ${quoted(option.description)}`;
      }),
      ...(words.length > 0 ? [`${after} -f -a ${quoted(words.join(" "))}`] : []),
    ];
  });
  return `# fish completion for bilevel\n${lines.join("\n")}\n`;
}
