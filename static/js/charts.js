// Charts: the numbers of a figure, drawn by uPlot in the page's colours, and again when these or the width change. The table in the
// figure has the same numbers, and is all there is without a script.
const HEIGHT = 220;
const language = document.documentElement.lang;
const dark = matchMedia("(prefers-color-scheme: dark)");

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const words = (value, isShare) => {
  if (value === null || value === undefined) return "–";
  return isShare ? `${Math.round(100 * value)} %` : new Intl.NumberFormat(language).format(value);
};

// Each series is a column; one with an interval has two more, and a band between them.
const columnsOf = ({ at, series, isShare }) => {
  const data = [at];
  const shown = [{}];
  const bands = [];
  for (const its of series) {
    const colour = token(its.colour);
    const value = (_, number) => words(number, isShare);
    const bars = its.is_bars ? { paths: uPlot.paths.bars({ size: [0.7, 48] }), fill: colour, points: { show: false } } : {};
    data.push(its.values);
    shown.push({ label: its.label, stroke: colour, width: its.is_bars ? 0 : 2, spanGaps: false, value, ...bars });
    if (!its.lower.length) continue;
    const hidden = { stroke: "transparent", width: 0, points: { show: false }, class: "of-interval" };
    data.push(its.upper, its.lower);
    shown.push({ ...hidden }, { ...hidden });
    bands.push({ series: [data.length - 2, data.length - 1], fill: `color-mix(in srgb, ${colour} 18%, transparent)` });
  }
  // One moment alone has no width: uPlot would give it three years.
  if (at.length === 1) for (const [place, column] of data.entries()) data[place] = [place ? null : at[0] - 6 * 86400, ...column];
  return { data, shown, bands };
};

// Half a step before the first and after the last, for their bars; and never less than some steps, for one alone.
const roomFor = (at, first, last) => {
  const step = at.length > 1 ? at[1] - at[0] : 86400;
  return [Math.min(first, last - 6 * step) - step / 2, last + step / 2];
};

// Moments at which much changed at once, as upright lines. What happened stands below the figure.
const drawMarks = (marks) => (plot) => {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = token("bad");
  ctx.setLineDash([4, 4]);
  for (const mark of marks) {
    const x = plot.valToPos(mark.at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
};

const draw = (place, numbers) => {
  const { data, shown, bands } = columnsOf(numbers);
  const axis = {
    stroke: token("ink-soft"),
    grid: { stroke: token("line"), width: 1 },
    ticks: { stroke: token("line"), width: 1 },
  };
  const values = (_, ticks) => ticks.map((tick) => words(tick, numbers.isShare));
  const whole = numbers.isShare ? {} : { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] };
  place.replaceChildren();
  const options = {
    width: Math.max(place.clientWidth, 240),
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { range: (_, first, last) => roomFor(data[0], first, last) },
      y: { range: numbers.isShare ? [0, 1] : (_, __, most) => [0, Math.max(most * 1.05, 1)] },
    },
    series: shown,
    bands,
    axes: [{ ...axis }, { ...axis, ...whole, values, size: 64 }],
    hooks: { draw: [drawMarks(numbers.marks)] },
    cursor: { drag: { x: false, y: false } },
  };
  return new uPlot(options, data, place);
};

for (const figure of document.querySelectorAll("[data-chart]")) {
  const place = figure.querySelector("[data-plot]");
  const numbers = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  let plot = draw(place, numbers);
  dark.addEventListener("change", () => {
    plot.destroy();
    plot = draw(place, numbers);
  });
  new ResizeObserver(() => {
    if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
}
