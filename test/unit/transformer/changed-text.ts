import * as fc from 'fast-check';

/** `text` with up to 20 characters replaced, not before `first`. */
export function changedText(text: string, first = 0): fc.Arbitrary<string> {
  return fc
    .tuple(fc.integer({ min: first, max: text.length }), fc.nat(20), fc.string({ unit: 'binary' }))
    .map(([at, count, put]) => text.slice(0, at) + put + text.slice(at + count));
}
