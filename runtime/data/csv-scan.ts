/**
 * Bytes to records (RFC 4180): cells between commas, quoted cells with commas, line ends and doubled quotes inside. One
 * record is held at a time, as bytes with the bounds of its cells; nothing becomes text here.
 */
import type { DataPlace } from "../../grammar/diagnostics.ts";
import { csvQuotes, fail, fileMalformed } from "./errors.ts";
import { chunksOf, type DataFile } from "./files.ts";
import { isBlank } from "./number.ts";

/** Valid during the call that hands it over. Cell i lies in bytes[starts[i], ends[i]), its quotes included. */
export interface CsvRecord {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** 1-based line of its first byte. */
  readonly line: number;
  readonly cells: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Longer records are a quote left open, or no text at all. */
const longestRecord = 1 << 24;

const comma = 44;
const lineFeed = 10;
const quote = 34;

/** Calls `onRecord` for each record until it gives false. */
export async function scanCsv(file: DataFile, onRecord: (record: CsvRecord) => boolean): Promise<void> {
  let bytes = new Uint8Array(1 << 18);
  let filled = 0;
  let at = 0;
  let cellStart = 0;
  /** In which part of a cell `at` stands. */
  let part = "plain" as "plain" | "quoted" | "after-quote";
  let lineEnds = 0;
  let wanted = true;
  const record = { bytes, start: 0, line: 1, cells: 0, starts: new Int32Array(64), ends: new Int32Array(64) };

  /** Moves the unfinished record to the front and the chunk behind it. */
  function take(chunk: Uint8Array): void {
    const shift = record.start;
    const kept = filled - shift;
    if (kept > longestRecord) {
      if (part === "quoted") openQuote();
      fail(fileMalformed(file, `a line is longer than ${longestRecord} bytes`, { file: file.path, line: record.line }));
    }
    const target =
      kept + chunk.length > bytes.length ? new Uint8Array(Math.max(2 * bytes.length, kept + chunk.length)) : bytes;
    target.set(bytes.subarray(shift, filled));
    target.set(chunk, kept);
    bytes = target;
    record.bytes = bytes;
    record.start = 0;
    filled = kept + chunk.length;
    at -= shift;
    cellStart -= shift;
    for (let i = 0; i < record.cells; i++) {
      record.starts[i] = (record.starts[i] ?? 0) - shift;
      record.ends[i] = (record.ends[i] ?? 0) - shift;
    }
  }

  function openQuote(): never {
    return fail(csvQuotes(file, cellPlace(file, { ...record, starts: Int32Array.of(cellStart) }, 0)));
  }

  function endCell(): void {
    if (record.cells === record.starts.length) {
      record.starts = grown(record.starts);
      record.ends = grown(record.ends);
    }
    record.starts[record.cells] = cellStart;
    record.ends[record.cells] = at;
    record.cells += 1;
    part = "plain";
  }

  function endRecord(): void {
    endCell();
    wanted = onRecord(record);
    record.line += lineEnds + 1;
    lineEnds = 0;
    record.cells = 0;
  }

  function scan(): void {
    while (at < filled && wanted) {
      if (part === "quoted") {
        for (; at < filled && bytes[at] !== quote; at++) if (bytes[at] === lineFeed) lineEnds += 1;
        if (at === filled) return;
        part = "after-quote";
        at += 1;
        continue;
      }
      if (part === "plain") {
        if (at === cellStart && bytes[at] === quote) {
          part = "quoted";
          at += 1;
          continue;
        }
        while (at < filled && bytes[at] !== comma && bytes[at] !== lineFeed) at++;
        if (at === filled) return;
      }
      const byte = bytes[at];
      if (byte === comma) {
        endCell();
        cellStart = ++at;
      } else if (byte === lineFeed) {
        endRecord();
        record.start = cellStart = ++at;
      } else if (byte === quote && bytes[at - 1] === quote) {
        part = "quoted";
        at += 1;
      } else if (isBlank(byte)) {
        at += 1;
      } else {
        openQuote();
      }
    }
  }

  let first = true;
  for await (const chunk of chunksOf(file)) {
    take(chunk);
    if (first && filled >= 3) {
      first = false;
      refuseUtf16(file, bytes);
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) record.start = cellStart = at = 3;
    }
    if (!first) scan();
    if (!wanted) return;
  }
  scan();
  if (part === "quoted") openQuote();
  if (wanted && filled > record.start) endRecord();
}

function refuseUtf16(file: DataFile, bytes: Uint8Array): void {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (mark === 0xfeff || mark === 0xfffe) fail(fileMalformed(file, "the text is UTF-16, and must be UTF-8"));
}

function grown(bounds: Int32Array): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(2 * bounds.length);
  twice.set(bounds);
  return twice;
}

/** Line and character column, both from 1, where the cell starts. */
export function cellPlace(
  file: DataFile,
  record: Pick<CsvRecord, "bytes" | "start" | "line" | "starts">,
  cell: number,
): DataPlace {
  const end = record.starts[cell] ?? record.start;
  let line = record.line;
  let column = 1;
  for (let i = record.start; i < end; i++) {
    const byte = record.bytes[i] ?? 0;
    if (byte === lineFeed) {
      line += 1;
      column = 1;
    } else if ((byte & 0xc0) !== 0x80) {
      column += 1;
    }
  }
  return { file: file.path, line, column };
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The cell as text, without its quotes and the blanks around it. */
export function cellText(record: CsvRecord, cell: number): string {
  const text = utf8.decode(record.bytes.subarray(record.starts[cell], record.ends[cell])).trim();
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"').trim() : text;
}
