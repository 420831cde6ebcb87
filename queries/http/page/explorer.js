// The page: a query goes to the estate, its answer comes back as rows or as a picture; the clock stands above.

import * as editor from "./editor.js";
import { bars, time } from "./charts.js";
import { differences, grid } from "./grid.js";
import { element, tell } from "./server.js";

const at = (id) => document.getElementById(id);
const FIRST = `resources
| where type =~ 'microsoft.compute/virtualmachines'
| extend powerState = tostring(properties.extended.instanceView.powerState.code)
| summarize machines = count() by powerState
| order by machines desc
`;
const SHAPES = { grid: (answer) => grid(answer, beside), bars, time, truth: () => element("p", { className: "empty" }, "…") };
const HINTS = { barchart: "bars", columnchart: "bars", piechart: "bars", timechart: "time", linechart: "time", areachart: "time" };

const profile = () => (at("strict").checked ? "resource-graph" : "kusto");

let answer = null;
let shape = "grid";

async function run() {
  at("run").disabled = true;
  at("facts").textContent = "…";
  try {
    const query = editor.read();
    const told = await tell("lazulite/explorer/ask", { query, profile: profile() });
    sessionStorage.setItem("query", query);
    if (told.problems) {
      editor.tellProblems(told.problems);
      at("facts").textContent = "the query has errors";
      return;
    }
    const { columns, asOf, milliseconds, truncated, render, advice } = told.facts;
    const again = answer?.query === query || shape === "truth";
    answer = { columns, rows: told.rows, query };
    editor.tellProblems(advice);
    shape = again ? shape : HINTS[(render ?? "").split(/\s/)[0]] ?? "grid";
    show();
    const count = `${told.rows.length.toLocaleString("en")}${truncated ? "+" : ""} row${told.rows.length === 1 ? "" : "s"}`;
    at("facts").textContent = `${count} · ${milliseconds} ms · as of ${asOf.slice(11, 19)}`;
  } catch (error) {
    at("facts").textContent = error.message;
  } finally {
    at("run").disabled = false;
    clock();
  }
}

function show() {
  for (const button of at("shapes").children) button.setAttribute("aria-pressed", String(button.dataset.shape === shape));
  if (answer) at("answer").replaceChildren(SHAPES[shape](answer));
  if (answer && shape === "truth") against().catch((error) => { at("facts").textContent = error.message; });
}

/** The rows of the last answer that the index does not show as they are. */
async function against() {
  const told = await tell("lazulite/explorer/compare", { query: answer.query, profile: profile() });
  if (shape === "truth" && !told.problems) at("answer").replaceChildren(differences(told));
}

async function clock(told) {
  const { now, kind, pending } = told ?? (await tell("lazulite/clock"));
  at("now").textContent = `${now.slice(0, 10)} ${now.slice(11, 19)}`;
  at("pending").className = pending ? "waiting" : "";
  at("pending").textContent = pending ? `${pending.toLocaleString("en")} on their way` : "all seen";
  at("advance").hidden = kind !== "simulated";
}

async function advance(seconds) {
  await clock(await tell("lazulite/advance", { by: seconds }));
  if (answer) await run();
}

async function beside(id) {
  const panel = at("beside");
  let body;
  try {
    const { truth, index } = await tell("lazulite/explorer/resource", { id });
    body = comparison(truth, index);
  } catch (error) {
    body = element("p", { className: "empty" }, error.message);
  }
  panel.replaceChildren(
    element("button", { className: "close", onclick: () => { panel.hidden = true; } }, "close"),
    element("h2", {}, id), body,
  );
  panel.hidden = false;
}

/** The truth of a resource beside what the index says, leaf by leaf; what differs is marked. */
function comparison(truth, index) {
  const paths = new Map();
  for (const [side, value] of [["truth", truth], ["index", index]]) {
    for (const [path, leaf] of leaves(value ?? {}, "")) paths.set(path, { ...paths.get(path), [side]: leaf });
  }
  const text = (leaf) => (leaf === undefined ? "" : JSON.stringify(leaf));
  const rows = [...paths].map(([path, leaf]) => [path, text(leaf.truth), text(leaf.index)]);
  rows.sort((a, b) => (a[1] === a[2]) - (b[1] === b[2]));
  const stale = rows.filter(([, left, right]) => left !== right).length;
  const told = truth === null ? "It is no more; the index still shows it."
    : index === null ? "The index has not heard of it yet."
      : stale ? `${stale} propert${stale === 1 ? "y" : "ies"} of the index ${stale === 1 ? "is" : "are"} behind the truth.`
        : "The index shows the truth.";
  return element("div", {}, element("p", {}, told), element("table", {},
    element("thead", {}, element("tr", {}, ...["property", "truth", "index"].map((each) => element("th", {}, each)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((each) =>
      element("td", { className: row[1] === row[2] ? "" : "differs" }, each)))))));
}

function* leaves(value, path) {
  if (value !== null && typeof value === "object" && Object.keys(value).length) {
    for (const [key, inner] of Object.entries(value)) yield* leaves(inner, path ? `${path}.${key}` : key);
  } else yield [path, value];
}

let saved = [];

async function library() {
  saved = await tell("lazulite/explorer/library");
  fill();
}

/** The saved queries that are looked for. */
function fill() {
  const wanted = at("search").value.toLowerCase();
  at("library").replaceChildren(...saved
    .filter(({ title, purpose, name }) => `${title} ${purpose} ${name}`.toLowerCase().includes(wanted))
    .map(({ title, purpose, text }) => element("li", {}, element("button", {
      title: purpose, onclick: () => { editor.write(text); run(); },
    }, title))));
}

/** Keep the text of the editor in the estate under the name that was given. */
async function save(event) {
  event.preventDefault();
  const form = event.target;
  const told = form.querySelector("output");
  if (!editor.read().trim()) {
    told.textContent = "there is nothing to save";
    return;
  }
  try {
    await tell("lazulite/explorer/save", { name: form.elements.name.value, query: editor.read() });
    form.reset();
    told.textContent = "saved";
    await library();
  } catch (error) {
    told.textContent = error.message;
  }
}

editor.start(profile, run);
editor.write(sessionStorage.getItem("query") ?? FIRST);
at("run").addEventListener("click", run);
at("search").addEventListener("input", fill);
at("save").addEventListener("submit", save);
at("strict").addEventListener("change", () => editor.look());
at("shapes").addEventListener("click", (event) => {
  if (event.target.dataset.shape) { shape = event.target.dataset.shape; show(); }
});
at("advance").addEventListener("click", (event) => {
  if (event.target.dataset.seconds) advance(Number(event.target.dataset.seconds));
});
clock();
setInterval(() => clock().catch(() => {}), 15000);
library();
