import TestSequencer from '@jest/test-sequencer';

/** The longest, which would else begin when the others end; and those that a process slows down which has run others. */
const FIRST = /interleavings|contract\/(?:redis|keyv|directory|express-store)\.spec/;

/** Jest's order, by what is known of earlier runs or else by size, after a few that come first. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(({ path }) => FIRST.test(path)), ...sorted.filter(({ path }) => !FIRST.test(path))];
  }
}
