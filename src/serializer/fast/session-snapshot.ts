import type { ClassTransformOptions } from 'class-transformer';
import type { AnyClass, FieldDeclaration } from '../class-declaration.js';
import { declarationOf } from '../class-transformer-metadata.js';
import type { SessionSnapshot } from '../session-serializer.js';
import { MAX_DEPTH } from '../tagged-value.js';
import { COERCIONS } from '../typed-value.js';
import { UncoveredClasses } from '../uncovered-class.js';
import { isFieldClass, kindOf } from '../value-kind.js';

/** How an object's content is seen; `opaque`: not without writing it. */
type Sight = 'fields' | 'date' | 'map' | 'set' | 'opaque';

/** Stand on the tape where an object begins or ends; no value of an application equals them. */
const ARRAY = { is: 'array' };
const DATE = { is: 'date' };
const MAP = { is: 'map' };
const SET = { is: 'set' };
const WITHOUT_PROTOTYPE = { is: 'object' };
const END = { is: 'end' };

/**
 * Takes snapshots of the sessions of one class: all that their text is made of, so that a session that was only read
 * is known to be unchanged without being written. A snapshot is a tape of the values in the order in which they are
 * met, an object beginning with its prototype; telling takes one walk and no memory.
 *
 * What a text may depend on beside the values, a `@Transform()`, an exposed getter, a type that is asked for, it cannot
 * see: of such sessions there are none.
 */
export class SessionSnapshots<S extends object> {
  readonly #type: AnyClass;
  readonly #options: ClassTransformOptions;
  readonly #sights = new WeakMap<object, Sight>();
  readonly #uncovered = new UncoveredClasses();
  #isVisible: boolean | undefined;
  /** That of the last tape: the next one begins with so much room, and need not grow. */
  #usualLength = 0;

  constructor(type: new () => S, options: ClassTransformOptions) {
    this.#type = type;
    this.#options = options;
  }

