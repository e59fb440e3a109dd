"use strict";
// Draws a whole group on a canvas: places were computed by the server. Zoom with the wheel or + and
// -, move by dragging or with the arrow keys, point at an account to see which it is.
(() => {
  for (const place of document.querySelectorAll("[data-graph]")) {
    place.querySelector("[data-draw]").addEventListener("click", () => load(place));
  }

  function load(place) {
    const said = place.querySelector("[role=status]");
    const button = place.querySelector("[data-draw]");
    const started = performance.now();
    button.disabled = true;
    said.textContent = "Placing the accounts…";
    fetch(place.dataset.graph, { credentials: "same-origin" })
      .then((answer) => {
        if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
        return answer.json();
      })
      .then((graph) => {
        button.hidden = true;
        show(place, graph, started, said);
      })
      .catch((error) => {
        button.disabled = false;
        said.textContent = `It cannot be drawn: ${error.message}.`;
      });
  }

  function show(place, graph, started, said) {
    const canvas = place.querySelector("canvas");
    canvas.hidden = false;
    canvas.tabIndex = 0;
    const pen = canvas.getContext("2d");
    const view = { zoom: 1, left: 0, top: 0 };
    const drawn = graph.one.length === graph.links_in_group ? "" : ` of ${graph.links_in_group.toLocaleString("en")}`;
    const whole = `${graph.accounts.length.toLocaleString("en")} accounts, ${graph.one.length.toLocaleString("en")}${drawn} links. Colour: family of the link. Wheel or + and − zoom, arrows move.`;
    let shape = { width: 0, height: 0 };
    let pending = false;

    function colours() {
      const style = getComputedStyle(document.documentElement);
      const named = (name) => style.getPropertyValue(name).trim();
      return {
        ink: named("--ink"), pale: named("--ink-2"), panel: named("--panel"),
        families: Array.from({ length: 10 }, (_, at) => named(`--f${at}`)),
      };
    }

    function across(at) { return 16 + (graph.x[at] * (shape.width - 32) - view.left) * view.zoom; }
    function down(at) { return 16 + (graph.y[at] * (shape.height - 32) - view.top) * view.zoom; }

    function paint() {
      pending = false;
      const ratio = window.devicePixelRatio || 1;
      shape = { width: canvas.clientWidth, height: canvas.clientHeight };
      canvas.width = Math.round(shape.width * ratio);
      canvas.height = Math.round(shape.height * ratio);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      const ink = colours();
      pen.fillStyle = ink.panel;
      pen.fillRect(0, 0, shape.width, shape.height);
      // One path for each colour: thousands of strokes would take seconds.
      pen.lineWidth = 0.6;
      pen.globalAlpha = graph.one.length > 4000 ? 0.22 : 0.4;
      for (let colour = 0; colour < 10; colour += 1) {
        pen.strokeStyle = ink.families[colour];
        pen.beginPath();
        for (let at = 0; at < graph.one.length; at += 1) {
          if (graph.colour[at] !== colour) continue;
          pen.moveTo(across(graph.one[at]), down(graph.one[at]));
          pen.lineTo(across(graph.two[at]), down(graph.two[at]));
        }
        pen.stroke();
      }
      pen.globalAlpha = 1;
      const scale = Math.sqrt(view.zoom) * (graph.accounts.length > 1500 ? 0.7 : 1.1);
      for (const [role, fill] of [[0, ink.ink], [1, ink.pale], [2, ink.panel]]) {
        pen.fillStyle = fill;
        pen.strokeStyle = ink.pale;
        pen.beginPath();
        for (let at = 0; at < graph.accounts.length; at += 1) {
          if (graph.role[at] !== role) continue;
          const x = across(at);
          const y = down(at);
          if (x < -9 || y < -9 || x > shape.width + 9 || y > shape.height + 9) continue;
          pen.moveTo(x + graph.size[at] * scale, y);
          pen.arc(x, y, graph.size[at] * scale, 0, 2 * Math.PI);
        }
        pen.fill();
        if (role === 2) pen.stroke();
      }
    }

    function later() {
      if (!pending) {
        pending = true;
        requestAnimationFrame(paint);
      }
    }

    function nearest(x, y) {
      let best = -1;
      let least = 144;
      for (let at = 0; at < graph.accounts.length; at += 1) {
        const apart = (across(at) - x) ** 2 + (down(at) - y) ** 2;
        if (apart < least) { least = apart; best = at; }
      }
      return best;
    }

    function zoom(by, x, y) {
      const next = Math.max(1, Math.min(40, view.zoom * by));
      view.left += (x - 16) * (1 / view.zoom - 1 / next);
      view.top += (y - 16) * (1 / view.zoom - 1 / next);
      view.zoom = next;
      if (next === 1) { view.left = 0; view.top = 0; }
      later();
    }

    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY);
    }, { passive: false });
    let held = null;
    canvas.addEventListener("pointerdown", (event) => { held = [event.offsetX, event.offsetY, false]; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (held) {
        view.left -= (event.offsetX - held[0]) / view.zoom;
        view.top -= (event.offsetY - held[1]) / view.zoom;
        held = [event.offsetX, event.offsetY, true];
        later();
        return;
      }
      const at = nearest(event.offsetX, event.offsetY);
      said.textContent = at < 0 ? whole : graph.accounts[at];
      canvas.classList.toggle("on-account", at >= 0);
    });
    canvas.addEventListener("pointerup", (event) => {
      const moved = held && held[2];
      held = null;
      const at = moved ? -1 : nearest(event.offsetX, event.offsetY);
      if (at >= 0) window.location.href = place.dataset.accounts + encodeURIComponent(graph.accounts[at]);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = 40 / view.zoom;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (event.key === "+" || event.key === "-") {
        event.preventDefault();
        zoom(event.key === "+" ? 1.3 : 1 / 1.3, shape.width / 2, shape.height / 2);
      } else if (Object.hasOwn(moves, event.key)) {
        event.preventDefault();
        view.left += moves[event.key][0];
        view.top += moves[event.key][1];
        later();
      }
    });
    new ResizeObserver(later).observe(canvas);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
    paint();
    said.textContent = whole;
    place.dataset.drawn = String(Math.round(performance.now() - started));
  }
})();
