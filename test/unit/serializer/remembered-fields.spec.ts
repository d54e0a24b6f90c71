import 'reflect-metadata';
import { Exclude, Expose, Type } from 'class-transformer';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

function again<S extends object>(type: new () => S, text: string, change?: (session: S) => void): string {
  const serializer = new SessionSerializerReflection(type);
  const session = serializer.deserialize(text);
  change?.(session);
  return serializer.serialize(session);
}

describe('stored fields that the class lacks', () => {
  class Open {
    known = 1;
  }

  @Exclude()
  class Closed {
    @Expose() known = 1;
    own = 2;
    @Exclude() secret?: string;
  }

  it('are properties of the instance, as in class-transformer', () => {
    const session = new SessionSerializerReflection(Open).deserialize('{"known":2,"newer":{"at":{"#date":5}}}');
    expect(session).toEqual({ known: 2, newer: { at: new Date(5) } });
    expect(again(Open, '{"known":2,"newer":{"at":{"#date":5}}}')).toBe('{"known":2,"newer":{"at":{"#date":5}}}');
  });

  it('are kept beside the instance if class-transformer drops them, and written back', () => {
    const text = '{"a":{"#map":[[1,{"#object":{"#date":1}}]]},"known":2,"newer":[{"#date":5}],"own":3}';
    const session = new SessionSerializerReflection(Closed).deserialize(text);
    expect(session).toEqual({ known: 2, own: 2 });
    expect(again(Closed, text)).toBe(text);
    expect(again(Closed, text, (closed) => (closed.known = 4))).toBe(text.replace('"known":2', '"known":4'));
  });

  it('are kept with excludeExtraneousValues, and if version or groups exclude a field', () => {
    class Versioned {
      @Expose() known = 1;
      @Expose({ since: 2 }) newer = 'initial';
      @Expose({ groups: ['admin'] }) role = 'initial';
    }
    const serializer = new SessionSerializerReflection(Versioned, {
      excludeExtraneousValues: true,
      version: 1,
      groups: ['user'],
    });
    const text = '{"extra":1,"known":2,"newer":"stored","role":"stored"}';
    const session = serializer.deserialize(text);
    expect(session).toEqual({ known: 2, newer: 'initial', role: 'initial' });
    expect(serializer.serialize(session)).toBe(text);
  });

  it('are kept for nested instances, also in arrays and Maps', () => {
    class Parent {
      @Type(() => Closed) one?: Closed;
      @Type(() => Closed) list: Closed[] = [];
      @Type(() => Closed) map: Map<string, Closed> = new Map();
    }
    const text =
      '{"list":[{"known":1,"newer":1},{"known":1}],"map":{"#map":[["a",{"known":1,"newer":2}]]},"one":{"known":1,"newer":3}}';
    expect(again(Parent, text)).toBe(text);
    const moved = again(Parent, text, (parent) => parent.list.reverse());
    expect(moved).toContain('"list":[{"known":1},{"known":1,"newer":1}]');
  });

  it('are kept under the name of a method or getter without replacing it', () => {
    class WithMembers {
      known = 1;
      greet(): string {
        return 'hello';
      }
      get derived(): number {
        return this.known * 2;
      }
    }
    const text = '{"derived":9,"greet":"stored","known":2,"toString":"stored"}';
    const session = new SessionSerializerReflection(WithMembers).deserialize(text);
    expect(session.greet()).toBe('hello');
    expect(session.derived).toBe(4);
    expect(String(session)).toBe('[object Object]');
    expect(again(WithMembers, text)).toBe(text);
  });

  it('are not kept under an excluded name', () => {
    expect(again(Closed, '{"known":2,"secret":"stored once"}')).toBe('{"known":2}');
    class OneWay {
      @Exclude({ toClassOnly: true }) written?: string;
    }
    expect(again(OneWay, '{"written":"stored once"}')).toBe('{}');
  });

  it('keep an unknown subtype', () => {
    class Shape {
      id = 0;
    }
    class Circle extends Shape {}
    class Drawing {
      @Type(() => Shape, { discriminator: { property: 'kind', subTypes: [{ name: 'circle', value: Circle }] } })
      shapes: Shape[] = [];
    }
    const text = '{"shapes":[{"id":1,"kind":"circle"},{"id":2,"kind":"polygon","points":3}]}';
    const session = new SessionSerializerReflection(Drawing).deserialize(text);
    expect(session.shapes[1]).toEqual({ id: 2, points: 3 });
    expect(again(Drawing, text)).toBe(text);
  });

  it('belong to their instance, not to one of equal content', () => {
    const serializer = new SessionSerializerReflection(Closed);
    const session = serializer.deserialize('{"known":2,"newer":1}');
    expect(serializer.serialize(Object.assign(new Closed(), session))).toBe('{"known":2}');
    expect(new SessionSerializerReflection(Closed).serialize(session)).toBe('{"known":2}');
  });

  it('are copied by carry() to another instance', () => {
    const serializer = new SessionSerializerReflection(Closed);
    const held = serializer.deserialize('{"known":2,"newer":1}');
    serializer.carry(serializer.deserialize('{"known":2,"newest":3}'), held);
    expect(serializer.serialize(held)).toBe('{"known":2,"newest":3}');
    serializer.carry(serializer.deserialize('{"known":2}'), held);
    expect(serializer.serialize(held)).toBe('{"known":2}');
  });
});

describe('an older and a newer version of a class in turns', () => {
  class ItemOne {
    sku = '';
  }
  class ItemTwo {
    price = 0;
    sku = '';
    tags: Set<string> = new Set();
  }
  class One {
    visits = 0;
    @Type(() => ItemOne) items: ItemOne[] = [];
    seenByOne = 0;
  }
  class Two {
    theme?: string = 'light';
    @Type(() => Date) since?: Date = new Date(5);
    @Type(() => ItemTwo) items: ItemTwo[] = [];
    visits = 0;
    seenByTwo = 0;
  }

  it('keep all fields in a hundred requests', () => {
    const [one, two] = [new SessionSerializerReflection(One), new SessionSerializerReflection(Two)];
    const started = new Two();
    started.items = [Object.assign(new ItemTwo(), { price: 3, sku: 'a', tags: new Set(['x']) })];
    started.theme = undefined as never;
    let text = two.serialize(started);
    for (let request = 0; request < 100; request++) {
      const serializer = request % 2 === 0 ? one : two;
      const session = serializer.deserialize(text);
      session.visits += 1;
      if (session instanceof One) session.seenByOne += 1;
      else session.seenByTwo += 1;
      text = (serializer as SessionSerializerReflection<object>).serialize(session);
    }
    const ended = two.deserialize(text);
    expect(ended).toEqual(Object.assign(started, { visits: 100, seenByOne: 50, seenByTwo: 50 }));
    expect(ended.theme).toBeUndefined();
    expect(ended.items[0]).toBeInstanceOf(ItemTwo);
    expect(ended.items[0]!.tags).toEqual(new Set(['x']));
  });

  it('write the same text without changes', () => {
    const [one, two] = [new SessionSerializerReflection(One), new SessionSerializerReflection(Two)];
    const text = two.serialize(two.deserialize(one.serialize(new One())));
    expect(one.serialize(one.deserialize(text))).toBe(text);
    expect(two.serialize(two.deserialize(text))).toBe(text);
  });
});
