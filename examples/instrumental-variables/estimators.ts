/** The ways to estimate the structural function, each with the settings that it is chosen from: programs, or changes to demand.bilevel. */
import { join } from "node:path";
import type { Estimators, Setting } from "../instrumental.ts";

const file = (name: string): string => join(import.meta.dirname, `${name}.bilevel`);
const solvedBy =
  (solve: string) =>
  (text: string): string =>
    text.replace(/solve \{[\s\S]*\}/, `solve { ${solve} outer: adam(rate: 1e-2) }`);
const inWeights = (text: string): string => text.replace("head: closed_form, ridge: 1e-3, ", "");

const functional = (ridge: string, steps: number, own: number): Setting => ({
  name: `ridge ${ridge}, ${steps} × ${own} steps`,
  file: file("demand"),
  edit: (text) =>
    solvedBy(`inner: adam(rate: 1e-3, max: ${own}) steps: ${steps}`)(text.replace("ridge: 1e-3", `ridge: ${ridge}`)),
});

const aid = (damping: string, steps: number, own: number): Setting => ({
  name: `damping ${damping}, ${steps} × ${own} steps`,
  file: file("demand"),
  edit: (text) =>
    solvedBy(
      `method: aid inner: adam(rate: 1e-3, max: ${own}, weight_decay: 3e-3) adjoint: cg(max: 2, damping: ${damping}) steps: ${steps}`,
    )(inWeights(text)),
});

const itd = (differentiated: number, steps: number, own: number): Setting => ({
  name: `${differentiated} steps differentiated, ${steps} × ${own} steps`,
  file: file("demand"),
  edit: (text) =>
    solvedBy(`method: itd(truncate: ${differentiated}) steps: ${steps}`)(
      inWeights(text).replace("- f(x))^2)", `- f(x))^2) selected from previous by descent(steps: ${own}, rate: 0.05)`),
    ),
});

const regression = (steps: number): Setting => ({
  name: `${steps} steps`,
  file: file("regression"),
  edit: solvedBy(`steps: ${steps}`),
});

const kernel = (penalty: string): Setting => ({
  name: `penalty ${penalty}`,
  file: file("kernel"),
  edit: (text) => text.replace("1e-2 * normsq", `${penalty} * normsq`),
});

export const estimators: Estimators = {
  functional: [functional("1e-3", 200, 2), functional("1e-3", 400, 1), functional("1e-2", 400, 1)],
  "AID on weights": [aid("1e-3", 100, 20), aid("1e-1", 100, 20)],
  "ITD on weights": [itd(2, 400, 5), itd(2, 100, 20), itd(5, 100, 20)],
  regression: [regression(1000), regression(300), regression(100)],
  "two-stage, linear": [{ name: "as written", file: file("two-stage"), edit: (text) => text }],
  "kernel bilevel": [kernel("1e-2"), kernel("1e-3"), kernel("1e-4")],
};
