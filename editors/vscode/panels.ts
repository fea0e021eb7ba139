/** Panels beside the program, one a title. Pages hold no script, and none would run. */
import * as vscode from "vscode";
import type { Progress } from "./pages.ts";

/** Shows what is being made, and then what was made; another time with the same title ends the one before. */
export type Show = (title: string, make: (progress: Progress) => Promise<string>) => Promise<void>;

interface Open {
  readonly panel: vscode.WebviewPanel;
  /** What is being made for it. */
  current: AbortController;
}

export function createPanels(): Show {
  const opened = new Map<string, Open>();
  const openOne = (title: string): Open => {
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel("bilevel", title, place, { enableFindWidget: true });
    const open = { panel, current: new AbortController() };
    opened.set(title, open);
    panel.onDidDispose(() => {
      opened.delete(title);
      open.current.abort();
    });
    return open;
  };
  return async (title, make) => {
    const open = opened.get(title) ?? openOne(title);
    open.current.abort();
    const own = new AbortController();
    open.current = own;
    const put = (html: string): void => {
      if (opened.get(title)?.current === own) open.panel.webview.html = inTheme(html);
    };
    const notification = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    await vscode.window.withProgress(notification, async (bar, cancellation) => {
      cancellation.onCancellationRequested(() => own.abort());
      const progress = (message: string, html: string): void => {
        bar.report({ message });
        put(html);
      };
      put(await make({ signal: own.signal, progress }));
    });
  };
}

/** Pages follow the reader's choice of light and dark; in an editor that is its theme. */
function inTheme(html: string): string {
  const { Dark, HighContrast } = vscode.ColorThemeKind;
  const isDark = [Dark, HighContrast].includes(vscode.window.activeColorTheme.kind);
  return html.replace(/\(prefers-color-scheme: ?dark\)/g, isDark ? "all" : "not all");
}
