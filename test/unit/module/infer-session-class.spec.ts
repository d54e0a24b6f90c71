import 'reflect-metadata';
import { Session } from '../../../src/config/session.decorator.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { hideFromPipes, inferSessionClass } from '../../../src/module/decorators/infer-session-class.js';

@Session('inferred')
class UserSession {}
class Extended extends UserSession {}
class Plain {}
const Anonymous = (() => class {})();

class AppController {
  visit(): void {}
}

/** The types of a handler's parameters, as TypeScript writes them; `undefined`: a build that writes none. */
function withTypes(types: unknown[] | undefined): object {
  class Controller extends AppController {
    override visit(): void {}
  }
  if (types) Reflect.defineMetadata('design:paramtypes', types, Controller.prototype, 'visit');
  return Controller.prototype;
}

describe('inferSessionClass', () => {
  it('is the declared class of the parameter, where that is marked by @Session', () => {
    const target = withTypes([Object, UserSession]);
    expect(inferSessionClass('CurrentSession', target, 'visit', 1)).toBe(UserSession);
  });

  it.each([
    ['a union or an interface', [Object, Object], 'Object'],
    ['a class without a name', [Object, Anonymous], 'something else'],
    ['an `import type`, or a circular import', [Object, undefined], 'no type'],
    ['a parameter that is not there', [Object], 'no type'],
    ['a build without metadata', undefined, 'no type'],
  ])('is refused for %s, with what to write instead', (_, types, seen) => {
    const infer = () => inferSessionClass('CurrentSession', withTypes(types), 'visit', 1);
    expect(infer).toThrow(SessionConfigurationError);
    expect(infer).toThrow(
      'Controller.visit(), parameter 2: @CurrentSession() cannot infer the session class; it finds ' +
        `${seen}. Use @CurrentSession(UserSession).`,
    );
  });

  it.each([
    ['a class without @Session', Plain, 'plain'],
    ['a subclass that is not marked itself', Extended, 'extended'],
  ])('is refused for %s, and says first that it has none', (_, declared, name) => {
    const infer = () => inferSessionClass('CurrentSession', withTypes([Object, declared]), 'visit', 1);
    expect(infer).toThrow(SessionConfigurationError);
    expect(infer).toThrow(
      `Controller.visit(), parameter 2: ${declared.name} has no @Session('name'). Add @Session('${name}') to the class`,
    );
  });

  it('does not take the types of an inherited handler, which may be another', () => {
    class Base {}
    Reflect.defineMetadata('design:paramtypes', [UserSession], Base.prototype, 'visit');
    class Derived extends Base {}
    expect(() => inferSessionClass('CurrentSession', Derived.prototype, 'visit', 0)).toThrow('Derived.visit()');
  });

  it('names symbols too', () => {
    expect(() => inferSessionClass('X', AppController.prototype, Symbol('s'), 0)).toThrow('AppController.Symbol(s)()');
  });
});

describe('hideFromPipes', () => {
  it('hides one parameter, and leaves the others', () => {
    const target = withTypes([Plain, UserSession, String]);
    hideFromPipes(target, 'visit', 1);
    expect(Reflect.getMetadata('design:paramtypes', target, 'visit')).toEqual([Plain, Object, String]);
  });

  it('needs no metadata', () => {
    expect(() => hideFromPipes(withTypes(undefined), 'visit', 0)).not.toThrow();
  });
});
