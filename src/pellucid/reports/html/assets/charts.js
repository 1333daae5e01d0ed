/* Charts: drawn when they come near, in the colors of the page; their pictures stay where nothing can be drawn. */
(() => {
  const read = (element) => JSON.parse(element.textContent);
  const themes = read(document.getElementById("_themes"));
  const isDark = () => document.querySelector("button.theme").getAttribute("aria-pressed") === "true";

  let library = null;
  const loaded = () => (library ??= unpack());
  async function unpack() {
    const packed = Uint8Array.from(atob(document.getElementById("_library").textContent), (c) => c.charCodeAt(0));
    const script = document.createElement("script");
    script.textContent = await new Response(
      new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")),
    ).text();
    document.head.append(script);
    if (!window.vegaEmbed) throw new Error("the chart library was not allowed to run");
  }

  // Vega reads CSV by making functions, which the page's policy forbids; blank cells are missing numbers.
  const unpacked = (value) => {
    if (Array.isArray(value)) return value.map(unpacked);
    if (value === null || typeof value !== "object") return value;
    if (value.format?.type === "csv" && typeof value.values === "string") return { values: rows(value) };
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unpacked(inner)]));
  };
  function rows({ values, format }) {
    const [names, ...lines] = values.split("\n").map((line) => line.split(","));
    const cell = (name, text) => (text === "" ? null : format.parse?.[name] === "number" ? Number(text) : text);
    return lines.map((cells) => Object.fromEntries(names.map((name, i) => [name, cell(name, cells[i])])));
  }

  // On a narrow screen the names of rows leave room for the chart.
  const NARROW = 520;
  function fitted(config, width) {
    if (width >= NARROW) return config;
    return { ...config, axisY: { ...config.axisY, labelLimit: Math.round(0.42 * width) } };
  }

  const drawn = new Map();
  async function draw(figure) {
    const live = figure.querySelector(".live");
    const picture = figure.querySelector(".picture");
    const label = live.getAttribute("aria-label");
    const theme = isDark() ? "dark" : "light";
    if (drawn.has(figure) && live.dataset.theme === theme) return;
    live.dataset.theme = theme;
    try {
      await loaded();
      drawn.get(figure)?.finalize();
      live.hidden = false;
      const specification = { ...unpacked(read(figure.querySelector(".specification"))), config: fitted(themes[theme], live.clientWidth) };
      const result = await vegaEmbed(live, specification, {
        actions: false, ast: true, defaultStyle: false, renderer: "svg", tooltip: { disableDefaultStyle: true },
      });
      drawn.set(figure, result);
      // Vega-Embed calls every chart "Vega visualization" and each of its marks a symbol; ours says what it shows.
      live.setAttribute("role", "img");
      live.removeAttribute("aria-roledescription");
      live.setAttribute("aria-label", label);
      live.querySelector("svg").setAttribute("aria-hidden", "true");
      if (picture) picture.hidden = true;
    } catch (error) {
      console.warn("A chart stays a picture:", error);
      live.hidden = true;
      const numbers = figure.querySelector(".numbers");
      if (!picture && numbers) numbers.open = true;
    }
    figure.dataset.state = "settled";
  }

  // One after the other, so that a long report answers while it is drawn; what a reader sees comes first.
  const wanted = [];
  const later = [];
  let busy = false;
  async function work() {
    if (busy) return;
    busy = true;
    while (wanted.length || later.length) {
      await draw(wanted.shift() ?? later.shift());
      await new Promise((resolve) => { setTimeout(resolve); });
    }
    busy = false;
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      wanted.push(target);
    }
    work();
  }, { rootMargin: "600px" });
  const figures = [...document.querySelectorAll("figure.chart")].filter((figure) => figure.querySelector(".specification"));
  for (const figure of figures) {
    // On a narrow screen a chart is higher than its picture; what stands below must not move when it is drawn.
    const height = figure.querySelector(".picture")?.getAttribute("height");
    if (height) figure.querySelector(".drawing").style.minHeight = `${height}px`;
    near.observe(figure);
  }

  // Print needs those without a picture.
  const idle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));
  idle(() => {
    later.push(...figures.filter((figure) => !figure.querySelector(".picture")));
    work();
  });

  document.addEventListener("themechange", () => {
    wanted.push(...figures.filter((figure) => figure.querySelector(".live").dataset.theme));
    work();
  });
})();
