"use strict";
// Keys, hints of charts, and forms that submit themselves. Every page works without it.
(() => {
  const help = document.getElementById("help");
  const find = document.getElementById("find");
  let awaitsLetter = 0;

  function isTyping(target) {
    return target.closest("input, textarea, select, [contenteditable]") !== null;
  }

  function openHelp() {
    if (help && !help.open) help.showModal();
  }

  // Rows are links, so that a reader of the screen and a mouse find the same thing.
  function moveRow(step) {
    const rows = Array.from(document.querySelectorAll("main a.row"));
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
    const row = rows[Math.max(0, Math.min(rows.length - 1, next))];
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function goTo(letter) {
    const link = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
    if (link) link.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === find) find.blur();
    if (isTyping(event.target) || (help && help.open)) return;
    if (awaitsLetter && Date.now() - awaitsLetter < 3000) {
      awaitsLetter = 0;
      event.preventDefault();
      goTo(event.key);
      return;
    }
    awaitsLetter = 0;
    const actions = {
      j: () => moveRow(1),
      k: () => moveRow(-1),
      "/": () => find && find.focus(),
      "?": openHelp,
      g: () => { awaitsLetter = Date.now(); },
    };
    if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  for (const button of document.querySelectorAll("[data-help]")) {
    button.addEventListener("click", openHelp);
  }

  for (const select of document.querySelectorAll("[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
    const button = select.form.querySelector("button");
    if (button) button.classList.add("unseen");
  }

  // On a narrow screen the menu begins closed.
  const menu = document.querySelector("details.menu");
  if (menu && window.matchMedia("(max-width: 56rem)").matches) menu.open = false;

  // What a mark of a chart stands for is written on it; the hint shows it beside the pointer.
  const hint = document.createElement("div");
  hint.className = "hint";
  hint.hidden = true;
  document.body.append(hint);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest(".chart svg [aria-label]:not([role='graphics-symbol']):not([role='graphics-document'])")
      || event.target.closest(".chart svg path[aria-label], .chart svg [role='graphics-symbol'][aria-roledescription$='mark']");
    const text = mark && mark.tagName !== "svg" ? mark.getAttribute("aria-label") : "";
    hint.hidden = !text;
    if (text) {
      hint.textContent = text.replaceAll("; ", "\n");
      const left = Math.min(event.pageX + 12, window.scrollX + window.innerWidth - hint.offsetWidth - 8);
      hint.style.left = `${left}px`;
      hint.style.top = `${event.pageY + 14}px`;
    }
  });

  // On paper nothing can be opened any more.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("main details:not([open]):not(.long)"));
    opened.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((part) => { part.open = false; });
  });
})();
