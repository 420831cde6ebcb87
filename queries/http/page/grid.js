// An answer as rows: sorted by a click on a column's head, nested values unfolded by a click on them.

import { element } from "./server.js";

const NUMBERS = new Set(["int", "long", "real", "decimal"]);

export function grid({ columns, rows }, open) {
  if (!columns.length || !rows.length) return element("p", { className: "empty" }, "No rows.");
  const id = columns.findIndex((column) => column.name === "id");
  const body = element("tbody");
  const fill = (sorted) => body.replaceChildren(...sorted.map((row) => line(row, columns, id, open)));
  fill(rows);
  let order = [-1, 1];
  const heads = columns.map((column, index) => element(
    "th",
    { scope: "col", className: NUMBERS.has(column.type) ? "number" : "", onclick: () => {
      order = order[0] === index ? [index, -order[1]] : [index, 1];
      fill([...rows].sort((a, b) => order[1] * compare(a[index], b[index])));
    } },
    column.name, element("small", {}, column.type),
  ));
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body);
}

function line(row, columns, id, open) {
  const made = element("tr", {}, ...row.map((value, index) => cell(value, columns[index].type)));
  if (id >= 0) {
    made.dataset.id = row[id];
    made.addEventListener("dblclick", () => open(row[id]));
    made.title = "double-click: truth beside index";
  }
  return made;
}

function cell(value, type) {
  if (value === null) return element("td", { className: "null" }, "null");
  if (typeof value === "object") return element("td", {}, nested(value, null));
  const text = String(value);
  return element("td", { className: NUMBERS.has(type) ? "number" : "", title: text.length > 40 ? text : "" }, text);
}

/** The rows of an answer that the truth shows otherwise: stale, missing or ghosts, each with both values where they differ. */
export function differences({ columns, rows, differing, same }) {
  const told = differing
    ? `${differing} row${differing === 1 ? "" : "s"} of the index ${differing === 1 ? "is" : "are"} not as the truth has ${differing === 1 ? "it" : "them"}; ${same} agree.`
      + (rows.length < differing ? ` The first ${rows.length} are shown.` : "")
    : `The index shows the truth: ${same} row${same === 1 ? "" : "s"} agree.`;
  const heads = ["state", ...columns].map((name) => element("th", { scope: "col" }, name));
  const lines = rows.map(({ state, index, truth }) => element("tr", { className: state },
    element("td", {}, state), ...columns.map((name) => both(index?.[name], truth?.[name], state))));
  return element("div", {}, element("p", { className: "empty" }, told),
    rows.length ? element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)) : null);
}

function both(index, truth, state) {
  const [old, now] = [index, truth].map((value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)));
  if (state !== "stale" || old === now) return element("td", {}, state === "ghost" ? element("del", {}, old) : now);
  return element("td", { className: "differs" }, element("del", {}, old), " ", element("ins", {}, now));
}

/** A nested value as a tree that is built as it is unfolded. */
export function nested(value, name) {
  const label = name === null ? [] : [element("span", {}, `${name}: `)];
  if (value === null || typeof value !== "object") {
    return element("div", { className: "leaf" }, ...label, JSON.stringify(value));
  }
  const entries = Object.entries(value);
  const short = JSON.stringify(value);
  const made = element("details", {}, element("summary", {}, ...label, short.length > 80 ? `${short.slice(0, 80)}…` : short));
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(...entries.map(([key, inner]) => nested(inner, key)));
  });
  return made;
}

function compare(a, b) {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [a, b].map((each) => (typeof each === "object" ? JSON.stringify(each) : String(each)));
  return left < right ? -1 : left > right ? 1 : 0;
}
