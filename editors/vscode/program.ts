/** The command `bilevel` as a process of the editor's own Node.js. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Where its bilevel.js lies, and the folder to work in. */
export interface Program {
  readonly path: string;
  readonly folder: string;
}

export interface Ended {
  /** `null` where it was ended from outside. */
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export function start({ path, folder }: Program, argv: readonly string[]): ChildProcessWithoutNullStreams {
  // An editor built on Electron is a Node.js where it is told so.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  return spawn(process.execPath, [path, ...argv], { cwd: folder, env });
}

/** Runs it to its end; `signal` asks it to stop as Ctrl-C does. `onLine` hears each line of its output. */
export async function complete(
  program: Program,
  argv: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void = () => {},
): Promise<Ended> {
  const child = start(program, argv);
  const stop = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", stop);
  const out: string[] = [];
  const err: string[] = [];
  createInterface(child.stdout).on("line", (line) => {
    out.push(line);
    onLine(line);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  try {
    const status = await new Promise<number | null>((resolve, reject) =>
      child.on("error", reject).on("close", resolve),
    );
    return { status, out: out.join("\n"), err: err.join("") };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
