"use strict";
/* The frame of the page: theme, contents, notes beside what they explain, addresses of sections, printing. */
(() => {
  const root = document.documentElement;

  // A report inside a notebook or a mail may not keep anything; it then forgets the theme when it is closed.
  const kept = {
    get theme() { try { return localStorage.getItem("pellucid-theme"); } catch { return null; } },
    set theme(value) { try { localStorage.setItem("pellucid-theme", value); } catch { /* forgotten */ } },
  };

  const theme = document.querySelector("button.theme");
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const showTheme = () => {
    theme.setAttribute("aria-pressed", String(isDark()));
    document.dispatchEvent(new CustomEvent("themechange", { detail: { dark: isDark() } }));
  };
  if (["light", "dark"].includes(kept.theme)) root.dataset.theme = kept.theme;
  theme.hidden = false;
  showTheme();
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    kept.theme = root.dataset.theme;
    showTheme();
  });
  systemDark.addEventListener("change", showTheme);

  // In a frame without an address of its own, "#section" would load the page around it.
  const contents = document.getElementById("_contents");
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = document.getElementById(link.getAttribute("href").slice(1));
    if (!target) return;
    event.preventDefault();
    if (contents.matches(":popover-open")) contents.hidePopover();
    for (let outer = target.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    target.scrollIntoView();
    if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
    try { history.pushState(null, "", link.getAttribute("href")); } catch { /* a frame without an address */ }
    if (link.classList.contains("anchor")) copyAddress();
  });

  function copyAddress() {
    if (!navigator.clipboard || !location.href.includes("#")) return;
    navigator.clipboard.writeText(location.href).then(
      () => { document.querySelector(".status").textContent = "The address of this section was copied."; },
      () => {},
    );
  }

  const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.getAttribute("href").slice(1), link]));
  const inView = new Set();
  const follow = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) inView[isIntersecting ? "add" : "delete"](target.id);
    const current = [...links.keys()].filter((id) => inView.has(id)).at(-1);
    for (const [id, link] of links) {
      if (id === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-15% 0px -75%" });
  for (const id of links.keys()) follow.observe(document.getElementById(id));

  // A note opens below what it explains; without this it would be in the middle of the window.
  let opener = null;
  document.addEventListener("click", (event) => { opener = event.target.closest("[popovertarget]") ?? opener; }, true);
  for (const note of document.querySelectorAll(".note")) {
    note.addEventListener("toggle", (event) => {
      if (event.newState !== "open" || !opener) return;
      const from = opener.getBoundingClientRect();
      const below = from.bottom + 8 + note.offsetHeight < innerHeight;
      note.style.margin = "0";
      note.style.inset = "auto";
      note.style.left = `${Math.max(16, Math.min(from.left, root.clientWidth - note.offsetWidth - 16))}px`;
      note.style.top = `${below ? from.bottom + 8 : Math.max(8, from.top - note.offsetHeight - 8)}px`;
    });
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
