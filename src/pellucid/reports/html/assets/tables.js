/* Tables: a stop for the keyboard only where there is something to scroll, and their numbers as a file. */
(() => {
  const fit = (region) => {
    const scrolls = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((entries) => { for (const { target } of entries) fit(target); });
  for (const region of document.querySelectorAll(".scroll, .code")) watch.observe(region);

  const plain = (cell) => {
    const whole = cell.querySelector("button.whole");
    if (whole) return document.getElementById(whole.getAttribute("popovertarget")).querySelector(".note-text").textContent;
    const copy = cell.cloneNode(true);
    for (const extra of copy.querySelectorAll("button, .sign")) extra.remove();
    return copy.textContent.trim().replaceAll("\u00a0", " ").replace(/^−(?=\d)/, "-");
  };
  // A spreadsheet would run a text that begins like a formula; a negative number is none.
  const harmless = (text) => (/^[=+@\t\r-]/.test(text) && !/^[+-]?[\d.,]+(e[+-]?\d+)?\s?%?$/i.test(text) ? `'${text}` : text);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = (table) =>
    [...table.rows].map((row) => [...row.cells].map((cell) => quoted(harmless(plain(cell)))).join(",")).join("\r\n") + "\r\n";

  for (const button of document.querySelectorAll("button.download")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const table = button.closest(".table").querySelector("table");
      // the mark at the beginning makes Excel read UTF-8
      const address = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
      const link = Object.assign(document.createElement("a"), { href: address, download: button.dataset.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    });
  }
})();
