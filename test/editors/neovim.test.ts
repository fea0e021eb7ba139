import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { executable, folderWith, ridge } from "../cli/process.ts";

const plugin = fileURLToPath(new URL("../../editors/neovim", import.meta.url));
const hasNeovim = spawnSync("nvim", ["--version"]).status === 0;

/** What a Lua script prints as JSON about a program that is open in Neovim, set up as the documentation says. */
function inNeovim(script: string): unknown {
  const folder = folderWith({
    ...ridge,
    "init.lua": `
      vim.opt.runtimepath:append(${JSON.stringify(plugin)})
      require("bilevel").setup({ command = { ${JSON.stringify(process.execPath)}, ${JSON.stringify(executable)} } })`,
    "script.lua": `
      function wait_for(what, holds)
        if not vim.wait(20000, holds, 20) then error("waited for " .. what) end
      end
      function wait_for_server()
        wait_for("the server", function()
          local client = vim.lsp.get_active_clients()[1]
          return client ~= nil and client.server_capabilities.hoverProvider
        end)
      end
      function type_line(line, text) vim.api.nvim_buf_set_lines(0, line - 1, line, false, { text }) end
      function text_of(name)
        local buffer = vim.fn.bufnr(name)
        return buffer > 0 and table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\\n") or ""
      end
      local ok, result = pcall(function() ${script} end)
      io.stdout:write(vim.json.encode(ok and result or { failed = result }))
      vim.cmd("qa!")`,
  });
  const { stdout, stderr } = spawnSync(
    "nvim",
    ["--headless", "--clean", "-u", "init.lua", "ridge.bilevel", "-c", "luafile script.lua"],
    { cwd: folder, encoding: "utf8", timeout: 50_000, env: { ...process.env, XDG_STATE_HOME: folder } },
  );
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

describe.skipIf(!hasNeovim)("the plugin of Neovim", () => {
  it("knows the filetype and colours it", () => {
    const colour = (line: number, column: number) => `vim.fn.synIDattr(vim.fn.synID(${line}, ${column}, 1), "name")`;
    expect(
      inNeovim(`vim.cmd("syntax on") return { vim.bo.filetype, ${colour(1, 1)}, ${colour(1, 8)}, ${colour(1, 51)} }`),
    ).toEqual(["bilevel", "bilevelDeclaration", "bilevelLabel", "bilevelString"]);
  });

  it("shows mistakes while typing, and takes them back", () => {
    const answer = inNeovim(`
      wait_for_server()
      type_line(8, "over     lamda")
      wait_for("a diagnostic", function() return #vim.diagnostic.get(0) > 0 end)
      local found = vim.diagnostic.get(0)[1]
      type_line(8, "over     lambda")
      wait_for("none", function() return #vim.diagnostic.get(0) == 0 end)
      return { found.code, found.lnum, found.col, found.message }`);
    expect(answer).toEqual(["unknown-name", 7, 9, "lamda is not declared\ndid you mean lambda?"]);
  });

  it("shows the derived hypergradient on hover", () => {
    const answer = inNeovim(`
      wait_for_server()
      vim.api.nvim_win_set_cursor(0, { 7, 2 })
      local replies = vim.lsp.buf_request_sync(0, "textDocument/hover", vim.lsp.util.make_position_params(), 20000)
      return { replies[vim.lsp.get_active_clients()[1].id].result.contents.value }`);
    expect(String(answer)).toContain("Hypergradient");
  });

  it("formats", () => {
    const answer = inNeovim(`
      wait_for_server()
      type_line(4, "var   lambda:real[d]   init -1")
      local format = vim.lsp.buf.format or function() vim.lsp.buf.formatting_sync(nil, 20000) end
      format({ timeout_ms = 20000 })
      return { vim.fn.getline(4) }`);
    expect(answer).toEqual(["var lambda: real[d] init -1"]);
  });

  it("has the commands of the code lenses", () => {
    const answer = inNeovim(`
      wait_for_server()
      local lenses = {}
      local function look() lenses = vim.lsp.codelens.get(0) return #lenses == 3 end
      wait_for("the lenses", look)
      local titles = vim.tbl_map(function(lens) return lens.command.title end, lenses)
      vim.lsp.commands[lenses[2].command.command](lenses[2].command, { bufnr = 0 })
      wait_for("the derivation", function() return text_of("bilevel explain ridge.bilevel"):match("Hypergradient") end)
      return titles`);
    expect(answer).toEqual(["Run", "Explain", "Gradient check"]);
  });

  it("runs and checks gradients in a window below", () => {
    const answer = inNeovim(`
      vim.cmd("BilevelRun")
      wait_for("the curve", function() return text_of("bilevel run ridge.bilevel"):match("\\nObjective\\n") end)
      vim.cmd("BilevelGradcheck")
      wait_for("the verdict", function() return text_of("bilevel gradcheck ridge.bilevel"):match("differs by") end)
      return { text_of("bilevel run ridge.bilevel"), text_of("bilevel gradcheck ridge.bilevel"), vim.bo.filetype }`);
    const [run, gradcheck, filetype] = answer as readonly string[];
    expect(run).toMatch(/^converged \(/);
    expect(run).toMatch(/\n\nUpper level\n/);
    expect(gradcheck).toMatch(/^passed: /);
    expect(filetype).toBe("bilevel");
  });
});
