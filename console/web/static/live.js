// The page Live: server-sent events into a table, a curve by uPlot and the node's figures. What arrives is encoded already.
"use strict";

(() => {
  const place = document.getElementById("live");
  if (!place) return;
  const { bin, verdicts, past, names, zone } = JSON.parse(place.dataset.curve);
  const BINS = 900 / bin, ROWS = 15;
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const counts = new Map(past.map(([at, of]) => [at, of]));
  const beat = document.getElementById("beat"), rows = document.getElementById("calls"), node = document.getElementById("node");
  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(`--${name}`).trim();

  const table = () => {
    const last = Math.floor(Date.now() / 1000 / bin) * bin;
    const times = Array.from({ length: BINS }, (_, n) => last - (BINS - 1 - n) * bin);
    for (const at of counts.keys()) if (at < times[0]) counts.delete(at);
    const stacked = verdicts.map(() => []);
    for (const at of times) {
      let sum = 0; // the quiet verdict lies lowest, the others upon it
      verdicts.forEach((name, n) => { sum += counts.get(at)?.[name] || 0; stacked[n].push(sum); });
    }
    return [times, ...stacked.reverse()];
  };

  const box = document.getElementById("curve");
  const shape = () => ({ width: box.clientWidth, height: innerWidth < 700 ? 130 : 170 });
  const order = [...verdicts].reverse();
  const paths = uPlot.paths.bars({ size: [0.86, 40], align: 1 });
  const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const plot = new uPlot({
    ...shape(),
    legend: { show: false }, cursor: { show: false }, select: { show: false },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max * 1.1, 4)] } },
    axes: [
      { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((at) => clock.format(at * 1000)) },
      { ...axis, size: 44, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? n.toLocaleString("en") : "")) },
    ],
    series: [{}, ...order.map((name) => ({ label: names[name], fill: colour(name), stroke: "transparent", width: 0, paths, points: { show: false } }))],
  }, table(), box);
  addEventListener("resize", () => plot.setSize(shape()));

  const draw = () => {
    plot.setData(table());
    for (const name of verdicts) {
      let sum = 0;
      for (const of of counts.values()) sum += of[name] || 0;
      const field = document.getElementById(`sum-${name}`);
      if (field) field.textContent = sum.toLocaleString("en");
    }
  };
  draw();

  const events = new EventSource(place.dataset.events);
  events.addEventListener("open", () => { beat.textContent = place.dataset.on; beat.className = "beat on"; });
  events.addEventListener("error", () => { beat.textContent = place.dataset.off; beat.className = "beat off"; });
  events.addEventListener("over", () => { events.close(); beat.textContent = place.dataset.over; beat.className = "beat off"; });
  events.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    const at = Math.floor(told.at / bin) * bin;
    const here = counts.get(at) || {};
    for (const [name, count] of Object.entries(told.verdicts)) here[name] = (here[name] || 0) + count;
    counts.set(at, here);
    draw();
    // Nobody's focus is pulled away: while a row has it, the table waits.
    if (told.rows && !rows.contains(document.activeElement)) {
      rows.insertAdjacentHTML("afterbegin", told.rows);
      while (rows.children.length > ROWS) rows.lastElementChild.remove();
    }
    if (told.node && node.innerHTML !== told.node) node.innerHTML = told.node;
  });
})();
