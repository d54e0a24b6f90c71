/** `npm run test:all`, which CI runs, sets it: every order and every variant. `npm test` runs a part of the longest. */
export const fullTests = process.env['FULL_TESTS'] === '1';
