// The desk's pages: one box ticks all rows of its table, and a step that cannot be taken back is asked for twice.
"use strict";

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-all]")) return;
  const table = event.target.closest("table");
  for (const box of table.querySelectorAll("tbody input[type=checkbox]")) box.checked = event.target.checked;
});
