import 'reflect-metadata';
import { Exclude, Expose, Type } from 'class-transformer';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import type { SessionSerializer } from '../../../src/serializer/session-serializer.js';
import { refreshSession } from '../../../src/tracker/session-refresh.js';

class Item {
  name = '';
}

class Cart {
  @Type(() => Item) items: Item[] = [];
  @Expose({ name: 't' }) @Type(() => Date) touched?: Date;
  @Exclude() scratch?: unknown;
  visits = 0;
  declare note?: string;
}

const serializer = new SessionSerializerReflection(Cart);

function refreshed(change: (cart: Cart) => void, text: string): Cart {
  const cart = new Cart();
  change(cart);
  refreshSession(serializer, cart, serializer.serialize(cart), text);
  return cart;
}

describe('refreshSession', () => {
  it('brings along what the serializer keeps beside an instance', () => {
    @Exclude()
    class Narrow {
      @Expose() visits = 0;
    }
    const narrow = new SessionSerializerReflection(Narrow);
    const held = narrow.deserialize('{"newer":1,"visits":1}');
    refreshSession(narrow, held, narrow.serialize(held), '{"newer":2,"visits":1}');
    expect(narrow.serialize(held)).toBe('{"newer":2,"visits":1}');
  });

  it('assigns in place what differs, in the types of the class', () => {
    const cart = refreshed(() => {}, '{"items":[{"name":"tea"}],"t":{"#date":5},"visits":7}');
    expect(cart.items[0]).toBeInstanceOf(Item);
    expect(cart.touched).toEqual(new Date(5));
    expect(cart.visits).toBe(7);
  });

  it('leaves what is equal as it is, to the very object', () => {
    const items = [new Item()];
    const cart = refreshed((cart) => (cart.items = items), '{"items":[{"name":""}],"visits":7}');
    expect(cart.items).toBe(items);
    expect(cart.visits).toBe(7);
  });

  it('removes what is no longer there', () => {
    expect(refreshed((cart) => (cart.note = 'x'), '{"items":[],"visits":0}')).not.toHaveProperty('note');
  });

  it('keeps what is never stored', () => {
    const scratch = { open: true };
    expect(refreshed((cart) => (cart.scratch = scratch), '{"items":[],"visits":1}').scratch).toBe(scratch);
  });

  it('does nothing where nothing differs', () => {
    const untouchable = Object.freeze(new Cart());
    const text = serializer.serialize(untouchable);
    expect(() => refreshSession(serializer, untouchable, text, text)).not.toThrow();
  });

  it('gives what serializes to the new text', () => {
    const text = '{"items":[{"name":"a"}],"visits":2,"more":{"x":[1]}}';
    const cart = refreshed((cart) => (cart.note = 'gone'), text);
    expect(JSON.parse(serializer.serialize(cart))).toEqual(JSON.parse(text));
  });

  it('never reaches a prototype', () => {
    const cart = refreshed(() => {}, '{"items":[],"visits":1,"__proto__":{"polluted":1},"constructor":{"name":"x"}}');
    expect(Object.getPrototypeOf(cart)).toBe(Cart.prototype);
    expect(cart).not.toHaveProperty('polluted');
    expect(cart.constructor).toBe(Cart);
  });
});

describe('refreshSession with a serializer whose text has no fields', () => {
  const whole: SessionSerializer<Cart> = {
    serialize: ({ visits, note }) => JSON.stringify({ visits, note }),
    deserialize: (text) => Object.assign(new Cart(), JSON.parse(text)),
  };

  it('assigns all of it, removes what is no longer there, and keeps what is never stored', () => {
    const cart = Object.assign(new Cart(), { visits: 1, note: 'x', scratch: 5 });
    refreshSession(whole, cart, whole.serialize(cart), '{"visits":2}');
    expect(cart).toEqual(Object.assign(new Cart(), { visits: 2, scratch: 5 }));
    expect(whole.serialize(cart)).toBe('{"visits":2}');
  });
});
