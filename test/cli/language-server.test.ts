import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import {
  CancellationTokenSource,
  createProtocolConnection,
  type Diagnostic,
  LSPErrorCodes,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { executable, folderWith } from "./process.ts";

const program = `data train: { X: real[n, d], y: real[n] } = csv("train.csv", y: "target")

var rho: real
var theta: real[d]

minimize sumsq(theta) over rho
where    theta minimizes mean((train.X @ theta - train.y)^2) + exp(rho) * sumsq(theta)
`;
const csv = "age,bmi,target\n1,2,3\n3,1,2\n2,2,1\n";

interface Client {
  readonly connection: ProtocolConnection;
  readonly uri: string;
  /** The next diagnostics of the program that satisfy a condition. */
  readonly diagnostics: (fits: (found: readonly Diagnostic[]) => boolean) => Promise<readonly Diagnostic[]>;
  readonly exit: Promise<number | null>;
}

const running: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill();
});

async function connect(files: Readonly<Record<string, string>>): Promise<Client> {
  const folder = folderWith(files);
  const child = spawn(process.execPath, [executable, "lsp", "--stdio"], { cwd: folder });
  running.push(child);
  const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
  const reader = new StreamMessageReader(child.stdout);
  const connection = createProtocolConnection(reader, new StreamMessageWriter(child.stdin));
  const uri = pathToFileURL(join(folder, "main.bilevel")).href;
  const published: PublishDiagnosticsParams[] = [];
  let wake = (): void => {};
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    if (params.uri === uri) published.push(params);
    wake();
  });
  connection.listen();
  const workspaceFolders = [{ uri: pathToFileURL(folder).href, name: "folder" }];
  await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    workspaceFolders,
  });
  await connection.sendNotification("initialized", {});
  return {
    connection,
    uri,
    exit,
    diagnostics: async (fits) => {
      for (;;) {
        const found = published.findLast(({ diagnostics }) => fits(diagnostics));
        if (found !== undefined) return found.diagnostics;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const open = ({ connection, uri }: Client, text: string) =>
  connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "bilevel", version: 1, text },
  });

describe("bilevel lsp --stdio", () => {
  it("reports mistakes as they are typed, and offers their fix", async () => {
    const client = await connect({ "main.bilevel": program, "train.csv": csv });
    await open(client, program);
    expect(await client.diagnostics(() => true)).toEqual([]);
    const range = { start: { line: 5, character: 15 }, end: { line: 5, character: 20 } };
    await client.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri: client.uri, version: 2 },
      contentChanges: [{ range, text: "thta" }],
    });
    const [mistake] = await client.diagnostics((found) => found.length > 0);
    expect(mistake).toMatchObject({ code: "unknown-name", range: { start: range.start } });
    expect(mistake?.codeDescription?.href).toMatch(/^file:.*\/docs\/errors\/unknown-name\.md$/);
    const actions: { title: string }[] = await client.connection.sendRequest("textDocument/codeAction", {
      textDocument: { uri: client.uri },
      range: mistake?.range,
      context: { diagnostics: [mistake] },
    });
    expect(actions[0]?.title).toBe("replace by theta");
  });

  it("reads the data that the program names", async () => {
    const client = await connect({ "main.bilevel": program, "train.csv": csv });
    await open(client, program.replace('y: "target"', 'y: "missing"'));
    const found = await client.diagnostics((each) => each.length > 0);
    expect(found.map(({ code }) => code)).toEqual(["column-missing"]);
    await client.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri: client.uri, version: 2 },
      contentChanges: [{ text: program }],
    });
    let hover = "";
    for (let tries = 0; !hover.includes("d = 2") && tries < 100; tries++) {
      const about = { textDocument: { uri: client.uri }, position: { line: 3, character: 5 } };
      hover = JSON.stringify(await client.connection.sendRequest("textDocument/hover", about));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(hover).toContain("lower level; d = 2");
    const columns: { label: string }[] = await client.connection.sendRequest("textDocument/completion", {
      textDocument: { uri: client.uri },
      position: { line: 0, character: program.indexOf("target") },
    });
    expect(columns.map(({ label }) => label)).toEqual(["age", "bmi", "target"]);
  });

  it("gives up requests that are cancelled, and refuses a rename with a reason", async () => {
    const client = await connect({ "main.bilevel": program, "train.csv": csv });
    await open(client, program);
    const about = { textDocument: { uri: client.uri }, position: { line: 3, character: 5 } };
    await expect(client.connection.sendRequest("textDocument/rename", { ...about, newName: "rho" })).rejects.toThrow(
      "rho already stands for something else",
    );
    await expect(
      client.connection.sendRequest("textDocument/rename", { ...about, newName: "w" }),
    ).resolves.toBeTruthy();
    const cancelling = new CancellationTokenSource();
    const many = Array.from({ length: 20 }, () =>
      client.connection
        .sendRequest("textDocument/hover", about, cancelling.token)
        .catch((error: { readonly code: number }) => error.code),
    );
    cancelling.cancel();
    expect(await Promise.all(many)).toContain(LSPErrorCodes.RequestCancelled);
  });

  it("leaves with 0 when the editor says so", async () => {
    const client = await connect({ "main.bilevel": program, "train.csv": csv });
    await client.connection.sendRequest("shutdown");
    await client.connection.sendNotification("exit");
    expect(await client.exit).toBe(0);
  });
});
