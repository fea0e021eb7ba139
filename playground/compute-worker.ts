/** Runs, explains and checks programs in a worker, and says what is to be shown. */
import { machine } from "#machine";
import { columnNames } from "../cli/columns.ts";
import { answerSections, curvesOf } from "../cli/record/answer.ts";
import { showNumber } from "../cli/show.ts";
import { showGradcheck } from "../cli/show-gradcheck.ts";
import { showEnding } from "../cli/show-run.ts";
import { shownReports, shownUnknowns } from "../cli/shown.ts";
import { htmlSections } from "../compiler/emit/html.ts";
import { BilevelError, type Compilation, compile, type Diagnostic } from "../index.ts";
import { escaped } from "../plot/svg.ts";
import type { TraceEntry } from "../runtime/types.ts";
import { folder } from "./examples.ts";
import type { Answer, Order, Programs, Task } from "./messages.ts";

/** What a task came to: a line and markup. */
type Done = Pick<Answer, "status" | "body">;

type Ready = Required<Compilation>;

const tasks: { readonly [K in Task]: (ready: Ready, signal: AbortSignal) => Promise<Done> } = {
  run: async ({ problem }, signal) => {
    const result = await problem.solve({ signal, onStep: liveCurves(signal) });
    const columns = await columnNames(problem.model, {});
    const answer = answerSections({
      result,
      upper: shownUnknowns(problem.model, result.upper, columns),
      lower: shownUnknowns(problem.model, result.lower, columns),
      reports: shownReports(problem.model, result.reports, columns),
    });
    const sections = [answer.result, answer.course, answer.learned, answer.reports, answer.lower, answer.verified];
    return { status: showEnding(result), body: sections.join("\n") };
  },
  explain: async ({ explanation }) => {
    const sections = await htmlSections(explanation);
    return { status: "derived", body: [...sections.values()].join("\n") };
  },
  gradcheck: async ({ problem }) => {
    const result = problem.gradcheck();
    const verdict = result.passed ? "the gradient agrees with finite differences" : "the gradient check failed";
    return { status: verdict, body: `<pre>${escaped(showGradcheck(result))}</pre>` };
  },
};

let running = new AbortController();

self.addEventListener("message", async ({ data: order }: MessageEvent<Order>) => {
  running.abort();
  if (order.task === "stop") return;
  const own = new AbortController();
  running = own;
  show({ status: "compiling", body: "", isBusy: true });
  const done = await perform(order.task, order.file, order.programs, own.signal);
  // What a later order has overtaken is not shown.
  if (running === own) show({ ...done, isBusy: false });
});

const show = (answer: Answer): void => self.postMessage(answer);

async function perform(task: Task, file: string, programs: Programs, signal: AbortSignal): Promise<Done> {
  try {
    const { diagnostics, explanation, problem } = await compileProgram(file, programs);
    if (explanation === undefined || problem === undefined) return refused(diagnostics);
    return await tasks[task]({ diagnostics, explanation, problem }, signal);
  } catch (error) {
    if (error instanceof BilevelError) return refused(error.diagnostics);
    return { status: "failed", body: `<p class="error">${escaped(String(error))}</p>` };
  }
}

function compileProgram(file: string, programs: Programs): Promise<Compilation> {
  return compile(programs[file] ?? "", {
    file,
    allowRead: [folder],
    imports: (path, from) => {
      const imported = machine.resolve(path, from);
      const text = programs[imported];
      return text === undefined ? undefined : { file: imported, text };
    },
  });
}

function refused(diagnostics: readonly Diagnostic[]): Done {
  const items = diagnostics.map(({ severity, message, notes = [], suggestion }) => {
    const lines = [message, ...notes.map((note) => note.message), ...(suggestion === undefined ? [] : [suggestion])];
    return `<li class="${severity}">${lines.map(escaped).join("<br>")}</li>`;
  });
  return { status: "there is something to mend", body: `<ul class="diagnostics">${items.join("")}</ul>` };
}

/** The time from one picture to the next, in units of what drawing the last one took. */
const drawingShare = 10;
/** At the least, in milliseconds. */
const frame = 100;

/** Shows the curves of a run while it goes on. */
function liveCurves(signal: AbortSignal): (entry: TraceEntry) => void {
  const trace: TraceEntry[] = [];
  let next = performance.now() + frame;
  return (entry) => {
    trace.push(entry);
    const began = performance.now();
    if (began < next || signal.aborted) return;
    show({
      status: `step ${entry.step}, objective ${showNumber(entry.value)}`,
      body: curvesOf(trace).join("\n"),
      isBusy: true,
    });
    next = performance.now() + Math.max(frame, drawingShare * (performance.now() - began));
  };
}
