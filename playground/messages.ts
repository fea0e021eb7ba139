/** What the page asks of the worker that computes, and what it hears of it. */

/** Programs by their paths, which are relative to the page. */
export type Programs = Readonly<Record<string, string>>;

export type Task = "run" | "explain" | "gradcheck";

export type Order =
  | { readonly task: Task; readonly file: string; readonly programs: Programs }
  /** Ends a run with the best point so far. */
  | { readonly task: "stop" };

export interface Answer {
  /** One line. */
  readonly status: string;
  /** Markup of this program's own making: what a user wrote is escaped in it. */
  readonly body: string;
  /** More is to come. */
  readonly isBusy: boolean;
}
