import { Controller, Get, Post } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import { IsEmail, IsInt, Min, ValidateNested, validate, validateSync } from 'class-validator';
import { Type } from 'class-transformer';
import * as v from 'valibot';
import * as z from 'zod';
import {
  CurrentSession,
  Migrate,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
  type SessionOverrides,
  type SessionSchema,
} from 'nestjs-sessions';
import { type StandardSchema, type StoredFields } from 'nestjs-sessions/core';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const KEYS = ['Zs3VQb0p6mYw1kRr9Xc8Tn5Jd2Lf7HgA4eUoQvWyBtI'];
const express = platforms[0]!;

interface Content {
  visits: number;
}

function controllerOf(Type: new () => Content): new () => object {
  @Controller()
  class VisitController {
    @Get('visit') visit(@CurrentSession(Type) session: Content): object {
      session.visits++;
      return { ...session };
    }
    @Get('look') look(@CurrentSession(Type, { optional: true }) session?: Content): object {
      return session ? { ...session } : { none: true };
    }
    @Post('logout') logout(@Sessions() sessions: RequestSessions): void {
      sessions.clear(Type);
    }
  }
  return VisitController;
}

async function start<S extends Content>(
  Type: new () => S,
  overrides: Partial<SessionOverrides<S>>,
  events: SessionEvent[] = [],
): Promise<RunningApp> {
  const session = { type: Type, name: 'user', ...overrides } as unknown as SessionOverrides;
  return startApp(express, {
    imports: [SessionsModule.forRoot({ keys: KEYS, sessions: [session], onEvent: (event) => events.push(event) })],
    controllers: [controllerOf(Type)],
  });
}

class Old {
  name = 'Ada Lovelace';
  visits = 0;
}

class Present {
  firstName = '';
  visits = 0;
  @Migrate(1, 2) static shorten(old: StoredFields): StoredFields {
    const { name, ...others } = old;
    return { ...others, firstName: String(name).split(' ')[0] };
  }
}

describe.each([
  ['by value', (): object => ({})],
  ['by id', (): object => ({ storage: new SessionStorageMemory() })],
])('two versions of a session class that serve one visitor, %s', (_, where) => {
  it('lose no field when they alternate 100 times', async () => {
    const place = where();
    const apps = await Promise.all([
      start(Old, place),
      start(Present, { ...place, version: 2 }),
      start(Old, { ...place, version: 1 }),
    ]);
    let cookie = '';
    for (let turn = 0; turn < 100; turn++) {
      const answer = await ask(`${apps[turn % 3]!.url}/visit`, { cookie });
      expect(answer.json()).toMatchObject({ visits: turn + 1, ...(turn % 3 === 1 ? { firstName: 'Ada' } : {}) });
      cookie = answer.cookie('user') || cookie;
    }
    await Promise.all(apps.map((app) => app.close()));
  });

  it('keep a session of a newer version that the older one does not accept', async () => {
    const place = where();
    const events: SessionEvent[] = [];
    const [newer, older] = await Promise.all([
      start(Present, { ...place, version: 2 }),
      start(Old, { ...place, version: 1, validate: z.object({ firstName: z.never() }) as SessionSchema<Old> }, events),
    ]);
    const cookie = (await ask(`${newer.url}/visit`)).cookie('user');
    const answer = await ask(`${older.url}/look`, { cookie });
    expect([answer.json(), answer.setCookies]).toEqual([{ none: true }, []]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'rejected', session: 'user', reason: 'invalid', path: 'firstName' }),
    );
    expect((await ask(`${newer.url}/look`, { cookie })).json()).toMatchObject({ visits: 1 });
    await ask(`${older.url}/visit`, { cookie });
    expect((await ask(`${newer.url}/visit`, { cookie })).json()).toMatchObject({ visits: 2 });
    const logout = await ask(`${older.url}/logout`, { method: 'POST', cookie });
    expect(logout.setCookie('user')).toContain('Max-Age=0');
    await Promise.all([newer.close(), older.close()]);
  });

  it('keep the session of a visitor whose migration fails', async () => {
    const place = where();
    const events: SessionEvent[] = [];
    const fail = (): never => {
      throw new Error('secret-key');
    };
    const [old, broken] = await Promise.all([
      start(Old, place),
      start(Old, { ...place, version: 2, migrations: [{ from: 1, to: 2, migrate: fail }] }, events),
    ]);
    const cookie = (await ask(`${old.url}/visit`)).cookie('user');
    const answer = await ask(`${broken.url}/look`, { cookie });
    expect([answer.status, answer.json(), answer.setCookies]).toEqual([200, { none: true }, []]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'rejected', session: 'user', reason: 'invalid' }));
    expect((await ask(`${old.url}/visit`, { cookie })).json()).toMatchObject({ visits: 2 });
    await Promise.all([old.close(), broken.close()]);
  });
});

