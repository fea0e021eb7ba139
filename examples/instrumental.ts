/** What the studies of instrumental variables share: estimators, and the choice of their settings without the structural function. */
import { markdownTable, numberOf, prepared } from "./study.ts";

/** A program, changed; `name` says the setting. */
export interface Setting {
  readonly name: string;
  readonly file: string;
  readonly edit: (text: string) => string;
}

/** The settings that each estimator is chosen from. */
export type Estimators = Readonly<Record<string, readonly Setting[]>>;

/** Tables for the data of the programs, and of held-out rows; `held` declares those, as `held`, with z standardised, and what f misses. */
export interface Sample {
  readonly tables: Readonly<Record<string, Uint8Array>>;
  readonly held: { readonly declared: string; readonly missed: string };
  readonly seed: number;
}

/**
 * How much of what f misses polynomials φ of z explain on the held-out rows: bᵀ G⁻¹ b for b = E[φ(z) (f(x) − outcome)] and
 * G = E[φ(z) φ(z)ᵀ]. It is 0 where E[outcome − f(x) | z] = 0.
 */
const scored = ({ declared, missed }: Sample["held"]): string => `
${declared}
let powers(v) = stack(1, v, v^2, v^3, v^4)
let features(v) = reshape(outer(reshape(outer(powers(v[1]), stack(1, v[0], v[0]^2)), 15), stack(1, v[2])), 30)
let left = E[held](features(z) * (${missed}))
report explained = dot(left, solve(E[held](outer(features(z), features(z))), left))
`;

/** Solves once: the mean squared error against the structural function, and what z explains on the held-out rows. */
export async function estimate({ file, edit }: Setting, { tables, held, seed }: Sample) {
  const changed = (text: string): string => edit(text).replaceAll("seed: 0", `seed: ${seed}`) + scored(held);
  const { reports } = await (await prepared(file, { edit: changed, tables })).solve();
  return { error: numberOf(reports.structural_error), explained: numberOf(reports.explained) };
}

/** Of each estimator the setting of which z explains the least, and all of them as a table with the chosen ones in bold. */
export async function chosen(estimators: Estimators, sample: Sample) {
  const settings = new Map<string, Setting>();
  const rows: (readonly string[])[] = [];
  for (const [estimator, candidates] of Object.entries(estimators)) {
    const tried: { readonly setting: Setting; readonly error: number; readonly explained: number }[] = [];
    for (const setting of candidates) tried.push({ setting, ...(await estimate(setting, sample)) });
    const best = tried.reduce((a, b) => (b.explained < a.explained ? b : a));
    settings.set(estimator, best.setting);
    for (const { setting, error, explained } of tried) {
      const name = setting === best.setting ? `**${setting.name}**` : setting.name;
      rows.push([estimator, name, explained.toFixed(4), error.toFixed(0)]);
    }
  }
  return { settings, table: markdownTable(["estimator", "setting", "explained by z", "structural error"], rows) };
}
