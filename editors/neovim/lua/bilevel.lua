--- Bilevel in Neovim 0.7 or newer: the filetype, the language server, and the commands of its code lenses.
local M = {}

--- What setup may be given:
---   command    the command and what stands before its own arguments, a list
---   on_attach  function(client, buffer), called when the server knows a buffer
local options = { command = { "bilevel" } }

--- The command with its arguments.
local function argv(arguments)
  return vim.list_extend(vim.deepcopy(options.command), arguments)
end

local function root_of(file)
  local folder = vim.fn.fnamemodify(file, ":p:h")
  local git = vim.fn.finddir(".git", folder .. ";")
  return git == "" and folder or vim.fn.fnamemodify(git, ":p:h:h")
end

--- Lenses are asked for again when the text has come to rest.
local function keep_lenses(buffer)
  if not vim.lsp.codelens.refresh then
    return
  end
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "BufWritePost" }, {
    buffer = buffer,
    callback = function()
      pcall(vim.lsp.codelens.refresh)
    end,
  })
  vim.lsp.codelens.refresh()
end

local clients = {}

local function start_server(buffer)
  local root = root_of(vim.api.nvim_buf_get_name(buffer))
  local config = {
    name = "bilevel",
    cmd = argv({ "lsp", "--stdio" }),
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
    on_attach = function(client, attached)
      keep_lenses(attached)
      if options.on_attach then
        options.on_attach(client, attached)
      end
    end,
  }
  if vim.lsp.start then
    return vim.lsp.start(config, { bufnr = buffer })
  end
  -- Neovim 0.7 does not look for a client of the same root itself.
  if not clients[root] or vim.lsp.client_is_stopped(clients[root]) then
    clients[root] = vim.lsp.start_client(config)
  end
  vim.lsp.buf_attach_client(buffer, clients[root])
end

local outputs = {}

--- A window below for what a command prints; `q` closes it.
local function output_buffer(title)
  local buffer = outputs[title]
  if not (buffer and vim.api.nvim_buf_is_valid(buffer)) then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, title)
    outputs[title] = buffer
  end
  vim.bo[buffer].bufhidden = "hide"
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, {})
  if vim.fn.bufwinid(buffer) == -1 then
    vim.cmd("botright split")
    vim.api.nvim_win_set_buf(0, buffer)
    vim.wo.wrap = false
    vim.cmd("wincmd p")
  end
  vim.keymap.set("n", "q", "<cmd>close<cr>", { buffer = buffer })
  return buffer
end

--- Adds a chunk of a stream, whose first line continues the last one.
local function append(buffer)
  return function(_, lines)
    if not vim.api.nvim_buf_is_valid(buffer) then
      return
    end
    local last = vim.api.nvim_buf_get_lines(buffer, -2, -1, false)[1] or ""
    lines[1] = last .. lines[1]
    vim.api.nvim_buf_set_lines(buffer, -2, -1, false, lines)
  end
end

local commands = {
  run = { "run", "--plot" },
  explain = { "explain" },
  gradcheck = { "gradcheck" },
}

local running = {}

--- Runs `run`, `explain` or `gradcheck` on a program and shows what it prints as it prints it; another time ends the one before.
function M.show(name, file)
  local title = "bilevel " .. name .. " " .. vim.fn.fnamemodify(file, ":t")
  local buffer = output_buffer(title)
  if running[title] then
    vim.fn.jobstop(running[title])
  end
  running[title] = vim.fn.jobstart(vim.list_extend(argv(commands[name]), { file }), {
    cwd = vim.fn.fnamemodify(file, ":h"),
    on_stdout = append(buffer),
    on_stderr = append(buffer),
    on_exit = function()
      running[title] = nil
    end,
  })
end

local function show_current(name)
  return function()
    vim.cmd("silent update")
    M.show(name, vim.api.nvim_buf_get_name(0))
  end
end

function M.setup(given)
  options = vim.tbl_extend("force", options, given or {})
  local group = vim.api.nvim_create_augroup("bilevel", {})
  vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
    group = group,
    pattern = "*.bilevel",
    command = "setfiletype bilevel",
  })
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = "bilevel",
    callback = function(event)
      vim.bo[event.buf].commentstring = "# %s"
      vim.bo[event.buf].shiftwidth = 2
      vim.bo[event.buf].expandtab = true
      for command, name in pairs({ BilevelRun = "run", BilevelExplain = "explain", BilevelGradcheck = "gradcheck" }) do
        vim.api.nvim_buf_create_user_command(event.buf, command, show_current(name), {})
      end
      start_server(event.buf)
    end,
  })
  for name in pairs(commands) do
    vim.lsp.commands["bilevel." .. name] = function(command)
      vim.cmd("silent update")
      M.show(name, vim.uri_to_fname(command.arguments[1]))
    end
  end
end

return M
