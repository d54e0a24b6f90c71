import TestSequencer from '@jest/test-sequencer';

/** The longest specs, each in a new process, because a process that has run other specs is slower. */
const FIRST = [
  /contract\/(?:directory|interleavings-redis)\.spec|directory-stops/,
  /contract\/(?:interleavings|session-faults)/,
];

/** `it.concurrent` leaves an AsyncLocalStorage of Jest enabled, which slows down the specs after it before Node 24. */
const LAST = /contract\/(?:redis|keyv|express-store)\.spec/;

/** The longest specs, then Jest's order. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const placeOf = ({ path }) => {
      if (LAST.test(path)) return FIRST.length + 1;
      const place = FIRST.findIndex((pattern) => pattern.test(path));
      return place === -1 ? FIRST.length : place;
    };
    return super.sort(tests).sort((left, right) => placeOf(left) - placeOf(right));
  }
}
