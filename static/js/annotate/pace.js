// The annotator's own pace, shown quietly, and a hint to rest after a long stretch. Nobody is compared with anybody.

const MINUTE = 60_000;
const WINDOW = 10 * MINUTE; // the pace is that of the last ten minutes
const AT_LEAST = 5; // answers before a pace means something
const PAUSE = 5 * MINUTE; // after this long without an answer a new stretch begins
const LONG_STRETCH = 45 * MINUTE;

// Answers a minute, or null while there are too few.
export const paceOf = (times, now) => {
  const recent = times.filter((time) => now - time <= WINDOW);
  if (recent.length < AT_LEAST) return null;
  return (recent.length - 1) / Math.max((recent.at(-1) - recent[0]) / MINUTE, 1 / 60);
};

// `show` gets the pace or null; `suggestRest` the minutes of the stretch, once for each LONG_STRETCH.
export const createPace = ({ clock, show, suggestRest }) => {
  let times = [];
  let begun = null;
  let hinted = 0;

  const note = () => {
    const now = clock();
    const last = times.at(-1);
    if (last === undefined || now - last > PAUSE) {
      begun = now;
      hinted = 0;
      times = [];
    }
    times = [...times.filter((time) => now - time <= WINDOW), now];
    show(paceOf(times, now));
    const stretches = Math.floor((now - begun) / LONG_STRETCH);
    if (stretches > hinted) {
      hinted = stretches;
      suggestRest(Math.round((now - begun) / MINUTE));
    }
  };

  return { note };
};
