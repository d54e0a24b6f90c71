import type { ClassTransformOptions } from 'class-transformer';
import type { AnyClass, FieldDeclaration } from '../class-declaration.js';
import { declarationOf } from '../class-transformer-metadata.js';
import type { SessionSnapshot } from '../session-serializer.js';
import { MAX_DEPTH } from '../tagged-value.js';
import { COERCIONS, fixedTypesOf } from '../typed-value.js';
import { UndeclaredClasses } from '../undeclared-class.js';
import { isFieldClass, kindOf } from '../value-kind.js';

type Traversal = 'fields' | 'date' | 'map' | 'set' | 'opaque';

/** Sentinels: no application value equals them. */
const ARRAY = { is: 'array' };
const DATE = { is: 'date' };
const MAP = { is: 'map' };
const SET = { is: 'set' };
const WITHOUT_PROTOTYPE = { is: 'object' };
const END = { is: 'end' };

/**
 * A flat list of values and prototypes in traversal order. Classes whose text depends on more (`@Transform()`, exposed
 * getters, computed types) get none.
 */
export class SessionSnapshots<S extends object> {
  readonly #type: AnyClass;
  readonly #options: ClassTransformOptions;
  readonly #traversals = new WeakMap<object, Traversal>();
  readonly #undeclaredClasses = new UndeclaredClasses();
  #isVisible: boolean | undefined;
  #usualLength = 0;

  constructor(type: new () => S, options: ClassTransformOptions) {
    this.#type = type;
    this.#options = options;
  }

  capture(session: S): SessionSnapshot<S> | undefined {
    this.#isVisible ??= this.#isDeclaredByValues(this.#type, new Set());
    if (!this.#isVisible) return undefined;
    const snapshot = new Snapshot<S>(this, this.#usualLength);
    try {
      if (!snapshot.record(session)) return undefined;
    } catch {
      return undefined;
    }
    this.#usualLength = snapshot.length;
    return snapshot;
  }

  traversalOf(prototype: object | null): Traversal {
    if (prototype === null || prototype === Object.prototype) return 'fields';
    let traversal = this.#traversals.get(prototype);
    if (traversal === undefined) this.#traversals.set(prototype, (traversal = this.#classify(prototype)));
    return traversal;
  }

  #classify(prototype: object): Traversal {
    const kind = kindOf(prototype);
    if (kind === 'date' || kind === 'map' || kind === 'set') return kind;
    if (kind !== 'class') return 'opaque';
    // Own fields do not show hidden state. The session class itself may have it.
    const { convertsItself, problem } = this.#undeclaredClasses.of(prototype);
    if (prototype !== this.#type.prototype && (convertsItself || problem !== undefined)) return 'opaque';
    // `for in` visits inherited fields; the serializer does not.
    for (const _ in prototype) return 'opaque';
    const type: unknown = prototype.constructor;
    return isFieldClass(type) && this.#isDeclaredByValues(type, new Set()) ? 'fields' : 'opaque';
  }

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
    return fixedTypesOf(type, key).every(
      (each) => COERCIONS.has(each) || !isFieldClass(each) || this.#isDeclaredByValues(each, seen),
    );
  }
}

class Snapshot<S extends object> implements SessionSnapshot<S> {
  readonly #owner: SessionSnapshots<S>;
  readonly #entries: unknown[];
  #at = 0;

  constructor(owner: SessionSnapshots<S>, capacity: number) {
    this.#owner = owner;
    // oxlint-disable-next-line unicorn/no-new-array -- preallocates capacity
    this.#entries = new Array<unknown>(capacity);
  }

  get length(): number {
    return this.#at;
  }

  record(value: unknown, depth = 0): boolean {
    if (typeof value !== 'object' || value === null) {
      this.#put(value);
      return typeof value !== 'function' && typeof value !== 'symbol';
    }
    if (depth > MAX_DEPTH) return false;
    if (Array.isArray(value)) {
      this.#put(ARRAY);
      this.#put(value.length);
      for (let index = 0; index < value.length; index++) if (!this.record(value[index], depth + 1)) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    switch (this.#owner.traversalOf(prototype)) {
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
          if (!this.record(key, depth + 1) || !this.record(held, depth + 1)) return false;
        }
        return true;
      case 'set':
        this.#put(SET);
        this.#put((value as Set<unknown>).size);
        for (const held of value as Set<unknown>) if (!this.record(held, depth + 1)) return false;
        return true;
      case 'opaque':
        return false;
    }
  }

  #recordFields(fields: Record<string, unknown>, prototype: object, depth: number): boolean {
    const entries = this.#entries;
    let at = this.#at;
    entries[at++] = prototype;
    for (const name in fields) {
      const held = fields[name];
      if (held === undefined && depth === 0) continue;
      entries[at++] = name;
      if (isScalar(held)) {
        entries[at++] = held;
        continue;
      }
      this.#at = at;
      if (!this.record(held, depth + 1)) return false;
      at = this.#at;
    }
    entries[at++] = END;
    this.#at = at;
    return true;
  }

  #put(entry: unknown): void {
    this.#entries[this.#at++] = entry;
  }

  matches(session: S): boolean {
    this.#at = 0;
    try {
      return this.#matchesNext(session, true);
    } catch {
      return false;
    }
  }

  #matchesNext(value: unknown, isSession = false): boolean {
    const entries = this.#entries;
    const expected = entries[this.#at++];
    if (typeof value !== 'object' || value === null) return Object.is(value, expected);
    if (Array.isArray(value)) {
      if (expected !== ARRAY || entries[this.#at++] !== value.length) return false;
      for (let index = 0; index < value.length; index++) if (!this.#matchesNext(value[index])) return false;
      return true;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (expected === (prototype ?? WITHOUT_PROTOTYPE))
      return this.#matchesFields(value as Record<string, unknown>, isSession);
    switch (expected) {
      case DATE:
        return (
          this.#owner.traversalOf(prototype) === 'date' && Object.is((value as Date).getTime(), entries[this.#at++])
        );
      case MAP:
        return this.#owner.traversalOf(prototype) === 'map' && this.#matchesMap(value as Map<unknown, unknown>);
      case SET:
        return this.#owner.traversalOf(prototype) === 'set' && this.#matchesSet(value as Set<unknown>);
      default:
        return false;
    }
  }

  #matchesFields(fields: Record<string, unknown>, isSession: boolean): boolean {
    const entries = this.#entries;
    let at = this.#at;
    for (const name in fields) {
      const held = fields[name];
      if (held === undefined && isSession) continue;
      if (entries[at++] !== name) return false;
      if (isScalar(held)) {
        if (!Object.is(entries[at++], held)) return false;
        continue;
      }
      this.#at = at;
      if (!this.#matchesNext(held)) return false;
      at = this.#at;
    }
    this.#at = at + 1;
    return entries[at] === END;
  }

  #matchesMap(map: Map<unknown, unknown>): boolean {
    if (this.#entries[this.#at++] !== map.size) return false;
    for (const [key, held] of map) if (!this.#matchesNext(key) || !this.#matchesNext(held)) return false;
    return true;
  }

  #matchesSet(set: Set<unknown>): boolean {
    if (this.#entries[this.#at++] !== set.size) return false;
    for (const held of set) if (!this.#matchesNext(held)) return false;
    return true;
  }
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
