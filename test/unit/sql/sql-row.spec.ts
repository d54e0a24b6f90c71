import * as fc from 'fast-check';
import { decodeSqlText, encodeSqlText } from '../../../src/sql/sql-row.js';

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

describe('text for databases', () => {
  it('is decoded to the same text', () => {
    fc.assert(fc.property(anyText, (text) => expect(decodeSqlText(encodeSqlText(text))).toBe(text)));
    expect(decodeSqlText(encodeSqlText('\\u0000 \0 \ud800 \\'))).toBe('\\u0000 \0 \ud800 \\');
  });

  it('contains no NUL and no lone surrogate', () => {
    fc.assert(fc.property(anyText, (text) => expect(encodeSqlText(text)).not.toMatch(/\0|\p{Surrogate}/u)));
  });

  it('leaves ordinary text unchanged', () => {
    expect(encodeSqlText('visits:Zoë 100% 😀')).toBe('visits:Zoë 100% 😀');
  });
});
