import * as fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

// fast-check's own `unit: 'binary'` makes a table of all code points in each spec, which takes 0.6 s.
const anyCodePoint = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
  (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
  (text) => {
    const point = typeof text === 'string' ? (text.codePointAt(0) ?? -1) : -1;
    if (point < 0 || String.fromCodePoint(point) !== text) return -1;
    return point < SURROGATES.first ? point : point - SURROGATES.count;
  },
);

/** Strings of any code points except surrogates. */
export const anyText = (constraints: { readonly maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.string({ ...constraints, unit: anyCodePoint });
