"use strict";
// Draws every chart from the data in this file. Nothing is fetched and nothing is compiled:
// the content security policy of the page would refuse both.
(() => {
  const specs = JSON.parse(document.getElementById("chart-data").textContent);
  const options = { actions: false, renderer: "svg", ast: true, loader: { load: refuse } };

  function refuse() {
    return Promise.reject(new Error("a report never loads anything"));
  }

  function draw(place) {
    const spec = specs[place.dataset.chart];
    return vegaEmbed(place, spec, options).then(() => {
      place.removeAttribute("aria-busy");
      place.dataset.drawn = "yes";
    });
  }

  const places = Array.from(document.querySelectorAll("[data-chart]"));
  Promise.all(places.map(draw)).then(() => {
    document.documentElement.dataset.chartsDrawn = String(places.length);
  });

  // On paper nothing can be opened any more; what was closed is closed again afterwards. Long
  // lists stay closed: they stand in the files beside the report.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.long)"));
    opened.forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((part) => { part.open = false; });
  });
})();
