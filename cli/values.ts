/** Values on the command line: `name=JSON`, `name=formula`, `@file.json`. */
import { readFileSync } from "node:fs";
import { BilevelError } from "../grammar/diagnostics.ts";
import type { NestedArray } from "../runtime/types.ts";
import { valueUnreadable } from "./errors.ts";

type Values = Map<string, NestedArray>;

/** All `--at` (or `--set`) of a command; a later one replaces an earlier one of the same name. */
export async function readValues(option: "--at" | "--set", texts: readonly string[]): Promise<Values> {
  const values: Values = new Map();
  for (const text of texts) {
    if (text.startsWith("@")) for (const [name, value] of readValueFile(option, text)) values.set(name, value);
    else {
      const { name, value } = splitAssignment(option, text);
      values.set(name, await readValue(option, text, value));
    }
  }
  return values;
}

/** `--data name=path`. */
export function readPaths(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const { name, value } = splitAssignment("--data", text);
      return [name, value] as const;
    }),
  );
}

function splitAssignment(option: string, text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals).trim().normalize("NFC");
  const value = text.slice(equals + 1).trim();
  if (equals > 0 && name !== "" && value !== "") return { name, value };
  throw new BilevelError([
    valueUnreadable(
      option,
      text,
      "this is not name=value",
      `write for example ${option} ${option === "--data" ? "train=rows.csv" : "lambda=-0.7"}`,
    ),
  ]);
}

async function readValue(option: string, whole: string, text: string): Promise<NestedArray> {
  const parsed = parseJson(text);
  const value = parsed === undefined ? await evaluateFormula(text) : nestedArray(parsed);
  if (value !== undefined) return value;
  const suggestion = `write a number, nested lists as in ${option} W='[[1, 2], [3, 4]]', or a scalar formula such as log(10)`;
  throw new BilevelError([
    valueUnreadable(option, whole, "the value is neither numbers in JSON nor a scalar formula", suggestion),
  ]);
}

function readValueFile(option: string, text: string): readonly (readonly [string, NestedArray])[] {
  const fail = (why: string) =>
    new BilevelError([
      valueUnreadable(option, text, why, `the file holds {"name": value, ...} with numbers or nested lists`),
    ]);
  let content: string;
  try {
    content = readFileSync(text.slice(1), "utf8");
  } catch {
    throw fail("the file cannot be read");
  }
  const document = parseJson(content);
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw fail("the file holds no JSON object");
  return Object.entries(document).map(([name, entry]) => {
    const value = nestedArray(entry);
    if (value === undefined) throw fail(`${name} is neither a number nor nested lists of numbers`);
    return [name.normalize("NFC"), value] as const;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nestedArray(value: unknown): NestedArray | undefined {
  if (typeof value === "number") return value;
  if (!Array.isArray(value)) return undefined;
  const items = value.map(nestedArray);
  return items.every((item) => item !== undefined) ? items : undefined;
}

/** mathjs takes a moment to load, so numbers that JSON has no form for are read first. */
async function evaluateFormula(text: string): Promise<number | undefined> {
  const number = Number(text.replaceAll(/(?<=\d)_(?=\d)/g, ""));
  if (!Number.isNaN(number)) return number;
  const { evaluate } = await import("mathjs/number");
  try {
    const value: unknown = evaluate(text, { inf: Infinity });
    return typeof value === "number" && !Number.isNaN(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
