import TestSequencer from '@jest/test-sequencer';

/** The longest specs, each in a new process, because a process that has run other specs is slower. */
const FIRST = [
  /contract\/(?:directory|interleavings-redis)\.spec|directory-stops/,
  /contract\/(?:interleavings|session-faults)/,
];

/** The longest specs, then Jest's order. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const placeOf = ({ path }) => {
      const place = FIRST.findIndex((pattern) => pattern.test(path));
      return place === -1 ? FIRST.length : place;
    };
    return super.sort(tests).sort((left, right) => placeOf(left) - placeOf(right));
  }
}
