// An answer as a picture: bars for names and numbers, lines for times and numbers. Plain SVG.

import { element } from "./server.js";

const NUMBERS = new Set(["int", "long", "real", "decimal"]);
const HUES = [215, 28, 145, 285, 355, 185, 60, 320];
const MOST_BARS = 60;

const hue = (index) => `hsl(${HUES[index % HUES.length]} 60% 52%)`;

function svg(name, words, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(words)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const nothing = (why) => element("p", { className: "empty" }, why);

export function bars({ columns, rows }) {
  const numbers = columns.flatMap((column, index) => (NUMBERS.has(column.type) ? [index] : []));
  const names = columns.flatMap((column, index) => (NUMBERS.has(column.type) ? [] : [index]));
  if (!numbers.length || !rows.length) return nothing("Bars need a column of numbers, such as summarize gives.");
  const shown = rows.slice(0, MOST_BARS);
  const most = Math.max(...shown.flatMap((row) => numbers.map((index) => Number(row[index] ?? 0))), 0) || 1;
  const thick = 18;
  const high = thick * numbers.length + 8;
  const chart = svg("svg", { viewBox: `0 0 900 ${shown.length * high + 24}`, role: "img", "aria-label": "Bars" });
  shown.forEach((row, at) => {
    const label = names.map((index) => row[index] ?? "null").join(" · ") || `row ${at + 1}`;
    chart.append(svg("text", { x: 290, y: at * high + 6 + (thick * numbers.length) / 2, "text-anchor": "end" },
      label.length > 46 ? `${label.slice(0, 45)}…` : label, svg("title", {}, label)));
    numbers.forEach((index, series) => {
      const value = Number(row[index] ?? 0);
      const width = Math.max(0, (value / most) * 530);
      const top = at * high + series * thick + 4;
      chart.append(
        svg("rect", { x: 300, y: top, width, height: thick - 3, rx: 2, fill: hue(series) },
          svg("title", {}, `${label}: ${columns[index].name} ${value}`)),
        svg("text", { x: 306 + width, y: top + thick - 7 }, String(row[index] ?? "null")),
      );
    });
  });
  const left = rows.length - shown.length;
  if (left > 0) chart.append(svg("text", { x: 300, y: shown.length * high + 18 }, `and ${left} more rows`));
  return framed(chart, numbers.length > 1 ? numbers.map((index) => columns[index].name) : []);
}

/** A chart with the names of its series below it. */
function framed(chart, names, left = 0) {
  const legend = names.map((name, series) => element("li", { style: `--hue: ${hue(series)}` }, name));
  if (left) legend.push(element("li", { className: "more" }, `and ${left} more that are not drawn`));
  return element("figure", {}, chart, legend.length ? element("ul", { className: "legend" }, ...legend) : null);
}

export function time({ columns, rows }) {
  const when = columns.findIndex((column) => column.type === "datetime");
  const numbers = columns.flatMap((column, index) => (NUMBERS.has(column.type) ? [index] : []));
  if (when < 0 || !numbers.length || !rows.length) return nothing("A time chart needs a datetime column and a column of numbers.");
  const split = columns.findIndex((column) => column.type === "string");
  const lines = new Map();
  for (const row of rows) {
    const moment = Date.parse(row[when]);
    if (Number.isNaN(moment)) continue;
    for (const index of numbers) {
      const name = [split >= 0 ? row[split] : null, numbers.length > 1 || split < 0 ? columns[index].name : null].filter((part) => part !== null).join(" ");
      if (!lines.has(name)) lines.set(name, []);
      lines.get(name).push([moment, Number(row[index] ?? 0)]);
    }
  }
  const all = [...lines.values()].flat();
  if (!all.length) return nothing("No row has a time.");
  const [first, last] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
  const most = Math.max(...all.map(([, value]) => value), 0) || 1;
  const x = (at) => 70 + ((at - first) / (last - first || 1)) * 800;
  const y = (value) => 300 - (value / most) * 270;
  const chart = svg("svg", { viewBox: "0 0 900 330", role: "img", "aria-label": "Values over time" });
  for (const share of [0, 0.5, 1]) {
    chart.append(
      svg("line", { class: "axis", x1: 70, x2: 870, y1: y(most * share), y2: y(most * share) }),
      svg("text", { x: 62, y: y(most * share) + 4, "text-anchor": "end" }, String(Number((most * share).toPrecision(4)))),
    );
  }
  for (const [at, anchor] of [[first, "start"], [last, "end"]]) {
    chart.append(svg("text", { x: x(at), y: 320, "text-anchor": anchor }, new Date(at).toISOString().replace(/\.\d+Z/, "Z")));
  }
  [...lines].slice(0, HUES.length).forEach(([name, points], series) => {
    points.sort((a, b) => a[0] - b[0]);
    chart.append(
      svg("polyline", { points: points.map(([at, value]) => `${x(at)},${y(value)}`).join(" "), fill: "none", stroke: hue(series), "stroke-width": 2 }),
      ...points.map(([at, value]) => svg("circle", { cx: x(at), cy: y(value), r: 3, fill: hue(series) }, svg("title", {}, `${name} ${value}`))),
    );
  });
  return framed(chart, [...lines.keys()].slice(0, HUES.length), Math.max(0, lines.size - HUES.length));
}
