/** A job of the bench: one thing to measure, by us and by the peers, and what is aimed at. */
import { join } from "node:path";
import { type Contestant, contest, type Entry, type Failure } from "./contest.ts";
import { type Settings, type Task, writeTask } from "./task.ts";

export interface Case {
  readonly title: string;
  /** How many times faster than the best peer the best of ours should be. */
  readonly target?: number;
  readonly measure: (folder: string) => Promise<Measured>;
}

export interface Measured {
  readonly entries: readonly (Entry | Failure)[];
  /** Of the data. */
  readonly bytes?: number;
  /** Of one repetition. */
  readonly multiplyAdds?: number;
}

export interface Job {
  readonly id: string;
  readonly title: string;
  /** What bounds the time, and what to know of the comparison. */
  readonly note: string;
  readonly cases: readonly Case[];
}

/** Peers are named `framework: way`, ours `bilevel: way`. */
export const isOurs = ({ name }: { readonly name: string }): boolean => name.startsWith("bilevel");

const here = import.meta.dirname;
export const python = join(here, ".venv", "bin", "python");

/** A way of ours or of a peer to do a task in a folder; `bilevel without BLAS` is ours with the own kernels alone. */
function contestantFor(task: Task, folder: string, name: string): Contestant {
  const [framework = "", way = ""] = name.split(": ");
  if (!isOurs({ name })) {
    const script = join(here, "peers", `${framework}_peer.py`);
    return { name, command: [python, "-W", "ignore", script, task.name, way, folder] };
  }
  return {
    name,
    command: [process.execPath, "--disable-warning=ExperimentalWarning", join(here, "ours.ts"), task.name, way, folder],
    ...(framework.endsWith("without BLAS") && { environment: { BILEVEL_BLAS: "off" } }),
  };
}

export interface TaskCase {
  readonly title: string;
  readonly target?: number;
  readonly task: Task;
  readonly settings: Settings;
  /** Names of ways. */
  readonly contestants: readonly string[];
  readonly repetitions: number;
}

/** A case in which all do one task on the same files. */
export function onTask({ title, target, task, settings, contestants, repetitions }: TaskCase): Case {
  return {
    title,
    target,
    measure: async (folder) => {
      const bytes = writeTask(task, folder, settings);
      const entries = await contest(
        contestants.map((name) => contestantFor(task, folder, name)),
        repetitions,
      );
      return { entries, bytes, multiplyAdds: task.multiplyAdds(settings) };
    },
  };
}
