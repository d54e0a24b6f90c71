import { mergeExpressData } from '../../../src/express-store/merge-express-data.js';

const merge = (base: object, mine: object, theirs: object): unknown =>
  JSON.parse(mergeExpressData(JSON.stringify(base), JSON.stringify(mine), JSON.stringify(theirs)));

describe('parallel changes of one express session', () => {
  it.each<[string, object, object, object, object]>([
    ['different fields', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
    ['new fields', {}, { a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    ['a field removed here', { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
    ['a field removed there', { a: 1, b: 1 }, { a: 1, b: 2 }, { b: 1 }, { b: 2 }],
    ['the same field: mine', { a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }],
    ['a field removed there and changed here: mine', { a: 1 }, { a: 2 }, {}, { a: 2 }],
    ['deep values, compared as a whole', { a: { x: 1 } }, { a: { x: 1 } }, { a: { x: 2 } }, { a: { x: 2 } }],
    ['nothing here', { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
  ])('are joined: %s', (_name, base, mine, theirs, expected) => {
    expect(merge(base, mine, theirs)).toEqual(expected);
  });

  it('takes any name of a field for what it is', () => {
    const joined = mergeExpressData('{}', '{"__proto__":1,"\\"":2}', '{"constructor":3}');
    expect(joined).toBe('{"constructor":3,"__proto__":1,"\\"":2}');
  });
});
