"use strict";

/** Follows a running job by its events, and shows the page anew when it has ended. */
function follow(live) {
  const events = new EventSource(live.dataset.events);
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  const seconds = (left) => left < 90 ? `${Math.ceil(left)} s left` : `${Math.ceil(left / 60)} min left`;
  events.addEventListener("progress", (event) => {
    const data = JSON.parse(event.data);
    if (data.stage) { show("stage", data.stage); }
    if (typeof data.fraction === "number") {
      document.getElementById("bar").value = data.fraction;
      show("percent", `${Math.round(data.fraction * 100)} %`);
    }
    const left = data.etaSeconds;
    show("left", typeof left === "number" ? seconds(left) : "");
  });
  events.addEventListener("state", (event) => {
    const data = JSON.parse(event.data);
    if (data.state) {
      const badge = document.getElementById("state");
      badge.textContent = data.state.replace("_", " ");
      badge.className = `badge ${data.state}`;
    }
  });
  events.addEventListener("end", () => {
    events.close();
    window.location.reload();
  });
}

/** Draws the SQNR of each layer as bars. */
async function drawLayers(place) {
  const report = await (await fetch(place.dataset.report)).json();
  const layers = report.layers.filter((layer) => typeof layer.sqnrDb === "number");
  if (layers.length === 0) {
    place.textContent = "Not measured.";
    place.classList.remove("chart");
    return;
  }
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const short = (name) => name.length > 18 ? `…${name.slice(-17)}` : name;
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line") }, ticks: { stroke: color("--line") } };
  const width = () => Math.max(place.clientWidth, layers.length * 22);
  const chart = new uPlot({
    width: width(),
    height: 320,
    scales: { x: { time: false, range: [-0.6, layers.length - 0.4] }, y: { range: (_, low, high) => [Math.min(0, low), high * 1.05] } },
    axes: [
      { ...axis, rotate: layers.length > 6 ? -50 : 0, size: layers.length > 6 ? 120 : 50,
        splits: () => layers.map((_, i) => i), values: (_, ticks) => ticks.map((i) => short(layers[i]?.node ?? "")), grid: { show: false } },
      { ...axis, label: "SQNR in dB", size: 60 },
    ],
    series: [
      { label: "Layer", value: (_, i) => i === null || i === undefined ? "–" : layers[i].node },
      { label: "SQNR", fill: color("--accent"), stroke: color("--accent"), points: { show: false },
        paths: uPlot.paths.bars({ size: [0.7, 60] }), value: (_, y) => y === null || y === undefined ? "–" : `${y.toFixed(1)} dB` },
    ],
  }, [layers.map((_, i) => i), layers.map((layer) => layer.sqnrDb)], place);
  window.addEventListener("resize", () => chart.setSize({ width: width(), height: 320 }));
}

document.addEventListener("DOMContentLoaded", () => {
  const live = document.getElementById("live");
  if (live) { follow(live); }
  const layers = document.getElementById("sqnr");
  if (layers) { drawLayers(layers); }
});
