/** What each command shows, as a page: a run's report, the derivation typeset, gradients beside finite differences. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { page } from "../../compiler/emit/html.ts";
import { lineChart } from "../../plot/chart.ts";
import { escaped } from "../../plot/svg.ts";
import type { TraceEntry } from "../../runtime/types.ts";
import { complete, type Program } from "./program.ts";

export interface Progress {
  /** Ends a run with its best point so far. */
  readonly signal: AbortSignal;
  /** Hears how it is going: a sentence, and a page that stands until the next one. */
  readonly progress: (sentence: string, html: string) => void;
}

export interface Asked extends Progress {
  readonly program: Program;
  /** A `.bilevel` file in the program's folder. */
  readonly file: string;
}

/** Milliseconds between two pages of a run that is going on. */
const refreshment = 250;

export const pages = {
  run: async (asked) => {
    const folder = await mkdtemp(join(tmpdir(), "bilevel-run-"));
    try {
      const kept = join(folder, "run");
      const argv = ["run", asked.file, "--out", kept, "--events", "jsonl"];
      const ended = await complete(asked.program, argv, asked.signal, course(asked));
      return await readFile(join(kept, "report.html"), "utf8").catch(() => messages(asked, ended.err));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  explain: async (asked) => {
    const ended = await complete(asked.program, ["explain", asked.file, "--format", "html"], asked.signal);
    return ended.status === 0 ? ended.out : messages(asked, ended.err);
  },
  gradcheck: async (asked) => {
    const ended = await complete(asked.program, ["gradcheck", asked.file], asked.signal);
    return messages(asked, [ended.out, ended.err].join("\n"));
  },
} as const satisfies Record<string, (asked: Asked) => Promise<string>>;

/** Hears the events of a run, and tells of its steps now and then. */
function course({ file, progress }: Asked): (line: string) => void {
  const entries: TraceEntry[] = [];
  let shown = Number.NEGATIVE_INFINITY;
  return (line) => {
    const { event, ...entry } = JSON.parse(line) as TraceEntry & { readonly event: string };
    if (event !== "step") return;
    entries.push(entry);
    const now = performance.now();
    if (now - shown < refreshment) return;
    shown = now;
    progress(`step ${entry.step}, objective ${entry.value.toPrecision(6)}`, page(file, objective(entries)));
  };
}

const objective = (entries: readonly TraceEntry[]): string =>
  lineChart([{ name: "objective", x: entries.map(({ step }) => step), y: entries.map(({ value }) => value) }], {
    title: "Objective",
    xLabel: "step",
    yLabel: "objective",
  });

/** A text of the command line, as it is. */
const messages = ({ file }: Asked, text: string): string => page(file, `<pre>${escaped(text.trim())}</pre>`);
