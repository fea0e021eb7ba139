/** `bilevel doctor`: what this machine offers, and what would make it faster. It never fails. */
import { inspectMachine, type Machine, type TfjsBackend } from "./machine.ts";
import type { ExitStatus, Output } from "./output.ts";
import { pad } from "./show.ts";

export function doctor(output: Output): ExitStatus {
  const machine = inspectMachine();
  const advice = adviceFor(machine);
  if (output.json) output.printJson({ ok: true, ...machine, advice });
  else output.print(showMachine(machine) + showAdvice(advice));
  return 0;
}

/** Something to do, and what it gains. */
export interface Advice {
  readonly action: string;
  readonly gain: string;
}

/** What the measurements of a library against the own kernels came to, where nothing can be measured. */
const expectedGain = "products, factorisations and solves of large matrices 2 to 5 times faster (expected)";

export function adviceFor(machine: Machine): readonly Advice[] {
  const { threads, load, wasm, tfjs, nvidia } = machine;
  const advice: Advice[] = [...libraryAdvice(machine)];
  if (!wasm.relaxedSimd)
    advice.push({
      action: "use a newer Node.js or processor: this one has no relaxed SIMD",
      gain: "loops with multiply-adds up to 2 times faster (expected)",
    });
  if (threads !== undefined && load !== undefined && load > 0.75 * threads)
    advice.push({
      action: `stop other programs: they kept ${load.toFixed(1)} of ${threads} threads busy over the last minute`,
      gain: "up to all of the machine",
    });
  const cuda = tfjs.find((each) => each.name === "tfjs-node-gpu");
  if (nvidia && cuda !== undefined && !cuda.installed)
    advice.push({ action: cuda.command, gain: "large single-precision problems on the NVIDIA GPU (not measured)" });
  return advice;
}

function libraryAdvice({ blas, skipped, asked, platform }: Machine): readonly Advice[] {
  if (blas !== undefined) return [];
  const koffi = skipped === "koffi" ? "npm install koffi" : undefined;
  const library = asked === undefined ? installLibrary[platform] : `unset BILEVEL_BLAS, which is ${asked}`;
  const actions = [koffi, library].filter((action) => action !== undefined);
  return actions.length === 0 ? [] : [{ action: actions.join(", then "), gain: expectedGain }];
}

/** Absent where one is part of the system. */
const installLibrary: Readonly<Record<string, string>> = {
  linux: "apt-get install libopenblas0-pthread (Debian, Ubuntu) or dnf install openblas-threads (Fedora)",
  win32: "put libopenblas.dll from the OpenBLAS releases into a folder of PATH",
};

// ---------------------------------------------------------------------------------------------------------- text

function showMachine(machine: Machine): string {
  const { node, platform, architecture, processor, threads, load, memory, wasm, nvidia, tfjs } = machine;
  const rows: readonly (readonly [title: string, text: string])[] = [
    ["node", `${node} on ${platform} ${architecture}`],
    ["processor", listed(processor, counted(threads, "thread"), load === undefined ? "" : `load ${load.toFixed(1)}`)],
    ["memory", memory === undefined ? "unknown" : `${gibibytes(memory.available)} of ${gibibytes(memory.total)} free`],
    ["wasm", `SIMD ${yesNo(wasm.simd)}, relaxed SIMD ${yesNo(wasm.relaxedSimd)}`],
    ...libraryRows(machine),
    ["gpu", `NVIDIA driver ${yesNo(nvidia)}`],
    ...tfjs.map((each, k): readonly [string, string] => [k === 0 ? "tfjs" : "", showBackend(each)]),
  ];
  return `${rows.map(([title, text]) => `${pad(title, 10)} ${text}`).join("\n")}\n`;
}

function libraryRows({ blas, rejected, skipped, product }: Machine): readonly (readonly [string, string])[] {
  const none = { off: "not looked for: BILEVEL_BLAS=off", koffi: "not looked for: koffi is not installed" };
  const found =
    blas === undefined ? "none found" : `${listed(blas.name, counted(blas.threads, "thread"))} (${blas.path})`;
  return [
    ["blas", skipped === undefined ? found : none[skipped]],
    ...rejected.map(({ path, reason }): readonly [string, string] => ["", `not ${path}: ${reason}`]),
    ...(product === undefined ? [] : [["product", showProduct(product)] as const]),
  ];
}

function showProduct({ own, blas }: NonNullable<Machine["product"]>): string {
  const size = "512 × 512 × 512";
  if (blas === undefined) return `${size} at ${own.toFixed(0)} GFLOP/s by the own kernels`;
  const ratio = (blas / own).toFixed(1);
  return `${size} at ${blas.toFixed(0)} GFLOP/s, ${ratio} times the ${own.toFixed(0)} of the own kernels`;
}

function showBackend({ name, what, installed, command }: TfjsBackend): string {
  return installed ? `--engine ${name}: ${what}` : `no ${name} (${what}): ${command}`;
}

function showAdvice(advice: readonly Advice[]): string {
  if (advice.length === 0) return "\nNothing to add: what there is, is used.\n";
  return `\nFaster with\n${advice.map(({ action, gain }) => `  ${action}\n    ${gain}\n`).join("")}`;
}

const yesNo = (is: boolean): string => (is ? "yes" : "no");
const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const counted = (count: number | undefined, what: string): string =>
  count === undefined ? "" : `${count} ${what}${count === 1 ? "" : "s"}`;
const listed = (...parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(", ");
