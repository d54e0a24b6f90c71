import { ApplicationFailure } from '../../../src/errors/application-failure.js';
import { Expose } from 'class-transformer';
import * as fc from 'fast-check';
import { SessionConflictError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import type { FieldwiseSessionSerializer, SessionSerializer } from '../../../src/serializer/session-serializer.js';
import { SessionMerge, type OnClash } from '../../../src/tracker/session-merge.js';

class Cart {
  [field: string]: unknown;
}

const fieldwise = new SessionSerializerReflection(Cart);
const whole: SessionSerializer<Cart> = {
  serialize: (session) => JSON.stringify(session),
  deserialize: (text) => Object.assign(new Cart(), JSON.parse(text)),
};

interface Case {
  readonly onClash?: OnClash<Cart>;
  readonly counters?: readonly string[];
  readonly serializer?: SessionSerializer<Cart>;
}

function merge(base: object, mine: object, theirs: object, { onClash = 'mine', counters = [], serializer }: Case = {}) {
  const merge = new SessionMerge('cart', serializer ?? fieldwise, onClash, counters);
  const { text, conflicts } = merge.merge(JSON.stringify(base), JSON.stringify(mine), JSON.stringify(theirs));
  return { result: JSON.parse(text) as Record<string, unknown>, conflicts };
}

describe('a field', () => {
  // Of the field `x`: what was loaded, what I store, what is stored; with `mine` and with `theirs`; whether both say no.
  const none = {};
  const one = { x: 1 };
  const two = { x: 2 };
  const three = { x: 3 };
  it.each<[string, object, object, object, object, object, boolean]>([
    ['nobody touched', one, one, one, one, one, false],
    ['that I added', none, two, none, two, two, false],
    ['that they added', none, none, two, two, two, false],
    ['that both added alike', none, two, two, two, two, false],
    ['that both added', none, two, three, two, three, true],
    ['that I changed', one, two, one, two, two, false],
    ['that they changed', one, one, two, two, two, false],
    ['that both changed alike', one, two, two, two, two, false],
    ['that both changed', one, two, three, two, three, true],
    ['that I removed', one, none, one, none, none, false],
    ['that they removed', one, one, none, none, none, false],
    ['that both removed', one, none, none, none, none, false],
    ['that I removed and they changed', one, none, two, none, two, true],
    ['that I changed and they removed', one, two, none, two, none, true],
  ])('%s', (_, base, mine, theirs, withMine, withTheirs, isClash) => {
    // Another field changes on both sides, so that the texts always differ.
    const texts = [
      { a: 0, b: 0, ...base },
      { a: 1, b: 0, ...mine },
      { a: 0, b: 1, ...theirs },
    ] as const;
    const conflicts = isClash ? ['x'] : [];
    expect(merge(...texts)).toEqual({ result: { a: 1, b: 1, ...withMine }, conflicts });
    expect(merge(...texts, { onClash: 'theirs' })).toEqual({ result: { a: 1, b: 1, ...withTheirs }, conflicts });
    const reject = () => merge(...texts, { onClash: 'reject' });
    if (isClash) expect(reject).toThrow(SessionConflictError);
    else expect(reject()).toEqual({ result: { a: 1, b: 1, ...withMine }, conflicts });
  });

  it('gives what a function throws as the cause of another error, so that it is not taken for a failure of the storage', () => {
    const error = new TypeError('no');
    const onClash = (): never => {
      throw error;
    };
    const clash = () => merge({ x: 0 }, { x: 1 }, { x: 2 }, { onClash });
    expect(clash).toThrow(ApplicationFailure);
    expect(clash).toThrow(expect.objectContaining({ cause: error }));
  });

  it('is compared as a whole, however deep the change', () => {
    const deep = (value: number) => ({ x: { list: [{ n: value }] }, y: 0 });
    expect(merge(deep(0), deep(1), deep(2)).conflicts).toEqual(['x']);
    expect(merge(deep(0), deep(1), { ...deep(0), y: 5 }).result).toEqual({ ...deep(1), y: 5 });
  });
});

describe('without a parallel change', () => {
  it('gives the text that is there, character by character', () => {
    const merge = new SessionMerge<Cart>('cart', fieldwise, 'reject');
    expect(merge.merge('{"a":1}', '{"a" : 2}', '{"a":1}')).toEqual({ text: '{"a" : 2}', conflicts: [] });
    expect(merge.merge('{"a":1}', '{"a":1}', '{"a" : 3}')).toEqual({ text: '{"a" : 3}', conflicts: [] });
  });
});

describe('a clash', () => {
  it('that is rejected gives 409 and names the session and its fields, without values', () => {
    const reject = () =>
      merge({ x: 0, y: 0 }, { x: 'mine', y: 'mine' }, { x: 'theirs', y: 'theirs' }, { onClash: 'reject' });
    expect(reject).toThrow(expect.objectContaining({ code: 'SESSION_CONFLICT', statusCode: 409 }));
    expect(reject).toThrow('Session "cart" was changed by another request (x, y). Repeat the request.');
  });

  it('is settled by a function, field by field, with the three sessions', () => {
    const seen: unknown[] = [];
    const onClash: OnClash<Cart> = (field, { base, mine, theirs }) => {
      seen.push(
        [field, base, mine, theirs].map((one) => (one instanceof Cart ? Object.fromEntries(Object.entries(one)) : one)),
      );
      return [base['x'], mine['x'], theirs['x']];
    };
    const merged = merge({ x: 0, y: 0 }, { x: 1, y: 5 }, { x: 2, y: 0, z: 7 }, { onClash });
    expect(merged).toEqual({ result: { x: [0, 1, 2], y: 5, z: 7 }, conflicts: ['x'] });
    expect(seen).toEqual([['x', { x: 0, y: 0 }, { x: 1, y: 5 }, { x: 2, y: 0, z: 7 }]]);
  });

  it('is not put to the function where there is none', () => {
    const onClash = (): never => {
      throw new Error('There is no clash.');
    };
    expect(merge({ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }, { onClash }).result).toEqual({ x: 1, y: 1 });
  });

  it('lets the function add what another had removed', () => {
    const onClash: OnClash<Cart> = (_, { mine, theirs }) => [mine['x'] ?? null, theirs['x'] ?? null];
    expect(merge({ x: 1, y: 0 }, { x: 2, y: 0 }, { y: 1 }, { onClash }).result).toEqual({ x: [2, null], y: 1 });
    expect(merge({ x: 1, y: 0 }, { y: 0 }, { x: 2, y: 1 }, { onClash }).result).toEqual({ x: [null, 2], y: 1 });
  });

  it('of a renamed field goes by its stored name, and its value to the property', () => {
    class Renamed {
      @Expose({ name: 't' }) touched?: number | undefined;
    }
    const fields: string[] = [];
    const onClash: OnClash<Renamed> = (field, { mine, theirs }) => {
      fields.push(field);
      return (mine.touched ?? 0) * 100 + (theirs.touched ?? 0);
    };
    const merge = new SessionMerge('renamed', new SessionSerializerReflection(Renamed), onClash);
    expect(merge.merge('{"t":1}', '{"t":2}', '{"t":3}')).toEqual({ text: '{"t":203}', conflicts: ['t'] });
    expect(merge.merge('{"t":1}', '{"t":2}', '{"u":0}').text).toContain('"t":200');
  });

  it('of a renamed field that another removed still goes to the property', () => {
    class Sparse {
      declare touched?: number;
    }
    // Leaves out what is not stored, unlike class-transformer.
    const serializer: FieldwiseSessionSerializer<Sparse> = {
      serialize: ({ touched, ...rest }) => JSON.stringify(touched === undefined ? rest : { t: touched, ...rest }),
      deserialize(text) {
        const { t, ...rest } = JSON.parse(text) as { t?: number };
        return Object.assign(new Sparse(), rest, t === undefined ? {} : { touched: t });
      },
      split: (text) => fieldwise.split(text),
      join: (fields) => fieldwise.join(fields),
      nameOf: (property) => (property === 'touched' ? 't' : property),
    };
    const merge = new SessionMerge('sparse', serializer, (_, { mine, theirs }) => mine.touched ?? theirs.touched);
    expect(merge.merge('{"t":1}', '{"t":2}', '{"u":0}').text).toBe('{"t":2,"u":0}');
    expect(merge.merge('{"t":1}', '{"u":0}', '{"t":3}').text).toBe('{"t":3,"u":0}');
  });
});

describe('a counter', () => {
  const counted = (base: object, mine: object, theirs: object, onClash: OnClash<Cart> = 'reject') =>
    merge(base, mine, theirs, { counters: ['n', 'm'], onClash });

  it.each<[string, object, object, object, object]>([
    ['adds both changes', { n: 10 }, { n: 11 }, { n: 15 }, { n: 16 }],
    ['adds equal changes', { n: 0 }, { n: 1 }, { n: 1 }, { n: 2 }],
    ['takes away', { n: 10 }, { n: 7 }, { n: 8 }, { n: 5 }],
    ['may pass zero', { n: 0 }, { n: -1 }, { n: -2 }, { n: -3 }],
    ['may have fractions', { n: 0 }, { n: 0.5 }, { n: 0.25 }, { n: 0.75 }],
    ['begins at 0', {}, { n: 1 }, { n: 2 }, { n: 3 }],
    ['that they removed begins at 0 again', { n: 5, m: 1 }, { n: 6, m: 1 }, { m: 1 }, { n: 1, m: 1 }],
    ['that I removed loses what it was', { n: 5, m: 1 }, { m: 1 }, { n: 6, m: 1 }, { n: 1, m: 1 }],
    ['is each for itself', { n: 0, m: 0 }, { n: 1, m: 0 }, { n: 0, m: 1 }, { n: 1, m: 1 }],
  ])('%s', (_, base, mine, theirs, result) => {
    expect(counted({ o: 0, ...base }, { o: 0, ...mine }, { o: 1, ...theirs })).toEqual({
      result: { o: 1, ...result },
      conflicts: [],
    });
  });

  it.each([
    ['a text', '1'],
    ['a boolean', true],
    ['null', null],
    ['an object', {}],
    ['NaN', { '#number': 'NaN' }],
    ['a bigint', { '#bigint': '1' }],
  ])('that holds %s is no counter: it clashes as any field does', (_, value) => {
    const texts = [
      { n: 0, o: 0 },
      { n: value, o: 0 },
      { n: 2, o: 1 },
    ] as const;
    expect(() => counted(...texts, 'reject')).toThrow(SessionConflictError);
    expect(counted(...texts, 'mine')).toEqual({ result: { n: value, o: 1 }, conflicts: ['n'] });
    expect(counted(...texts, 'theirs')).toEqual({ result: { n: 2, o: 1 }, conflicts: ['n'] });
    expect(() => counted({ n: 0, o: 0 }, { n: 2, o: 0 }, { n: value, o: 1 })).toThrow(SessionConflictError);
  });

  it('goes by the stored name of the property', () => {
    class Renamed {
      @Expose({ name: 'v' }) visits = 0;
    }
    const merge = new SessionMerge('renamed', new SessionSerializerReflection(Renamed), 'reject', ['visits']);
    expect(merge.merge('{"v":1}', '{"v":2}', '{"v":2}').text).toBe('{"v":3}');
  });
});

describe('a serializer whose text has no fields', () => {
  const clash = (onClash: OnClash<Cart>) => merge({ x: 0 }, { x: 1 }, { y: 2 }, { serializer: whole, onClash });

  it('is merged as one piece', () => {
    expect(clash('mine')).toEqual({ result: { x: 1 }, conflicts: ['*'] });
    expect(clash('theirs')).toEqual({ result: { y: 2 }, conflicts: ['*'] });
    expect(() => clash('reject')).toThrow('(*)');
    const both = clash((field, { base, mine, theirs }) => ({ field, base, mine, theirs }));
    expect(both).toEqual({
      result: { field: '*', base: { x: 0 }, mine: { x: 1 }, theirs: { y: 2 } },
      conflicts: ['*'],
    });
  });

  it('has no clash where both wrote the same, or only one wrote', () => {
    const options = { serializer: whole, onClash: 'reject' } as const;
    expect(merge({ x: 0 }, { x: 1 }, { x: 1 }, options)).toEqual({ result: { x: 1 }, conflicts: [] });
    expect(merge({ x: 0 }, { x: 0 }, { x: 1 }, options)).toEqual({ result: { x: 1 }, conflicts: [] });
    expect(merge({ x: 0 }, { x: 1 }, { x: 0 }, options)).toEqual({ result: { x: 1 }, conflicts: [] });
  });
});

describe('any two changes', () => {
  const field = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'constructor ', '"', 'ü');
  const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.array(fc.string()));
  const fields = fc.dictionary(field, value, { noNullPrototype: true });
  const change = fc.dictionary(field, fc.option(value, { nil: undefined }), { noNullPrototype: true });

  function changed(base: object, change: Record<string, unknown>): Record<string, unknown> {
    const result: Record<string, unknown> = { ...base, ...change };
    for (const name of Object.keys(change)) if (change[name] === undefined) delete result[name];
    return result;
  }

  it('of different fields are both kept, and never clash', () => {
    fc.assert(
      fc.property(fields, change, change, (base, mine, other) => {
        const theirs = Object.fromEntries(Object.entries(other).filter(([name]) => !Object.hasOwn(mine, name)));
        const merged = merge(base, changed(base, mine), changed(base, theirs), { onClash: 'reject' });
        expect(merged).toEqual({ result: changed(changed(base, mine), theirs), conflicts: [] });
      }),
    );
  });

  it('give for each field what one of the two wrote, mine where both did', () => {
    fc.assert(
      fc.property(fields, change, change, (base, mine, theirs) => {
        const { result } = merge(base, changed(base, mine), changed(base, theirs));
        const really = Object.fromEntries(
          Object.entries(mine).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(base[name])),
        );
        expect(result).toEqual(changed(changed(base, theirs), really));
      }),
    );
  });
});
