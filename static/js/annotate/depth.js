// How many cards a page holds: many more than it shows, so that it goes on without a network. More are asked for now and then, not
// with each answer.

const LEAST = 10; // cards that are there whenever the network goes
const PATIENCE = 5; // answers after a time when there were no more

export const createDepth = () => {
  let askAt = Infinity; // once no more than these are held

  const looked = ({ depth, held, brought }) => {
    askAt = brought ? Math.max(LEAST, Math.floor(depth / 2)) : Math.max(0, held - PATIENCE);
  };
  const isLow = (held) => held <= askAt;

  return { looked, isLow };
};
