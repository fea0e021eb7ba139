/** A run as one self-contained page: the problem, what came out and how, what was assumed and verified, and what it was a run of. */

import type { Explanation, Section } from "../../compiler/emit/explanation.ts";
import { htmlSections, page } from "../../compiler/emit/html.ts";
import { escaped } from "../../plot/svg.ts";
import { showSeconds } from "../show.ts";
import { type Answered, answerSections, type Rows, section, table } from "./answer.ts";
import type { Configuration } from "./configuration.ts";

export interface Reported extends Answered {
  readonly title: string;
  readonly ending: string;
  readonly explanation: Explanation;
  readonly configuration: Configuration;
  /** Seconds by phase. */
  readonly phases: Readonly<Record<string, number>>;
}

export async function reportPage(run: Reported): Promise<string> {
  const derived = await htmlSections(run.explanation);
  const from = (...titles: readonly Section["title"][]): readonly string[] =>
    titles.flatMap((title) => derived.get(title) ?? []);
  const answer = answerSections(run);
  const sections = [
    `<p>${escaped(run.ending)}</p>`,
    ...from("Problem"),
    answer.result,
    answer.course,
    answer.learned,
    answer.lower,
    answer.reports,
    ...from("Found"),
    answer.verified,
    ...from("Path", "Stationarity", "Curvature", "Adjoint", "Hypergradient", "Plan", "Dimensions", "Notation"),
    section("Time", [table(Object.entries(run.phases).map(([phase, seconds]) => [phase, showSeconds(seconds)]))]),
    section("Configuration", [table(settings(run.configuration))]),
  ];
  return page(run.title, sections.join("\n"));
}

function settings(configuration: Configuration): Rows {
  const { bilevel, node, platform, engine, seed, solve, sizes, flags } = configuration;
  const entries = (of: Readonly<Record<string, unknown>>): string =>
    Object.entries(of)
      .map(([name, value]) => `${name}: ${value}`)
      .join(", ");
  const rows: Rows = [
    ["software", `bilevel ${bilevel}, Node.js ${node}, ${platform}, ${engine}`],
    ["seed", String(seed)],
    ["solve", entries(solve)],
    ["sizes", entries(sizes)],
    ["replaced", flags.set.join(", ")],
    ...[...Object.entries(configuration.sources), ...Object.entries(configuration.data)].map(
      ([path, hash]) => [path, `SHA-256 ${hash}`] as const,
    ),
  ];
  return rows.filter(([, value]) => value !== "");
}
