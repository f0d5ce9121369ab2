// Nobody has seen a pair that was shown a moment ago: its answers are taken once it has been seen for the campaign's shortest
// time. Two keys at once or a bouncing key answer one pair, not the next one too. The same holds for each question of a pair.

// `elapsed` returns the milliseconds that the pair has been seen; `onChange` is told whether answers are taken.
export const createGate = ({ minimum, elapsed, onChange, later = setTimeout }) => {
  let since = null; // what `elapsed` said when the question was shown; null while there is none
  let waiting = 0;

  const left = () => (since === null ? Infinity : minimum - (elapsed() - since));
  const isOpen = () => left() <= 0;

  const check = () => {
    clearTimeout(waiting);
    const milliseconds = left();
    onChange(milliseconds <= 0);
    if (milliseconds > 0 && milliseconds < Infinity) waiting = later(check, milliseconds);
  };
  const start = () => {
    since = elapsed();
    check();
  };
  const shut = () => {
    since = null;
    check();
  };

  return { isOpen, start, shut };
};
