/** Linear congruential generator, from 0 to below 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  // The low bits have short periods.
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Similar seeds start with similar numbers.
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  return next;
}
