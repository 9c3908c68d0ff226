"use strict";
// Sorts and searches tables, opens what a link points at, and opens everything for printing.
document.querySelectorAll("table.sortable").forEach((table) => {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) button.append(head.firstChild);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].textContent;
      const number = (text) => Number(text.replaceAll(",", "").replace("−", "-"));
      const rows = Array.from(body.rows);
      rows.sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const [m, n] = [number(x), number(y)];
        const order = Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
        return up ? order : -order;
      });
      body.append(...rows);
    });
  });
});
document.querySelectorAll("table.searchable").forEach((table) => {
  const label = document.createElement("label");
  label.className = "search";
  label.textContent = "Search ";
  const input = document.createElement("input");
  input.type = "search";
  const said = document.createElement("output");
  label.append(input, " ", said);
  table.before(label);
  const rows = Array.from(table.tBodies[0].rows);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    rows.forEach((row) => {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    });
    said.textContent = wanted === "" ? "" : `${shown} of ${rows.length}`;
  });
});
const reveal = () => {
  const target = location.hash === "" ? null : document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target; part !== null; part = part.parentElement) {
    if (part.matches("details")) part.open = true;
  }
  if (target !== null) target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();
let opened = [];
addEventListener("beforeprint", () => {
  opened = Array.from(document.querySelectorAll("details:not([open])"));
  opened.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => { opened.forEach((part) => { part.open = false; }); });
