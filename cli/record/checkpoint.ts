/**
 * Checkpoints: a line that says what follows and how it is checked, then what a run wrote down of itself, as Node.js writes plain values.
 * The one before is kept, so that there is a whole one at any instant.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { BilevelError } from "../../grammar/diagnostics.ts";
import type { Written } from "../../runtime/ledger.ts";
import { resultsFolder } from "../errors.ts";
import type { Folder } from "./folder.ts";

export interface Checkpoint {
  /** Of the run when it was written. */
  readonly step: number;
  readonly run: Written;
  /** Bytes of the trace's files at that time. */
  readonly trace: Readonly<Record<string, number>>;
}

const version = 1;
const [newest, before] = ["checkpoint", "checkpoint.previous"];
const newline = 0x0a;
/** Longer first lines are none of ours. */
const longestLine = 200;

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const body = serialize(checkpoint);
  return Buffer.concat([Buffer.from(`bilevel checkpoint ${version} ${body.length} ${hashOf(body)}\n`), body]);
}

/** A sentence where the bytes are no checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | string {
  const end = bytes.subarray(0, longestLine).indexOf(newline);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(0, end)));
  const [, written, length, hash] = /^bilevel checkpoint (\d+) (\d+) ([0-9a-f]{64})$/.exec(line) ?? [];
  if (length === undefined) return "it is no checkpoint, or its beginning is lost";
  if (Number(written) !== version)
    return `it is a checkpoint of version ${written}, and this one reads version ${version}`;
  const body = bytes.subarray(end + 1);
  if (body.length < Number(length)) return `it ends early: ${body.length} of ${length} bytes are there`;
  if (body.length > Number(length) || hashOf(body) !== hash) return "its content is damaged";
  const content = contentOf(body);
  return isCheckpoint(content) ? content : "its content is none that this version of bilevel writes";
}

function contentOf(body: Uint8Array): unknown {
  try {
    return deserialize(body);
  } catch {
    return undefined;
  }
}

function isCheckpoint(content: unknown): content is Checkpoint {
  const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null;
  if (!isRecord(content)) return false;
  const { step, run, trace } = content as Partial<Checkpoint>;
  const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  return isSize(step) && isRecord(run) && isRecord(trace) && Object.values(trace).every(isSize);
}

export function saveCheckpoint(folder: Folder, checkpoint: Checkpoint): void {
  folder.write(newest, encodeCheckpoint(checkpoint), before);
}

/** The newest, if there is any. Throws where it is not whole. */
export function loadCheckpoint(folder: Folder): Checkpoint | undefined {
  for (const name of [newest, before]) {
    const bytes = folder.read(name);
    if (bytes === undefined) continue;
    const checkpoint = decodeCheckpoint(bytes);
    if (typeof checkpoint !== "string") return checkpoint;
    const isOther = name === newest && folder.read(before) !== undefined;
    const suggestion = `remove it to ${isOther ? `go on from the one before, ${before}` : "begin anew"}`;
    throw new BilevelError([resultsFolder(join(folder.path, name), checkpoint, suggestion)]);
  }
  return undefined;
}