  /** @returns `undefined` when only the text can tell. */
  capture(session: S): SessionSnapshot<S> | undefined {
    this.#isVisible ??= this.#isDeclaredByValues(this.#type, new Set());
    if (!this.#isVisible) return undefined;
    const snapshot = new Snapshot<S>(this, this.#usualLength);
    try {
      if (!snapshot.record(session)) return undefined;
    } catch {
      // A getter of the application's; the serializer reports it.
      return undefined;
    }
    this.#usualLength = snapshot.length;
    return snapshot;
  }

  /** How an object of this prototype is seen. */
  sightOf(prototype: object | null): Sight {
    if (prototype === null || prototype === Object.prototype) return 'fields';
    let sight = this.#sights.get(prototype);
    if (sight === undefined) this.#sights.set(prototype, (sight = this.#look(prototype)));
    return sight;
  }

  #look(prototype: object): Sight {
    const kind = kindOf(prototype);
    if (kind === 'date' || kind === 'map' || kind === 'set') return kind;
    if (kind !== 'class') return 'opaque';
    // A class that stands for a string or hides content shows too little, unless it is the session's own.
    const { speaks, problem } = this.#uncovered.of(prototype);
    if (prototype !== this.#type.prototype && (speaks || problem !== undefined)) return 'opaque';
    // Only own fields are written, and the walk takes all that are enumerable.
    for (const _ in prototype) return 'opaque';
    const type: unknown = prototype.constructor;
    return isFieldClass(type) && this.#isDeclaredByValues(type, new Set()) ? 'fields' : 'opaque';
  }

  /** Whether the text of an instance depends on nothing but its fields' values, and theirs. */
  #isDeclaredByValues(type: AnyClass, seen: Set<AnyClass>): boolean {
    if (seen.has(type)) return true;
    seen.add(type);
    for (const field of declarationOf(type, 'write', this.#options).fields.values()) {
      if (!this.#isValue(type, field, seen)) return false;
    }
    return true;
  }

  #isValue(owner: AnyClass, { key, transform, exposed, type }: FieldDeclaration, seen: Set<AnyClass>): boolean {
    if (transform || (exposed && key in (owner.prototype as object))) return false;
    if (!type) return true;
    if (!type.fixed) return false;
    const resolved = type.resolve({ newObject: {}, object: {}, property: key });
    const types = [resolved, ...(type.discriminator?.subTypes.map(({ value }) => value) ?? [])];
    return types.every((each) => COERCIONS.has(each) || !isFieldClass(each) || this.#isDeclaredByValues(each, seen));
  }
}

class Snapshot<S extends object> implements SessionSnapshot<S> {
  readonly #sights: SessionSnapshots<S>;
  readonly #tape: unknown[];
  #at = 0;

  /** An empty one. @param room how long its tape is going to be; it may be longer or shorter. */
  constructor(sights: SessionSnapshots<S>, room: number) {
    this.#sights = sights;
    // oxlint-disable-next-line unicorn/no-new-array -- room for so many, and none of them there yet
    this.#tape = new Array<unknown>(room);
  }

  /** After {@link record}. */
  get length(): number {
    return this.#at;
  }

  /** Once, before anything else. @returns `false` when only the text can tell. */
  record(session: S): boolean {
    return this.#record(session, 0);
  }

  #record(value: unknown, depth: number): boolean {
    if (typeof value !== 'object' || value === null) {
      this.#put(value);
      return typeof value !== 'function' && typeof value !== 'symbol';
    }
    if (depth > MAX_DEPTH) return false;
    if (Array.isArray(value)) {
      this.#put(ARRAY);
      this.#put(value.length);
      for (let index = 0; index < value.length; index++) if (!this.#record(value[index], depth + 1)) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    switch (this.#sights.sightOf(prototype)) {
      case 'fields':
        return this.#recordFields(value as Record<string, unknown>, prototype ?? WITHOUT_PROTOTYPE, depth);
      case 'date':
        this.#put(DATE);
        this.#put((value as Date).getTime());
        return true;
      case 'map':
        this.#put(MAP);
        this.#put((value as Map<unknown, unknown>).size);
        for (const [key, held] of value as Map<unknown, unknown>) {
          if (!this.#record(key, depth + 1) || !this.#record(held, depth + 1)) return false;
        }
        return true;
      case 'set':
        this.#put(SET);
        this.#put((value as Set<unknown>).size);
        for (const held of value as Set<unknown>) if (!this.#record(held, depth + 1)) return false;
        return true;
      case 'opaque':
        return false;
    }
  }

  #recordFields(fields: Record<string, unknown>, prototype: object, depth: number): boolean {
    const tape = this.#tape;
    let at = this.#at;
    tape[at++] = prototype;
    for (const name in fields) {
      const held = fields[name];
      // In the session itself, undefined is written as the absence of the field is.
      if (held === undefined && depth === 0) continue;
      tape[at++] = name;
      if (isScalar(held)) {
        tape[at++] = held;
        continue;
      }
      this.#at = at;
      if (!this.#record(held, depth + 1)) return false;
      at = this.#at;
    }
    tape[at++] = END;
    this.#at = at;
    return true;
  }

  #put(entry: unknown): void {
    this.#tape[this.#at++] = entry;
  }

  matches(session: S): boolean {
    this.#at = 0;
    try {
      return this.#meets(session, true);
    } catch {
      return false;
    }
  }

  // It goes no deeper than the tape does, whatever has become of the session.
  #meets(value: unknown, isSession = false): boolean {
    const tape = this.#tape;
    const expected = tape[this.#at++];
    if (typeof value !== 'object' || value === null) return Object.is(value, expected);
    if (Array.isArray(value)) {
      if (expected !== ARRAY || tape[this.#at++] !== value.length) return false;
      for (let index = 0; index < value.length; index++) if (!this.#meets(value[index])) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (expected === (prototype ?? WITHOUT_PROTOTYPE))
      return this.#meetsFields(value as Record<string, unknown>, isSession);
    switch (expected) {
      case DATE:
        return this.#sights.sightOf(prototype) === 'date' && Object.is((value as Date).getTime(), tape[this.#at++]);
      case MAP:
        return this.#sights.sightOf(prototype) === 'map' && this.#meetsMap(value as Map<unknown, unknown>);
      case SET:
        return this.#sights.sightOf(prototype) === 'set' && this.#meetsSet(value as Set<unknown>);
      default:
        return false;
    }
  }

  #meetsFields(fields: Record<string, unknown>, isSession: boolean): boolean {
    const tape = this.#tape;
    let at = this.#at;
    for (const name in fields) {
      const held = fields[name];
      if (held === undefined && isSession) continue;
      if (tape[at++] !== name) return false;
      if (isScalar(held)) {
        if (!Object.is(tape[at++], held)) return false;
        continue;
      }
      this.#at = at;
      if (!this.#meets(held)) return false;
      at = this.#at;
    }
    this.#at = at + 1;
    return tape[at] === END;
  }

  #meetsMap(map: Map<unknown, unknown>): boolean {
    if (this.#tape[this.#at++] !== map.size) return false;
    for (const [key, held] of map) if (!this.#meets(key) || !this.#meets(held)) return false;
    return true;
  }

  #meetsSet(set: Set<unknown>): boolean {
    if (this.#tape[this.#at++] !== set.size) return false;
    for (const held of set) if (!this.#meets(held)) return false;
    return true;
  }
}

/** Most of what fields hold: it is taken and compared where it is met, without a call of its own. */
function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
