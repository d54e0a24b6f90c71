import TestSequencer from '@jest/test-sequencer';

/**
 * The longest, which would else begin when the others end. A process slows down that has run others, those of the
 * interleavings above all: ten thousand session files first, the interleavings last.
 */
const FIRST = [/contract\/directory\.spec/, /contract\/(?:redis|keyv|express-store)\.spec/, /contract\/interleavings/];

/** Jest's order, by what is known of earlier runs or else by size, after a few that come first. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const placeOf = ({ path }) => {
      const place = FIRST.findIndex((pattern) => pattern.test(path));
      return place === -1 ? FIRST.length : place;
    };
    return super.sort(tests).sort((left, right) => placeOf(left) - placeOf(right));
  }
}
