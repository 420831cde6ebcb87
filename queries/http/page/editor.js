// The editor: a text area above its own coloured copy. Colours, problems and completions come from the language itself.

import { element, tell } from "./server.js";

const text = document.getElementById("text");
const colours = document.getElementById("colours");
const menu = document.getElementById("completions");
const list = document.getElementById("problems");

let shown = "";
let marks = { tokens: [], problems: [] };
let offered = [];
let chosen = 0;
let asked = 0;
let profile = () => "kusto";

export function start(chosenProfile, run) {
  profile = chosenProfile;
  text.addEventListener("input", (event) => { changed(); if (event.inputType !== "historyUndo") offer(false); });
  text.addEventListener("scroll", () => { colours.scrollTop = text.scrollTop; colours.scrollLeft = text.scrollLeft; });
  text.addEventListener("blur", () => setTimeout(hide, 150));
  text.addEventListener("keydown", (event) => pressed(event, run));
}

export function write(query) {
  text.value = query;
  changed();
}

export const read = () => text.value;

export async function look() {
  const query = text.value;
  const turn = ++asked;
  const found = await tell("lazulite/explorer/edit", { query, profile: profile() });
  if (turn !== asked || query !== text.value) return;
  marks = found;
  paint();
  tellProblems(found.problems);
}

export function tellProblems(problems) {
  list.replaceChildren(...problems.map((problem) => element(
    "li",
    { className: problem.severity, onclick: () => { text.focus(); text.setSelectionRange(problem.start, problem.end); } },
    element("b", {}, problem.code), problem.message, problem.help ? element("i", {}, problem.help) : null,
  )));
}

function changed() {
  const before = shown;
  const now = text.value;
  let same = 0;
  while (same < before.length && same < now.length && before[same] === now[same]) same++;
  let tail = 0;
  while (tail < before.length - same && tail < now.length - same
    && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  // until the server has answered, what was coloured before and behind the change keeps its colour
  const shift = now.length - before.length;
  const kept = marks.tokens.flatMap(([kind, start, end]) => {
    if (end <= same) return [[kind, start, end]];
    return start >= before.length - tail ? [[kind, start + shift, end + shift]] : [];
  });
  marks = { tokens: kept, problems: [] };
  paint();
  look().catch(() => {});
}

function paint() {
  shown = text.value;
  const pieces = [];
  const edges = new Set([0, shown.length]);
  for (const [, start, end] of marks.tokens) edges.add(start).add(end);
  for (const problem of marks.problems) edges.add(problem.start).add(Math.max(problem.end, problem.start + 1));
  const places = [...edges].filter((place) => place <= shown.length).sort((a, b) => a - b);
  let token = 0;
  for (let index = 0; index + 1 < places.length; index++) {
    const [from, to] = [places[index], places[index + 1]];
    while (token < marks.tokens.length && marks.tokens[token][2] <= from) token++;
    const inside = token < marks.tokens.length && marks.tokens[token][1] <= from ? marks.tokens[token][0] : "";
    const problem = marks.problems.find((each) => each.start < to && from < Math.max(each.end, each.start + 1));
    const kinds = [inside, problem?.severity].filter(Boolean).join(" ");
    pieces.push(kinds ? element("span", { className: kinds, title: problem?.message ?? "" }, shown.slice(from, to)) : shown.slice(from, to));
  }
  colours.replaceChildren(...pieces, "\n");
  colours.scrollTop = text.scrollTop;
}

function pressed(event, run) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    hide();
    run();
  } else if (event.key === " " && event.ctrlKey) {
    event.preventDefault();
    offer(true);
  } else if (!menu.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (!menu.hidden && ["Tab", "Enter"].includes(event.key)) {
    event.preventDefault();
    take(offered[chosen]);
  } else if (event.key === "Escape") {
    hide();
  } else if (event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    document.execCommand("insertText", false, "    ");
  } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
    hide();
  }
}

async function offer(always) {
  const offset = text.selectionStart;
  const query = text.value;
  const last = query.slice(0, offset);
  if (!always && !/[\w.|(]$/.test(last)) return hide();
  const found = await tell("lazulite/explorer/complete", { query, offset }).catch(() => []);
  if (query !== text.value || offset !== text.selectionStart) return;
  const typed = found.length ? query.slice(found[0].start, offset) : "";
  const done = found.length === 1 && found[0].text === typed;
  if (!found.length || done || (!always && typed === "" && !/[.|]\s*$/.test(last))) return hide();
  offered = found;
  menu.replaceChildren(...found.slice(0, 50).map((each, index) => element(
    "li",
    { role: "option", onmousedown: (event) => { event.preventDefault(); take(each); }, dataset: { index } },
    element("span", { className: each.kind }, each.text), element("i", {}, each.detail || each.kind),
  )));
  const [left, top] = place(found[0].start);
  Object.assign(menu.style, { left: `${left}px`, top: `${top}px` });
  menu.hidden = false;
  choose(0);
}

function choose(index) {
  const options = [...menu.children];
  chosen = (index + options.length) % options.length;
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  options[chosen].scrollIntoView({ block: "nearest" });
}

function take(completion) {
  text.focus();
  text.setSelectionRange(completion.start, text.selectionStart);
  document.execCommand("insertText", false, completion.text); // keeps the browser's own undo
  hide();
}

function hide() {
  menu.hidden = true;
}

/** Where a place in the text stands below its line, in pixels of the editor. */
function place(offset) {
  const walker = document.createTreeWalker(colours, NodeFilter.SHOW_TEXT);
  let left = offset;
  let node = walker.nextNode();
  while (node && left > node.length) {
    left -= node.length;
    node = walker.nextNode();
  }
  const range = document.createRange();
  range.setStart(node ?? colours, node ? left : 0);
  const at = range.getBoundingClientRect();
  const editor = colours.parentElement.getBoundingClientRect();
  return [at.left - editor.left, at.bottom - editor.top + 2];
}
