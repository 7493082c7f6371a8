// What pages can do beyond showing: read a chart point by point, filter the areas, copy code. Everything works without it.
"use strict";

function showTooltip(box, tip, point) {
  const target = point.querySelector(".chart-target").getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  tip.textContent = point.dataset.text;
  tip.hidden = false;
  const half = tip.offsetWidth / 2;
  const middle = target.left + target.width / 2 - frame.left;
  tip.style.left = `${Math.min(Math.max(middle, half + 4), frame.width - half - 4)}px`;
  tip.style.top = `${target.top + target.height / 2 - frame.top}px`;
}

function neighbour(point, key) {
  const series = point.parentNode;
  const points = [...series.querySelectorAll(".chart-point")];
  const place = points.indexOf(point);
  if (key === "Home") return points[0];
  if (key === "End") return points[points.length - 1];
  if (key === "ArrowLeft" || key === "ArrowRight") return points[place + (key === "ArrowRight" ? 1 : -1)];
  const all = [...series.parentNode.querySelectorAll(".chart-series")];
  const next = all[all.indexOf(series) + (key === "ArrowDown" ? 1 : -1)];
  return next && [...next.querySelectorAll(".chart-point")][Math.min(place, next.querySelectorAll(".chart-point").length - 1)];
}

function enliven(box) {
  const tip = document.createElement("div");
  tip.className = "tooltip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  box.append(tip);
  const at = (event) => event.target.closest(".chart-point");
  for (const name of ["pointerover", "focusin"]) {
    box.addEventListener(name, (event) => { if (at(event)) showTooltip(box, tip, at(event)); });
  }
  for (const name of ["pointerout", "focusout"]) box.addEventListener(name, () => { tip.hidden = true; });
  box.addEventListener("keydown", (event) => {
    const point = at(event);
    if (!point) return;
    if (event.key === "Escape") { tip.hidden = true; return; }
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const next = neighbour(point, event.key);
    if (!next) return;
    point.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

function filterAreas(details) {
  const row = details.querySelector(".compare-filter");
  const field = row.querySelector("input");
  row.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.normalize("NFKC").toLowerCase().trim();
    for (const option of details.querySelectorAll(".option")) {
      option.hidden = !option.textContent.normalize("NFKC").toLowerCase().includes(words);
    }
    for (const group of details.querySelectorAll("fieldset")) {
      group.hidden = !group.querySelector(".option:not([hidden])");
    }
  });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

function offerCopy(section, texts) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = texts.copy;
  button.setAttribute("aria-label", `${texts.copy}: ${section.querySelector("h3").textContent}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(section.querySelector("code").textContent);
    button.textContent = texts.copied;
    window.setTimeout(() => { button.textContent = texts.copy; }, 2000);
  });
  section.append(button);
}

document.querySelectorAll("[data-chart]").forEach(enliven);
document.querySelectorAll(".compare-areas").forEach(filterAreas);
document.querySelectorAll(".snippets").forEach((list) => {
  if (!navigator.clipboard) return;
  list.querySelectorAll(".snippet").forEach((section) => offerCopy(section, list.dataset));
});
