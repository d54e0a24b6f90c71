import 'reflect-metadata';
import { Counter } from '../../../src/config/counter.decorator.js';
import { ownerReader } from '../../../src/config/owner-reader.js';
import { countersOf, declaredSessions, definitionOf, ownerOf } from '../../../src/config/session-definition.js';
import { SessionOwner } from '../../../src/config/session-owner.decorator.js';
import { Session } from '../../../src/config/session.decorator.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';

@Session('base', { tracker: 'by-id' })
class Base {
  @SessionOwner() userId?: unknown;
  @Counter() visits = 0;
  @Counter() clicks = 0;
}

class Unmarked extends Base {}

@Session('derived')
class Derived extends Base {
  @SessionOwner() tenant?: string;
  @Counter() orders = 0;
}

class Plain {}

describe('@Session', () => {
  it('says name and options of exactly its class', () => {
    expect(definitionOf(Base)).toEqual({ name: 'base', options: { tracker: 'by-id' } });
    expect(definitionOf(Derived)).toEqual({ name: 'derived', options: {} });
  });

  it('makes no session of a subclass that is not marked itself', () => {
    expect(definitionOf(Unmarked)).toBeUndefined();
    expect(declaredSessions()).not.toContain(Unmarked);
  });

  it.each([Plain, undefined, null, 'x', {}, () => {}])('says nothing of %p', (type) => {
    expect(definitionOf(type)).toBeUndefined();
  });

  it('lists the classes in the order in which they were marked, as a copy', () => {
    const declared = declaredSessions();
    expect(declared.indexOf(Base)).toBeLessThan(declared.indexOf(Derived));
    (declared as unknown[]).length = 0;
    expect(declaredSessions()).toContain(Base);
  });

  it.each([undefined, '', 5, null])('refuses the name %p', (name) => {
    expect(() => Session(name as string)(Plain)).toThrow(SessionConfigurationError);
    expect(() => Session(name as string)(Plain)).toThrow("@Session() of Plain needs a name: @Session('user_session').");
    expect(declaredSessions()).not.toContain(Plain);
  });

  it('leaves nothing to see on a class', () => {
    expect(Object.keys(Base)).toEqual([]);
    expect(JSON.stringify(new Base())).toBe('{"visits":0,"clicks":0}');
  });
});

describe('@SessionOwner', () => {
  it('is inherited, and one of its own takes its place', () => {
    expect([Base, Unmarked, Derived].map(ownerOf)).toEqual(['userId', 'userId', 'tenant']);
    expect(ownerOf(Plain)).toBeUndefined();
  });

  it('refuses two in one class, and a property without a name', () => {
    const second = () => SessionOwner()(Base.prototype, 'other');
    expect(second).toThrow(SessionConfigurationError);
    expect(second).toThrow('Base has two @SessionOwner() properties, userId and other. Keep one.');
    expect(() => SessionOwner()(Plain.prototype, Symbol('x'))).toThrow('@SessionOwner() needs a property with a name.');
    expect(ownerOf(Base)).toBe('userId');
  });
});

describe('@Counter', () => {
  it('is inherited and adds up, and a subclass leaves its base alone', () => {
    expect(countersOf(Base)).toEqual(['visits', 'clicks']);
    expect(countersOf(Unmarked)).toEqual(['visits', 'clicks']);
    expect(countersOf(Derived)).toEqual(['visits', 'clicks', 'orders']);
    expect(countersOf(Plain)).toEqual([]);
  });

  it('refuses a property without a name', () => {
    expect(() => Counter()(Plain.prototype, Symbol('x'))).toThrow('@Counter() needs a property with a name.');
  });
});

describe('readOwner', () => {
  const ownerIn = (userId: unknown) => ownerReader(Base)(Object.assign(new Base(), { userId }));

  it.each([
    ['u1', 'u1'],
    [5, '5'],
    [0, '0'],
    [12345678901234567890n, '12345678901234567890'],
  ])('gives %p as text', (value, owner) => {
    expect(ownerIn(value)).toBe(owner);
  });

  it.each([undefined, null, ''])('takes %p for nobody', (value) => {
    expect(ownerIn(value)).toBeUndefined();
  });

  it('knows nobody in a class without an owner', () => {
    expect(ownerReader(Plain)(Object.assign(new Plain(), { userId: 'u1' }))).toBeUndefined();
  });
});