class Line {
  @IsInt() @Min(1) count = 1;
}

class Basket {
  visits = 0;
  @IsEmail() email = 'ada@example.org';
  @ValidateNested({ each: true }) @Type(() => Line) lines: Line[] = [new Line()];
}

const shape = { email: z.email(), lines: z.array(z.object({ count: z.int().min(1) })) };

describe('a session that is validated when it is loaded', () => {
  const validations: Array<[string, SessionSchema<Basket>]> = [
    ['class-validator', (basket) => validateSync(basket)],
    ['zod', z.object(shape)],
    [
      'valibot',
      v.object({
        email: v.pipe(v.string(), v.email()),
        lines: v.array(v.object({ count: v.pipe(v.number(), v.minValue(1)) })),
      }),
    ],
    ['arktype', type({ email: 'string.email', lines: type({ count: 'number >= 1' }).array() })],
  ];

  it.each(validations)(
    'is loaded if %s accepts it, otherwise rejected with the path of the field',
    async (_, validate) => {
      const events: SessionEvent[] = [];
      const storage = new SessionStorageMemory();
      class Loose extends Basket {}
      const [loose, strict] = await Promise.all([
        start(Loose, { storage }),
        start(Basket, { storage, validate }, events),
      ]);
      const good = (await ask(`${loose.url}/visit`)).cookie('user');
      expect((await ask(`${strict.url}/look`, { cookie: good })).json()).toMatchObject({ visits: 1 });
      class Wrong extends Basket {
        override lines = [new Line(), Object.assign(new Line(), { count: -77 })];
      }
      const wrong = await start(Wrong, { storage });
      const bad = (await ask(`${wrong.url}/visit`)).cookie('user');
      const answer = await ask(`${strict.url}/look`, { cookie: bad });
      expect([answer.status, answer.json()]).toEqual([200, { none: true }]);
      expect(answer.setCookie('user')).toContain('Max-Age=0');
      const rejected = events.filter((event) => event.type === 'rejected');
      expect(rejected).toEqual([{ type: 'rejected', session: 'user', reason: 'invalid', path: 'lines[1].count' }]);
      expect(JSON.stringify(events)).not.toContain('-77');
      await Promise.all([loose.close(), strict.close(), wrong.close()]);
    },
  );

  it('reports no key of a record, which may be content', async () => {
    class Mails {
      visits = 0;
      byMail: Record<string, unknown> = { 'ada@example.org': 1 };
    }
    const events: SessionEvent[] = [];
    const validate = z.object({ byMail: z.record(z.string(), z.string()) });
    const app = await start(Mails, { validate }, events);
    await ask(`${app.url}/look`, { cookie: (await ask(`${app.url}/visit`)).cookie('user') });
    expect(events).toContainEqual({ type: 'rejected', session: 'user', reason: 'invalid', path: 'byMail[key]' });
    await app.close();
  });

  it('does not accept an asynchronous validation', async () => {
    const wrong = ((basket: Basket) => validate(basket)) as unknown as SessionSchema<Basket>;
    const app = await start(Basket, { validate: wrong });
    const cookie = (await ask(`${app.url}/visit`)).cookie('user');
    expect((await ask(`${app.url}/look`, { cookie })).status).toBe(500);
    await app.close();
  });

  it('accepts any type of @standard-schema/spec', () => {
    const schema: StandardSchemaV1 = z.object(shape);
    const ours: StandardSchema = schema;
    expect(ours['~standard'].vendor).toBe('zod');
  });
});

describe('an invalid configuration is refused at start:', () => {
  const serializer = { serialize: () => '', deserialize: () => new Old() };
  it.each<[string, Partial<SessionOverrides<Old>>, RegExp]>([
    ['a serializer and a version', { version: 2, serializer }, /version and migrations are for the default serializer/],
    [
      'migrations without a version',
      { migrations: [{ from: 1, to: 2, migrate: () => {} }] },
      /need the version that they lead to/,
    ],
    ['a version of another type', { version: '2' as unknown as number }, /version must be a number/],
    [
      'a validation of another type',
      { validate: 'zod' as unknown as SessionSchema<Old> },
      /validate must be a Standard Schema/,
    ],
  ])('%s', async (_, overrides, message) => {
    await expect(start(Old, overrides)).rejects.toThrow(message);
  });

  it('@Migrate without a version', async () => {
    await expect(start(Present, {})).rejects.toThrow(/need the version that they lead to/);
  });
});
