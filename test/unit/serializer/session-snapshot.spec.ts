import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import * as fc from 'fast-check';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import {
  buildClasses,
  classSpecs,
  clearMetadata,
  fitTo,
  GeneratedValues,
  transformOptions,
} from './generated-classes.js';

class Item {
  sku = 'a';
  tags: string[] = ['x'];
}

class Cart {
  owner?: string;
  visits = 0;
  at = new Date(0);
  items: Item[] = [new Item()];
  notes: Record<string, unknown> = { first: 1 };
  seen = new Map<string, unknown>([['a', 1]]);
  roles = new Set(['member']);
}
Type(() => Date)(Cart.prototype, 'at');
Type(() => Item)(Cart.prototype, 'items');

const serializer = new SessionSerializerReflection(Cart);

function afterwards(change: (cart: Cart) => void): boolean {
  const cart = new Cart();
  const snapshot = serializer.capture(cart)!;
  change(cart);
  return snapshot.matches(cart);
}

describe('a snapshot of a session', () => {
  it('matches an unchanged session repeatedly', () => {
    const cart = new Cart();
    const snapshot = serializer.capture(cart)!;
    expect([snapshot.matches(cart), snapshot.matches(cart)]).toEqual([true, true]);
  });

  it('matches another instance of equal content', () => {
    expect(serializer.capture(new Cart())!.matches(new Cart())).toBe(true);
  });

  it.each<[string, (cart: Cart) => void]>([
    ['a field', (cart) => void cart.visits++],
    ['a field that was not there', (cart) => void (cart.owner = 'ada')],
    ['a field that is gone', (cart) => void delete (cart as Partial<Cart>).visits],
    ['zero for minus zero', (cart) => void (cart.visits = -0)],
    ['the type of a field', (cart) => void (cart.visits = '0' as unknown as number)],
    ['a date in place', (cart) => void cart.at.setTime(1)],
    ['a date for a number', (cart) => void (cart.at = 0 as unknown as Date)],
    ['an item in place', (cart) => void (cart.items[0]!.sku = 'b')],
    ['a list in an item', (cart) => void cart.items[0]!.tags.push('y')],
    ['one item more', (cart) => void cart.items.push(new Item())],
    ['one item less', (cart) => void cart.items.pop()],
    ['a plain object for an item', (cart) => void (cart.items[0] = { sku: 'a', tags: ['x'] })],
    ['a list for an object', (cart) => void (cart.notes = [1] as unknown as Record<string, unknown>)],
    ['a field of an object', (cart) => void (cart.notes['first'] = 2)],
    ['the order of an object', (cart) => void (cart.notes = { second: 2, first: 1 })],
    ['an entry of a Map', (cart) => void cart.seen.set('a', 2)],
    ['one entry more in a Map', (cart) => void cart.seen.set('b', 1)],
    ['a member of a Set', (cart) => void cart.roles.add('admin')],
    ['a Set for a Map', (cart) => void (cart.seen = new Set(['a']) as unknown as Map<string, unknown>)],
    ['a cycle', (cart) => void (cart.notes['first'] = cart)],
    ['something that cannot be written', (cart) => void (cart.notes['first'] = Promise.resolve())],
    ['a getter that throws', (cart) => void Object.defineProperty(cart.notes, 'first', { get: () => fail() })],
  ])('detects %s', (_, change) => {
    expect(afterwards(change)).toBe(false);
  });

  it('treats undefined as missing in the session itself', () => {
    expect(afterwards((cart) => void Object.assign(cart, { owner: undefined }))).toBe(true);
    expect(afterwards((cart) => void (cart.notes['second'] = undefined))).toBe(false);
  });

  it.each<[string, (cart: Cart) => void]>([
    ['bytes', (cart) => void (cart.notes['first'] = Buffer.from('a'))],
    ['an object whose content nothing shows', (cart) => void (cart.notes['first'] = /a/)],
    ['a function', (cart) => void (cart.notes['first'] = () => 1)],
    ['a cycle', (cart) => void (cart.notes['first'] = cart.notes)],
  ])('is not taken of %s', (_, put) => {
    const cart = new Cart();
    put(cart);
    expect(serializer.capture(cart)).toBeUndefined();
  });

  it('is not taken if the text depends on more than values', () => {
    class WithTransform {
      name = 'a';
    }
    Transform(({ value }) => `${String(value)}${Date.now()}`)(WithTransform.prototype, 'name');
    class WithGetter {
      get now(): number {
        return Date.now();
      }
    }
    Expose()(WithGetter.prototype, 'now');
    class Holder {
      held: unknown = new WithGetter();
    }
    class TypedHolder {
      held = new WithTransform();
    }
    Type(() => WithTransform)(TypedHolder.prototype, 'held');
    for (const type of [WithTransform, WithGetter, Holder, TypedHolder]) {
      expect(new SessionSerializerReflection<object>(type).capture(new type())).toBeUndefined();
    }
  });

  it('matches only if the text is equal (2,000 random classes and changes)', () => {
    let [taken, matched, differed] = [0, 0, 0];
    let runs = 0;
    fc.assert(
      fc.property(fc.gen(), (data) => {
        const options = data(() => transformOptions);
        const specs = fitTo(
          options,
          data(() => classSpecs),
        );
        const classes = buildClasses(specs);
        const reflection = new SessionSerializerReflection(classes[0]!, options);
        const instance = new GeneratedValues(data, { specs, classes, options, direction: 'write' }).instanceOf(0);
        const before = textOf(() => reflection.serialize(instance));
        const snapshot = reflection.capture(instance);
        if (++runs % 500 === 0) clearMetadata();
        if (!snapshot || before === undefined) return;
        taken++;
        expect(snapshot.matches(instance)).toBe(true);
        changeSomewhere(instance, data);
        const after = textOf(() => reflection.serialize(instance));
        if (snapshot.matches(instance)) {
          matched++;
          expect(after).toBe(before);
        } else if (after !== before) differed++;
      }),
      { numRuns: 2000, seed: 1 },
    );
    clearMetadata();
    // The test says something only where both happen often.
    expect(Math.min(taken, matched, differed)).toBeGreaterThan(100);
  });
});

function fail(): never {
  throw new Error('a getter of the application');
}

function textOf(write: () => string): string | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}

const OTHERS: ReadonlyArray<() => unknown> = [
  () => undefined,
  () => 7,
  () => 'initial',
  () => null,
  () => [],
  () => ({}),
  () => new Date(5),
  () => new Map([[1, 2]]),
];

/** Goes down at random, and there sets, removes or moves one field or element. */
function changeSomewhere(root: object, data: fc.GeneratorValue): void {
  let holder = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(holder);
    const key = data(fc.constantFrom, ...keys, 'a', 'b', 'x');
    const held = holder[key];
    if (typeof held === 'object' && held !== null && data(fc.boolean)) {
      holder = held as Record<string, unknown>;
      continue;
    }
    const action = data(fc.constantFrom, 'set', 'remove', 'again', 'nothing');
    try {
      if (action === 'remove' || action === 'again') delete holder[key];
      if (action === 'set') holder[key] = data(fc.constantFrom, ...OTHERS)();
      if (action === 'again' && held !== undefined) holder[key] = held;
    } catch {
      // A read-only field.
    }
    return;
  }
}
