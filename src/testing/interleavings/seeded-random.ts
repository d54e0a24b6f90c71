/** Numbers from 0 to below 1 that look random; the same for the same seed (a linear congruential generator). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  // The high bits are the random ones.
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Seeds that are near each other begin with numbers that are near each other.
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  return next;
}
