import * as fc from 'fast-check';
import { OpenedValues } from '../../../src/transformer/opened-values.js';

const PERIOD = 60_000;

function openedValues(): { opened: OpenedValues; clock: { now: number } } {
  const clock = { now: 5 };
  return { opened: new OpenedValues(PERIOD, () => clock.now), clock };
}

describe('OpenedValues', () => {
  it('returns the text of a known value, and undefined for others', () => {
    const { opened } = openedValues();
    opened.set('sealed', 'text');
    expect(opened.get('sealed')).toBe('text');
    for (const other of ['', 'seale', 'sealed ', 'Sealed', 'text']) expect(opened.get(other)).toBeUndefined();
  });

  it('drops an unused value after one to two periods', () => {
    const { opened, clock } = openedValues();
    opened.set('early', 'a');
    clock.now += PERIOD - 1;
    opened.set('late', 'b');
    expect(opened.get('early')).toBe('a');
    clock.now += 1; // a generation ends
    opened.set('next', 'c');
    clock.now += PERIOD; // and another
    expect([opened.get('early'), opened.get('late'), opened.get('next')]).toEqual([undefined, undefined, 'c']);
  });

  it('keeps a value while it is used', () => {
    const { opened, clock } = openedValues();
    opened.set('busy', 'a');
    for (let period = 0; period < 10; period++) {
      clock.now += PERIOD;
      expect(opened.get('busy')).toBe('a');
    }
  });

  it('drops all values after two unused periods', () => {
    const { opened, clock } = openedValues();
    opened.set('a', 'text');
    clock.now += 2 * PERIOD;
    expect(opened.get('a')).toBeUndefined();
  });

  it('holds at most a million characters, and drops unused values first', () => {
    const { opened } = openedValues();
    const text = 'x'.repeat(100_000);
    opened.set('busy', text);
    for (let index = 0; index < 50; index++) {
      opened.set(`value ${index}`, text);
      expect(opened.get('busy')).toBe(text);
    }
    const held = Array.from({ length: 50 }, (_, index) => opened.get(`value ${index}`)).filter(Boolean);
    expect(held.length).toBeGreaterThan(0);
    expect(held.length).toBeLessThanOrEqual(10);
  });

  it('does not keep a value above the limit', () => {
    const { opened } = openedValues();
    opened.set('small', 'a');
    opened.set('large', 'x'.repeat(600_000));
    expect([opened.get('large'), opened.get('small')]).toEqual([undefined, 'a']);
  });

  it('does not keep malformed Unicode', () => {
    const { opened } = openedValues();
    opened.set('a\ud800', 'text');
    opened.set('b', 'te\udc00xt');
    expect([opened.get('a\ud800'), opened.get('a\ufffd'), opened.get('b')]).toEqual([undefined, undefined, undefined]);
  });

  it('returns only the text of the value, in any order of calls', () => {
    const value = fc.nat(9).map((number) => `value ${number}`);
    const step = fc.oneof(
      fc.record({ set: value }),
      fc.record({ get: value }),
      fc.record({ wait: fc.nat(3 * PERIOD) }),
      fc.constant({ fill: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { opened, clock } = openedValues();
        const set = new Set<string>();
        for (const each of steps) {
          if ('wait' in each) clock.now += each.wait;
          else if ('fill' in each) opened.set(`${clock.now}`, 'x'.repeat(300_000));
          else if ('set' in each) {
            set.add(each.set);
            opened.set(each.set, `text of ${each.set}`);
          } else {
            const text = opened.get(each.get);
            if (text !== undefined) expect(set.has(each.get) && text).toBe(`text of ${each.get}`);
          }
        }
      }),
    );
  });
});
