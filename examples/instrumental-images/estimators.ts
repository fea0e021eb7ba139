/** The ways to estimate the structural function of images, each with the settings that it is chosen from: changes to a program. */
import { join } from "node:path";
import type { Estimators, Setting } from "../instrumental.ts";

const file = (name: string): string => join(import.meta.dirname, `${name}.bilevel`);
const clause = "E[first]((h(z) - f(image))^2)";
const inWeights = (entries: string, text: string): string =>
  text
    .replace(", head: closed_form, ridge: 0.1", "")
    .replace(/solve \{[\s\S]*\}/, `solve { ${entries} outer: adam(rate: 1e-3) steps: 100 }`);

const functional = (ridge: string): Setting => ({
  name: `ridge ${ridge}`,
  file: file("images"),
  edit: (text) => text.replace("ridge: 0.1", `ridge: ${ridge}`),
});

const aid = (damping: string): Setting => ({
  name: `damping ${damping}`,
  file: file("images"),
  edit: (text) =>
    inWeights(`method: aid inner: adam(rate: 1e-3, max: 20) adjoint: cg(max: 2, damping: ${damping})`, text),
});

const itd = (differentiated: number): Setting => ({
  name: `${differentiated} steps differentiated`,
  file: file("images"),
  edit: (text) =>
    inWeights(
      `method: itd(truncate: ${differentiated})`,
      text.replace(clause, `${clause} selected from previous by descent(steps: 20, rate: 0.05)`),
    ),
});

const regression = (steps: number): Setting => ({
  name: `${steps} steps`,
  file: file("regression"),
  edit: (text) => text.replace("steps: 100", `steps: ${steps}`),
});

const twoStage = (penalty: string): Setting => ({
  name: `penalty ${penalty}`,
  file: file("two-stage"),
  edit: (text) => text.replace("1e-3 * sumsq", `${penalty} * sumsq`),
});

/** The steps of an estimate with an instrument are given, as in the papers; a regression may take more of them. */
export const estimators: Estimators = {
  functional: [functional("0.1"), functional("0.01")],
  "AID on weights": [aid("1e-3"), aid("1e-1")],
  "ITD on weights": [itd(2), itd(5)],
  regression: [regression(100), regression(300), regression(1000)],
  "two-stage, linear": [twoStage("1e-1"), twoStage("1e-2"), twoStage("1e-3")],
};
