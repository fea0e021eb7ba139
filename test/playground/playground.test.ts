/** The built playground in headless Chromium, as a person uses it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const executablePath = "/usr/bin/chromium";
const isThere = existsSync(executablePath);
if (!isThere) process.stderr.write("the playground is not tested: it takes the Debian package chromium\n");

const root = join(import.meta.dirname, "..", "..");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

describe.skipIf(!isThere)("the playground", () => {
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  let server: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  const asked: string[] = [];
  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  beforeAll(async () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts", "playground.mjs"), folder]);
    expect(status, String(stderr)).toBe(0);
    server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const path = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
      const bytes = await readFile(path).catch(() => undefined);
      response.writeHead(bytes === undefined ? 404 : 200, { "content-type": types[extname(path)] ?? "text/plain" });
      response.end(bytes);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function visit(fragment = ""): Promise<void> {
    context = await browser.newContext({ viewport: { width: 1300, height: 850 } });
    page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(address() + fragment);
    await page.locator("#answer math").first().waitFor();
  }

  afterEach(async () => {
    await context?.close();
    expect(complaints.splice(0)).toEqual([]);
    // Nothing is asked of anybody else.
    expect(asked.splice(0).filter((url) => !url.startsWith(address()) && !/^(data|blob):/.test(url))).toEqual([]);
  });

  it("is typed into, shows an error, mends it, runs, and draws the curve", async () => {
    await visit();
    await page.locator(".monaco-editor .view-line", { hasText: "report weights = theta" }).click();
    await page.keyboard.press("End");
    await page.keyboard.type("\nreport shift = thetta", { delay: 20 });
    await page.keyboard.press("Escape");
    await page.locator(".squiggly-error").first().waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+.");
    await page
      .locator(".action-widget .action-item, .action-widget [role=option]", { hasText: "theta" })
      .first()
      .click();
    await page.locator(".squiggly-error").first().waitFor({ state: "detached" });
    await page.locator("#run").click();
    await page.locator("#answer svg[aria-label=Objective]").waitFor();
    await page.locator("body:not(.busy)").waitFor();
    expect(await page.locator("#status").textContent()).toMatch(/^converged \(\d+ steps, .* aid on wasm\)$/);
    const text = await page.locator("#answer").textContent();
    expect(text).toContain("0.548245777004033");
    expect(text).toContain("shift");
  });

  it("shows types on hover, the derivation and the gradient check", async () => {
    await visit();
    expect(await page.locator("#answer").textContent()).toContain("Hypergradient");
    await page.locator(".monaco-editor .view-line", { hasText: /^over/ }).click();
    await page.keyboard.press("End");
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Control+i");
    await page.locator(".monaco-hover", { hasText: "upper level" }).waitFor();
    await page.locator("#gradcheck").click();
    await page.locator("#answer pre", { hasText: "passed" }).waitFor();
  });

  it("opens every example", async () => {
    await visit();
    const picker = page.locator("#examples");
    for (const file of await picker
      .locator("option")
      .evaluateAll((all) => all.map((each) => each.getAttribute("value")))) {
      await picker.selectOption(file);
      await page.locator("#answer math, #answer .diagnostics").first().waitFor();
      expect(await page.locator("#answer .diagnostics").count(), String(file)).toBe(0);
    }
  });

  it("shares a program by its link, and works without a network", async () => {
    await visit();
    await page.locator(".monaco-editor .view-line", { hasText: "report weights = theta" }).click();
    await page.keyboard.press("End");
    await page.keyboard.type("\nreport twice = 2 * theta");
    await page.locator("#share").click();
    await page.waitForURL(/#./);
    const link = page.url();
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    await context.setOffline(true);
    await page.goto("about:blank");
    await page.goto(link);
    await page.locator(".monaco-editor .view-line", { hasText: "report twice" }).waitFor();
    await page.locator("#run").click();
    await page.locator("#status", { hasText: "converged" }).waitFor();
  });
});
