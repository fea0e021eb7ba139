/**
 * Contestants are processes that speak lines: `run` is answered by `{ milliseconds }`, `end` by what was found and used. Their
 * repetitions are interleaved, so that a busy moment of the machine hits all alike, and only one of them is awake at a time: thread
 * pools that wait by spinning would otherwise take the others' cores.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a contestant says at the end; of a whole process, its last line. */
export interface Ending {
  readonly value: number;
  readonly result?: readonly number[];
  /** Of the lower level, relative to its start. */
  readonly residual?: number;
  /** Bytes of the process before it had any data, and at its peak. */
  readonly before?: number;
  readonly peak?: number;
  readonly versions?: Readonly<Record<string, string>>;
}

export interface Entry {
  readonly name: string;
  /** Of the repetitions after the warm-up. */
  readonly milliseconds: readonly number[];
  /** From the start of the process to its first answer; of a whole process, that is all there is. */
  readonly first?: number;
  readonly ending?: Ending;
}

export interface Failure {
  readonly name: string;
  readonly failure: string;
}

/** Cores that every contestant is held to, where the system can. */
export const cores = 2;
const holding = spawnSync("taskset", ["--version"]).status === 0 ? ["taskset", "--cpu-list", `0-${cores - 1}`] : [];

const limits = Object.fromEntries(
  ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"].map((name) => [name, String(cores)]),
);

/** Milliseconds after which a contestant has been repeated often enough: what takes long is told by few repetitions. */
const enough = 8000;
/** Milliseconds until the first answer, from the start of the process, and for a whole process. */
const longest = 60_000;

const isDone = (milliseconds: readonly number[]): boolean => milliseconds.reduce((a, b) => a + b, 0) > enough;

interface Running {
  readonly contestant: Contestant;
  readonly child: ChildProcessWithoutNullStreams;
  readonly ask: (line: "run" | "end") => Promise<string>;
  readonly milliseconds: number[];
  first: number;
}

/** Starts all, runs each in turn so many times, asks for their endings. */
export async function contest(
  contestants: readonly Contestant[],
  repetitions: number,
): Promise<readonly (Entry | Failure)[]> {
  const failures: Failure[] = [];
  const running: Running[] = [];
  /** One step of one contestant, alone; whoever fails is out. */
  const turn = async <T>(contestant: Contestant, step: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await step();
    } catch (error) {
      failures.push({ name: contestant.name, failure: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  };
  const isOut = ({ name }: Contestant): boolean => failures.some((failure) => failure.name === name);

  for (const contestant of contestants) {
    const one = await turn(contestant, () => start(contestant));
    if (one !== undefined) running.push(one);
  }
  for (let round = 0; round < repetitions; round += 1) {
    for (const one of running) {
      if (isOut(one.contestant) || isDone(one.milliseconds)) continue;
      await turn(one.contestant, async () => {
        one.milliseconds.push(await awake(one, async () => JSON.parse(await one.ask("run")).milliseconds));
      });
    }
  }
  const entries: Entry[] = [];
  for (const one of running) {
    const { contestant, milliseconds, first } = one;
    const ending = isOut(contestant)
      ? undefined
      : await turn(contestant, () => awake(one, async () => JSON.parse(await one.ask("end")) as Ending));
    if (ending !== undefined) entries.push({ name: contestant.name, milliseconds, first, ending });
    one.child.kill("SIGKILL");
  }
  return [...entries, ...failures];
}

/** Processes that do one thing and end, in turn; an ending is the last line on standard output, where that is an object. */
export async function processes(
  contestants: readonly Contestant[],
  repetitions: number,
): Promise<readonly (Entry | Failure)[]> {
  const outcomes = contestants.map(({ name }) => ({
    name,
    milliseconds: [] as number[],
    ending: undefined,
    failure: "",
  }));
  for (let round = 0; round <= repetitions; round += 1) {
    for (const [k, contestant] of contestants.entries()) {
      const outcome = outcomes[k] as { milliseconds: number[]; ending: Ending | undefined; failure: string };
      if (outcome.failure !== "" || isDone(outcome.milliseconds)) continue;
      const began = performance.now();
      const { status, stdout, stderr } = spawnSync(...held(contestant), {
        env: environmentOf(contestant),
        encoding: "utf8",
        maxBuffer: 2 ** 28,
        timeout: longest,
      });
      const took = performance.now() - began;
      // The first fills the disk's caches, which is nothing beside what takes long.
      if (round > 0 || took > enough) outcome.milliseconds.push(took);
      if (status === null) outcome.failure = tooLong;
      else if (status !== 0) outcome.failure = lastLine(stderr) ?? `exit status ${status}`;
      const said = lastLine(stdout);
      if (said?.startsWith("{")) outcome.ending = JSON.parse(said);
    }
  }
  return outcomes.map(({ failure, ...entry }) => (failure === "" ? entry : { name: entry.name, failure }));
}

const tooLong = `no answer within ${longest / 1000} s`;

const lastLine = (text: string): string | undefined => text.trim().split("\n").at(-1) || undefined;

/** Program and arguments, held to the cores. */
function held({ command }: Contestant): [string, string[]] {
  const [program = "", ...arguments_] = [...holding, ...command];
  return [program, arguments_];
}

const environmentOf = ({ environment }: Contestant): NodeJS.ProcessEnv => ({
  ...process.env,
  ...limits,
  ...environment,
});

/** Milliseconds of runs before the clock counts: compilers that watch the program as it runs have done their work by then. */
const warmUp = 500;

/** Starts a contestant and warms it up; it sleeps then. */
async function start(contestant: Contestant): Promise<Running> {
  const began = performance.now();
  const child = spawn(...held(contestant), { env: environmentOf(contestant) });
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-2000);
  });
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(lastLine(complaint) ?? "it ended without an answer");
    return value;
  };
  const one: Running = {
    contestant,
    child,
    milliseconds: [],
    first: 0,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return next();
    },
  };
  const deadline = setTimeout(() => {
    complaint = tooLong;
    child.kill("SIGKILL");
  }, longest);
  await next();
  await one.ask("run");
  clearTimeout(deadline);
  one.first = performance.now() - began;
  for (let spent = one.first; spent - one.first < warmUp; spent = performance.now() - began) await one.ask("run");
  child.kill("SIGSTOP");
  return one;
}

async function awake<T>({ child }: Running, step: () => Promise<T>): Promise<T> {
  child.kill("SIGCONT");
  const answer = await step();
  child.kill("SIGSTOP");
  return answer;
}
