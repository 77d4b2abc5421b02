// Makes the trade-off plots of a page answer: which cost, which runs, and what lies under the pointer.
"use strict";

for (const element of document.querySelectorAll(".trade-off")) start(element);

function start(element) {
  const { name, runs } = JSON.parse(element.querySelector("script").textContent);
  const points = runs.flatMap((run, index) => run.points.map((point) => ({ ...point, run: index })));
  const shown = runs.map(() => true);
  const readout = element.querySelector(".readout");
  const views = [...element.querySelectorAll(".view")];
  const hint = "Point at the plot; or focus it and use the arrow keys: left and right along a run, up and down between runs.";

  function visible(cost) {
    return points.filter((point) => shown[point.run] && point.at[cost]);
  }

  function say(point) {
    readout.textContent = "";
    for (const line of point ? describe(runs[point.run], point) : [hint]) {
      const part = document.createElement(readout.childNodes.length || !point ? "span" : "strong");
      part.textContent = line;
      readout.append(part);
    }
  }

  for (const view of views) {
    const cost = view.dataset.cost;
    const svg = view.querySelector("svg");
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    ring.setAttribute("r", "7");
    ring.setAttribute("class", "ring");
    ring.style.display = "none";
    svg.append(ring);
    view.tabIndex = 0;
    view.setAttribute("role", "group");
    const title = svg.querySelector("title");
    svg.setAttribute("aria-label", title.textContent);
    view.setAttribute("aria-label", `${title.textContent}. ${hint}`);
    title.remove(); // else the browser shows it over the plot
    let current = null;

    view.choose = function (point) {
      current = point;
      ring.style.display = point ? "" : "none";
      if (point) {
        ring.setAttribute("cx", point.at[cost][0]);
        ring.setAttribute("cy", point.at[cost][1]);
      }
      say(point);
    };

    view.redraw = function () {
      for (let run = 0; run < runs.length; run++) {
        for (const group of svg.querySelectorAll(`[id^="${name}-${cost}-${run}-"]`)) {
          group.style.display = shown[run] ? "" : "none";
        }
      }
      const path = svg.querySelector(`[id="${name}-${cost}-front"] path`);
      if (path) path.setAttribute("d", staircase(visible(cost).map((point) => point.at[cost])));
      if (current && !shown[current.run]) view.choose(null);
    };

    function under(event) {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      const y = (event.clientY - box.top) * scale;
      const far = ([a, b]) => Math.hypot(a - x, b - y);
      const near = visible(cost).filter((point) => far(point.at[cost]) < 14);
      if (near.length) {
        view.choose(near.reduce((best, point) => (far(point.at[cost]) < far(best.at[cost]) ? point : best)));
      }
    }

    svg.addEventListener("pointermove", under);
    svg.addEventListener("pointerdown", under);
    view.addEventListener("focus", () => {
      if (!current && !view.matches(":active")) step(0, 0);
    });
    view.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      if (event.key === "Escape") view.choose(null);
      if (!(event.key in moves)) return;
      event.preventDefault();
      step(...moves[event.key]);
    });

    function step(along, across) {
      const there = visible(cost);
      const present = [...new Set(there.map((point) => point.run))];
      if (!present.length) return;
      if (!current) return view.choose(along_run(present[0])[0]);
      if (across) {
        const next = present[(present.indexOf(current.run) + across + present.length) % present.length];
        const away = (point) => Math.abs(point.at[cost][0] - current.at[cost][0]);
        return view.choose(along_run(next).reduce((best, point) => (away(point) < away(best) ? point : best)));
      }
      const row = along_run(current.run);
      view.choose(row[Math.min(Math.max(row.indexOf(current) + along, 0), row.length - 1)]);

      function along_run(run) {
        return there.filter((point) => point.run === run).sort((a, b) => a.at[cost][0] - b.at[cost][0]);
      }
    }
  }

  function show(cost) {
    for (const view of views) view.hidden = view.dataset.cost !== cost;
    for (const view of views) view.choose(null);
  }

  const buttons = [...element.querySelectorAll(".legend [data-run]")];
  const all = element.querySelector(".legend .all");
  function toggle(which, state) {
    for (const run of which) shown[run] = state;
    for (const button of buttons) button.setAttribute("aria-pressed", shown[button.dataset.run]);
    for (const view of views) view.redraw();
  }
  for (const button of buttons) {
    const run = Number(button.dataset.run);
    button.addEventListener("click", () => toggle([run], !shown[run]));
  }
  all.addEventListener("click", () => toggle(runs.keys(), !shown.every(Boolean)));
  all.hidden = runs.length < 3;
  for (const button of [...buttons, all]) button.disabled = false;
  for (const input of element.querySelectorAll("input")) input.addEventListener("change", () => show(input.value));
  for (const part of element.querySelectorAll("fieldset, .readout")) part.hidden = false;
  show(element.querySelector("input:checked")?.value ?? "macs");
}

// The front of points in the picture, where up is less: from each point right, then up to the next better one.
function staircase(places) {
  const order = [...places].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let best = Infinity;
  let path = "";
  for (const [x, y] of order) {
    if (y >= best) continue;
    path += path ? `H${x}V${y}` : `M${x} ${y}`;
    best = y;
  }
  return path;
}

function describe(run, point) {
  const time = point.ms === null ? "" : `, ${point.ms.toFixed(3)} ms`;
  const lines = [run.label, `${point.kind}: ${point.accuracy.toFixed(2)} % at ${operations(point.macs)} MACs${time}`];
  if (point.thresholds.length) {
    lines.push(`thresholds ${point.thresholds.join(", ")}`);
  }
  if (point.rates.length) {
    lines.push(`leave at ${point.rates.map((rate, exit) => `${run.exits[exit]} ${rate.toFixed(1)} %`).join(", ")}`);
  }
  return lines;
}

function operations(value) {
  const [size, unit] = [[1e9, " G"], [1e6, " M"], [1e3, " k"]].find(([least]) => value >= least) ?? [1, ""];
  return Number((value / size).toPrecision(3)) + unit;
}
