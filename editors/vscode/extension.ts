/** The extension: the language server for every program, and Run, Explain and Gradient check beside it. */
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { pages } from "./pages.ts";
import { createPanels } from "./panels.ts";
import { type Program, start } from "./program.ts";

const titles = { run: "Run", explain: "Explain", gradcheck: "Gradient check" } as const satisfies Record<
  keyof typeof pages,
  string
>;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const own = join(context.extensionPath, "dist", "bilevel.js");
  const programIn = (folder: string): Program => ({
    path: vscode.workspace.getConfiguration("bilevel").get<string>("program") || own,
    folder,
  });
  const home = (): string => vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? context.extensionPath;
  const client = new LanguageClient("bilevel", "Bilevel", async () => start(programIn(home()), ["lsp", "--stdio"]), {
    documentSelector: [{ scheme: "file", language: "bilevel" }],
  });
  const show = createPanels();
  const commands = (Object.keys(pages) as (keyof typeof pages)[]).map((name) =>
    vscode.commands.registerCommand(`bilevel.${name}`, async (at?: unknown) => {
      const path = await savedFile(at);
      if (path === undefined) return;
      const [program, file] = [programIn(dirname(path)), basename(path)];
      await show(`${titles[name]}: ${file}`, (progress) => pages[name]({ program, file, ...progress }));
    }),
  );
  const restart = vscode.commands.registerCommand("bilevel.restart", () => client.restart());
  context.subscriptions.push(client, restart, ...commands);
  await client.start();
}

/** The program of a code lens or a menu, or the one that is being edited; `undefined` where it lies in no file. */
async function savedFile(at: unknown): Promise<string | undefined> {
  const uri = typeof at === "string" ? vscode.Uri.parse(at) : at;
  const document =
    uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : vscode.window.activeTextEditor?.document;
  const isProgram = document?.languageId === "bilevel" && document.uri.scheme === "file";
  if (isProgram && (!document.isDirty || (await document.save()))) return document.uri.fsPath;
  void vscode.window.showInformationMessage("This is for a Bilevel program that is saved as a file.");
  return undefined;
}
