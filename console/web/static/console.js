// What the pages do beside htmx: keys, the menu of narrow screens, rows. No page needs it to be read.
"use strict";

(() => {
  const help = document.getElementById("help");
  const keysOn = () => localStorage.getItem("rf-keys") !== "off"; // WCAG 2.1.4: single keys can be switched off
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
  let leading = false;

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    const target = next.matches("a, button") ? next : next.querySelector("a, button") || next.querySelector("input") || next;
    target.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const writing = (element) =>
    element.matches("input, textarea, select, [contenteditable]") && !element.matches("[type=checkbox], [type=radio], [type=submit]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && writing(event.target)) { event.target.blur(); return; }
    if (writing(event.target) || help.open || !keysOn()) return;
    if (leading) {
      leading = false;
      const page = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (page) { event.preventDefault(); location.assign(page.href); }
      return;
    }
    const done = {
      "/": () => { const field = document.querySelector("main [data-search]") || document.querySelector("[data-search]"); field?.focus(); field?.select(); },
      "?": () => help.showModal(),
      j: () => step(1),
      k: () => step(-1),
      g: () => { leading = true; setTimeout(() => { leading = false; }, 1500); },
    }[event.key];
    if (done) { event.preventDefault(); done(); }
    // Enter in a box would send the form, a step with all that is ticked: it opens the row, or ticks it.
    if (event.key === "Enter" && event.target.matches("[type=checkbox]")) {
      event.preventDefault();
      const link = event.target.closest("[data-row]")?.querySelector("a");
      if (link) link.click(); else event.target.click();
    }
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-help], [data-menu], [data-copy]");
    if (!target) return;
    if (target.matches("[data-help]")) help.showModal();
    if (target.matches("[data-menu]")) {
      const open = target.getAttribute("aria-expanded") === "true";
      target.setAttribute("aria-expanded", String(!open));
    }
    if (target.matches("[data-copy]")) navigator.clipboard?.writeText(target.dataset.copy);
  });

  document.addEventListener("submit", (event) => { // what takes a while is not asked for twice
    if (!event.target.matches("[data-slow]")) return;
    event.target.setAttribute("data-busy", "");
    setTimeout(() => event.target.removeAttribute("data-busy"), 120000);
  });

  const tick = document.querySelector("[data-keys]");
  if (tick) {
    tick.checked = keysOn();
    tick.addEventListener("change", () => localStorage.setItem("rf-keys", tick.checked ? "on" : "off"));
  }

  // Without a choice the page is as the system has it: the switch offers the other one.
  const themes = document.querySelector("[data-theme-switch]");
  if (themes && !document.documentElement.dataset.theme) {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    themes.value = dark ? "light" : "dark";
    if (dark && themes.dataset.light) themes.textContent = themes.dataset.light;
  }
})();
