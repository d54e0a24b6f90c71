/** `npm run test:all`, which CI runs, sets it: every order and every variant. `npm test` runs a part of the longest. */
export const fullTests = process.env['FULL_TESTS'] === '1';

/** Of each contract case that runs two calls at the same time; the contract's default is 40. */
export const rounds = fullTests ? 40 : 8;
