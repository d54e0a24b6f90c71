import * as fc from 'fast-check';
import { openEnvelope, sealEnvelope } from '../../../src/tracker/session-envelope.js';
import { anyText } from '../../support/any-text.js';

const times = fc
  .tuple(fc.nat({ max: 2 ** 47 }), fc.nat({ max: 2 ** 40 }))
  .map(([createdAt, since]) => ({ createdAt, renewedAt: createdAt + since }));
const name = fc.option(fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/), { nil: undefined });

describe('an envelope', () => {
  it('holds both times, the name and the text', () => {
    const at = { createdAt: 1_700_000_000_000, renewedAt: 1_700_000_060_000 };
    expect(sealEnvelope(at, '{"a":1}')).toBe('loyw3v28.1aao.{"a":1}');
    expect(sealEnvelope(at, '{"a":1}', 'user')).toBe('loyw3v28.1aao.user:{"a":1}');
  });

  it('opens to what was put in', () => {
    fc.assert(
      fc.property(times, anyText(), name, (at, text, name) => {
        expect(openEnvelope(sealEnvelope(at, text, name), name)).toEqual({ ...at, text });
      }),
    );
  });

  it('never opens under another name', () => {
    fc.assert(
      fc.property(times, fc.json(), name, name, (at, text, own, other) => {
        fc.pre(own !== undefined && other !== undefined && own !== other);
        expect(openEnvelope(sealEnvelope(at, text, own), other)).toBeUndefined();
      }),
    );
    expect(openEnvelope(sealEnvelope({ createdAt: 1, renewedAt: 1 }, 'x', 'users'), 'user')).toBeUndefined();
    expect(openEnvelope(sealEnvelope({ createdAt: 1, renewedAt: 1 }, 'x', 'user'), 'users')).toBeUndefined();
    expect(openEnvelope(sealEnvelope({ createdAt: 1, renewedAt: 1 }, '{"a":1}'), 'user')).toBeUndefined();
  });

  it('opens when the server that renewed it has a clock behind the server that made it', () => {
    const sealed = sealEnvelope({ createdAt: 1_700_000_030_000, renewedAt: 1_700_000_000_000 }, 'x', 'user');
    expect(openEnvelope(sealed, 'user')).toEqual({
      createdAt: 1_700_000_030_000,
      renewedAt: 1_700_000_030_000,
      text: 'x',
    });
  });

  it.each([
    '',
    '.',
    '..',
    'a',
    'a.b',
    '.b.x',
    'a..x',
    'A.b.x',
    '-1.0.x',
    '1.-1.x',
    '1.0',
    '1. 0.x',
    '1e9 .0.x',
    'zzzzzzzzzzz.0.x',
    '1.zzzzzzzzzzz.x',
    'zzzzzzzzzzzz.0.x',
    '\u0661.0.x',
    '{"a":1}',
    '~rotated',
    '~rotated.abc',
    '~ended',
  ])('does not open %j', (text) => {
    expect(openEnvelope(text)).toBeUndefined();
  });

  it('gives safe whole numbers or nothing, whatever the text', () => {
    const hostile = fc.oneof(
      anyText(),
      fc.tuple(fc.string(), fc.string(), fc.string()).map((parts) => parts.join('.')),
      fc.stringMatching(/^[0-9a-z]{0,13}\.[0-9a-z]{0,13}\.(user)?:?.{0,5}$/),
    );
    fc.assert(
      fc.property(hostile, fc.constantFrom(undefined, 'user'), (text, name) => {
        const opened = openEnvelope(text, name);
        if (opened === undefined) return;
        expect(Number.isSafeInteger(opened.createdAt) && opened.createdAt >= 0).toBe(true);
        expect(Number.isSafeInteger(opened.renewedAt) && opened.renewedAt >= opened.createdAt).toBe(true);
        expect(text.endsWith(opened.text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
