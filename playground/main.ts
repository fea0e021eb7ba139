/** The page: an example to begin with, the editor, and beside it what the compiler and the solvers say. */
import { createEditor, documentOf, fileOf, onCommand } from "./editor.ts";
import { loadExamples } from "./examples.ts";
import type { Answer, Order, Task } from "./messages.ts";
import { fragmentOf, sharedIn } from "./share.ts";

const element = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;

const examples = await loadExamples();
const editor = createEditor(element("editor"), examples);
const compute = new Worker("compute-worker.js", { type: "module" });
const picker = element<HTMLSelectElement>("examples");
const [status, answer, stop] = [element("status"), element("answer"), element<HTMLButtonElement>("stop")];

for (const { file, title } of examples.offered) picker.add(new Option(title, file));

compute.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
  status.textContent = data.status;
  // While a new answer is made the old one stays.
  if (data.body !== "" || !data.isBusy) answer.innerHTML = data.body;
  document.body.classList.toggle("busy", data.isBusy);
  stop.hidden = !data.isBusy;
});

const order = (given: Order): void => compute.postMessage(given);

/** The program as it stands in the editor; what it imports is as the examples have it. */
function ask(task: Task): void {
  const model = editor.getModel();
  if (model === null) return;
  const file = fileOf(model);
  order({ task, file, programs: { ...examples.programs, [file]: model.getValue() } });
}

function open(file: string, text = examples.programs[file] ?? ""): void {
  const model = documentOf(file, text);
  if (model.getValue() !== text) model.setValue(text);
  editor.setModel(model);
  picker.value = file;
  answer.replaceChildren();
  ask("explain");
}

async function share(): Promise<void> {
  const model = editor.getModel();
  if (model === null) return;
  history.replaceState(null, "", `#${await fragmentOf({ file: fileOf(model), text: model.getValue() })}`);
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  status.textContent = copied ? "the link is in the clipboard" : "the address is the link";
}

for (const task of ["run", "explain", "gradcheck"] as const) {
  element(task).addEventListener("click", () => ask(task));
  onCommand(`bilevel.${task}`, () => ask(task));
}
stop.addEventListener("click", () => order({ task: "stop" }));
element("share").addEventListener("click", share);
picker.addEventListener("change", () => {
  history.replaceState(null, "", location.pathname);
  open(picker.value);
});
addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    ask("run");
  },
  { capture: true },
);

const shared = await sharedIn(location.hash.slice(1));
if (shared !== undefined && Object.hasOwn(examples.programs, shared.file)) open(shared.file, shared.text);
else open(examples.offered[0]?.file ?? "");

// Another visit needs no network.
await navigator.serviceWorker?.register("service-worker.js");
