/** `bilevel lsp`: the language server, until the editor leaves. */
import type { ExitStatus } from "./output.ts";

export async function lsp(): Promise<ExitStatus> {
  const { serveStdio } = await import("../language-server/node.ts");
  serveStdio();
  // The connection leaves the process itself, on `exit` or when its input ends.
  return new Promise(() => undefined);
}
