/** Values on the command line: `name=JSON`, `name=formula`, `@file.json`, `@file.safetensors`. */
import { readFileSync } from "node:fs";
import { BilevelError } from "../grammar/diagnostics.ts";
import { openSafetensors } from "../runtime/data/safetensors.ts";
import type { NestedArray, Point, Value, Weights } from "../runtime/types.ts";
import { isWeights, toNested } from "../runtime/values.ts";
import { valueUnreadable } from "./errors.ts";

type Values = Map<string, Value>;

/** All `--at` (or `--set`) of a command; a later one replaces an earlier one of the same name. */
export async function readValues(option: "--at" | "--set", texts: readonly string[]): Promise<Values> {
  const values: Values = new Map();
  for (const text of texts) {
    if (text.startsWith("@")) {
      for (const [name, value] of entriesOf(option, text, await readDocument(option, text))) values.set(name, value);
    } else {
      const { name, value } = splitAssignment(option, text);
      values.set(name, await readValue(option, text, value));
    }
  }
  return values;
}

/** The points of all `--at`: one, or those that a file lists; what the other `--at` say holds at each of them. */
export async function readPoints(
  texts: readonly string[],
): Promise<{ readonly points: readonly Point[]; readonly isList: boolean }> {
  const files = texts.filter((text) => text.startsWith("@"));
  const documents = await Promise.all(files.map(async (text) => [text, await readDocument("--at", text)] as const));
  const [list, second] = documents.flatMap(([text, document]) => (Array.isArray(document) ? [{ text, document }] : []));
  if (list === undefined) return { points: [Object.fromEntries(await readValues("--at", texts))], isList: false };
  if (second !== undefined) throw fileWrong("--at", second.text, "only one file may list points");
  const others = texts.filter((text) => text !== list.text);
  const common = Object.fromEntries(await readValues("--at", others));
  const points = list.document.map((entry: unknown) => ({
    ...Object.fromEntries(entriesOf("--at", list.text, entry)),
    ...common,
  }));
  return { points, isList: true };
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

async function readValue(option: string, whole: string, text: string): Promise<Value> {
  const parsed = parseJson(text);
  const value = parsed === undefined ? await evaluateFormula(text) : valueOf(parsed);
  if (value !== undefined) return value;
  const suggestion = `write a number, nested lists as in ${option} W='[[1, 2], [3, 4]]', or a scalar formula such as log(10)`;
  throw new BilevelError([
    valueUnreadable(option, whole, "the value is neither numbers in JSON nor a scalar formula", suggestion),
  ]);
}

function fileWrong(option: string, text: string, why: string): BilevelError {
  const form = `the file holds {"name": value, ...} with numbers or nested lists`;
  return new BilevelError([valueUnreadable(option, text, why, form)]);
}

/** What the file of `@file` holds; `undefined` where that is neither tensors nor JSON. */
async function readDocument(option: string, text: string): Promise<unknown> {
  const path = text.slice(1);
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch {
    throw fileWrong(option, text, "the file cannot be read");
  }
  return path.endsWith(".safetensors")
    ? readTensors(option, text, content)
    : parseJson(new TextDecoder().decode(content));
}

/** Arrays by name; `f.W1` is an array of the weights `f`. */
async function readTensors(
  option: string,
  text: string,
  content: Uint8Array,
): Promise<Readonly<Record<string, Value>>> {
  const path = text.slice(1);
  const file = {
    table: path,
    path,
    span: { file: path, start: 0, end: 0 },
    read: async function* () {
      yield content;
    },
  };
  const values: Record<string, Value> = {};
  for (const [name, decode] of await openSafetensors(file)) {
    const { shape, values: numbers } = decode();
    const array = toNested(numbers, shape);
    const [map = name, ...tensor] = name.split(".");
    const known = values[map];
    if (tensor.length === 0 ? known !== undefined : !isWeights(known ?? {}))
      throw fileWrong(option, text, `${map} is both an array and weights in it`);
    values[map] = tensor.length === 0 ? array : { ...(known as Weights | undefined), [tensor.join(".")]: array };
  }
  return values;
}

function entriesOf(option: string, text: string, document: unknown): readonly (readonly [string, Value])[] {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw fileWrong(option, text, "the file holds no JSON object");
  return Object.entries(document).map(([name, entry]) => {
    const value = valueOf(entry);
    if (value === undefined) throw fileWrong(option, text, `${name} is neither a number nor nested lists of numbers`);
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

/** Weights are objects of arrays. */
function valueOf(value: unknown): Value | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return nestedArray(value);
  const tensors = Object.entries(value).map(([name, entry]) => [name, nestedArray(entry)] as const);
  return tensors.every((tensor): tensor is readonly [string, NestedArray] => tensor[1] !== undefined)
    ? Object.fromEntries(tensors)
    : undefined;
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
