import {
  bigDecimal,
  bigInteger,
  boolean,
  char,
  DataObject,
  double,
  enumOf,
  float,
  int,
  list,
  long,
  map,
  nested,
  nullable,
  optional,
  Sealed,
  SerialName,
  set,
  SimpleName,
  string,
  uuid,
} from 'nestjs-sessions/ktor';
import type { KotlinType, SessionSerializer } from 'nestjs-sessions/ktor';

/** A class of one field `v` of this type. */
export function holderOf(type: KotlinType): new (v?: unknown) => { v: unknown } {
  class Holder {
    v: unknown;
    constructor(v?: unknown) {
      this.v = v;
    }
  }
  type(Holder.prototype, 'v');
  return Holder;
}

/** Text of a class of one field `v` of the type. */
export function fieldTextsOf(
  serializerOf: (type: new (v?: unknown) => { v: unknown }) => SessionSerializer<{ v: unknown }>,
): { encoded(type: KotlinType, value: unknown): string; decoded(type: KotlinType, text: string): unknown } {
  return {
    encoded(type, value) {
      const Holder = holderOf(type);
      return serializerOf(Holder).serialize(new Holder(value));
    },
    decoded: (type, text) => serializerOf(holderOf(type)).deserialize(text).v,
  };
}

export class TestUserSession {
  @string() userId: string;
  @list(string()) cart: string[];
  constructor(userId = '', cart: string[] = []) {
    this.userId = userId;
    this.cart = cart;
  }
}

export class Primitive {
  @int() i = 1;
  @string() s = 'sss';
  @long() l = 2n;
  @boolean() b1 = true;
  @boolean() b2 = false;
  @char() ch = 'a';
  @float() f = 1;
  @double() d = 1;
}

export class Lists {
  @list(string()) mutable1 = ['a', 'b'];
  @list(string()) mutable = ['a'];
  @list(string()) immutable = ['a', 'b'];
}

export class Sets {
  @set(string()) mutable1 = new Set(['a', 'b']);
  @set(string()) mutable = new Set(['a']);
  @set(string()) immutable = new Set(['a', 'b']);
}

export class Maps {
  @map(string(), string()) mutable1 = new Map([['a', 'b']]);
  @map(string(), string()) mutable = new Map([['a', 'b']]);
  @map(string(), string()) immutable = new Map([['a', 'b']]);
}

export class AdditionalTypes {
  @optional(string()) optionalEmpty: string | undefined = undefined;
  @optional(string()) optionWithContent: string | undefined = 'a';
  @bigDecimal() bd = '0';
  @bigInteger() bi = 10n;
  @uuid() uuid = '123e4567-e89b-12d3-a456-426614174000';
}

export class WithEnum {
  @enumOf('A', 'B') e = 'B';
}

export class EnumInCollection {
  @list(enumOf('A', 'B')) ll = ['B'];
  @set(enumOf('A', 'B')) ss = new Set(['A']);
  @map(enumOf('A', 'B'), enumOf('A', 'B')) mm = new Map([['A', 'B']]);
}

export class Part {
  @int() i = 779;
}

export class Compound {
  @nested(() => Part) part = new Part();
}

@Sealed(() => [SS, E])
export class SealedSession {}

@SimpleName('SS')
@SerialName('probe.SealedSession.SS')
export class SS extends SealedSession {
  @int() e: number;
  constructor(e = 0) {
    super();
    this.e = e;
  }
}

@DataObject()
@SerialName('probe.SealedSession.E')
export class E extends SealedSession {}

export class WithSealedMember {
  @nested(() => SealedSession) member: SealedSession = new SS(834);
}

export class Primitives {
  @int() int = 1;
  @string() string = '2';
  @boolean() boolean = true;
  @double() double = 3;
  @float() float = 4;
  @long() long = 5n;
  @nullable(string()) nullable: string | null = null;
  @enumOf('A', 'B') enum = 'A';
}

export class Collections {
  @list(string()) listS = ['1', '2'];
  @list(enumOf('A', 'B')) listE = ['A', 'B'];
  @list(int()) listI = [1, 2];
  @map(string(), string()) mapS = new Map([
    ['key1', '1'],
    ['key2', '2'],
  ]);
  @map(string(), int()) mapI = new Map([
    ['key1', 1],
    ['key2', 2],
  ]);
}

export class WithNested {
  @nested(() => Primitives) primitives = new Primitives();
}
