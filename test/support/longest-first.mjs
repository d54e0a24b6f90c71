import TestSequencer from '@jest/test-sequencer';

/**
 * The longest specs, which would otherwise start last. A process that has run other specs is slower, so that those which
 * work most with files and sockets come first, each in a new process.
 */
const FIRST = [
  /contract\/(?:directory|interleavings-redis)\.spec|directory-stops/,
  /contract\/(?:redis|keyv|express-store)\.spec/,
  /contract\/interleavings/,
];

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
