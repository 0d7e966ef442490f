// Puts a live chart in the place of each chart's image; where that fails, the image stays.
// Vega measures words before it draws them, so their fonts have to be there.
Promise.allSettled(["1em", "700 1em"].map((style) => document.fonts.load(`${style} "Source Sans Pro"`))).then(() =>
  document.querySelectorAll("figure.chart").forEach(draw),
);

function draw(figure) {
  const specification = JSON.parse(figure.querySelector("script").textContent);
  delete specification.$schema; // an address, never fetched
  delete specification.usermeta;
  const place = document.createElement("div");
  vegaEmbed(place, specification, { renderer: "svg", actions: false, mode: "vega-lite", logLevel: 1 })
    .then(() => {
      figure.querySelector("img").replaceWith(place);
      enlarge(place.querySelector("svg.marks"));
      hideEmptyMarks(place);
      new MutationObserver(() => hideEmptyMarks(place)).observe(place, { childList: true, subtree: true });
    })
    .catch((error) => console.error(error));
}

// Charts are drawn for letters of 12 pixels; the style enlarges them with the letters of the page.
function enlarge(svg) {
  svg.style.setProperty("--drawn", `${svg.width.baseVal.value}px`);
}

// A group without marks has no name, yet Vega gives it a role that must have one.
function hideEmptyMarks(place) {
  for (const group of place.querySelectorAll("g[aria-roledescription$='mark container']")) {
    group.ariaHidden = group.childElementCount ? null : "true";
  }
}
