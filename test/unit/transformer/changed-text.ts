import * as fc from 'fast-check';
import { anyText } from '../../support/any-text.js';

/** `text` with up to 20 characters replaced, not before `first`. */
export function changedText(text: string, first = 0): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min: first, max: text.length }), fc.nat(20), anyText())
    .map(([at, count, put]) => text.slice(0, at) + put + text.slice(at + count));
}
