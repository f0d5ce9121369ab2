// The time of a judgment, in milliseconds: counted while both images are loaded and the tab is visible.
export const createTimer = ({ clock, isHidden }) => {
  let before = 0;
  let since = null;

  const start = () => {
    before = 0;
    since = isHidden() ? null : clock();
  };
  const elapsed = () => Math.round(before + (since === null ? 0 : clock() - since));
  const pause = () => {
    before = elapsed();
    since = null;
  };
  const goOn = () => {
    since ??= clock();
  };

  return { start, elapsed, pause, goOn };
};
