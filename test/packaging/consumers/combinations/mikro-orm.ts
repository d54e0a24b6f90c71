import { EntitySchema, MikroORM, wrap } from '@mikro-orm/core';
import { LibSqlDriver } from '@mikro-orm/libsql';
import { Controller, Get, Inject, Post } from '@nestjs/common';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, type Platform } from './support.js';

class Customer {
  id!: number;
  name!: string;
  hash!: string;
}

const customerSchema = new EntitySchema({
  class: Customer,
  properties: {
    id: { type: 'number', primary: true },
    name: { type: 'string' },
    hash: { type: 'string', hidden: true },
  },
});

@Session('customer', { tracker: 'by-id' })
class CustomerSession {
  @SessionOwner() customerId?: number;
  customer?: unknown;
}

@Controller('customer')
class CustomerController {
  constructor(@Inject(MikroORM) private readonly orm: MikroORM) {}

  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<void> {
    const em = this.orm.em.fork();
    const ann = await em.findOneOrFail(Customer, { name: 'Ann' });
    await sessions.login(CustomerSession, ann.id, (session) => {
      session.customer = wrap(ann).toObject();
    });
  }

  /** The hidden hash of the entity is not stored in the session. */
  @Get('entity') @RequireSession(CustomerSession) async entity(
    @CurrentSession() session: CustomerSession,
  ): Promise<string> {
    session.customer = await this.orm.em.fork().findOneOrFail(Customer, { id: session.customerId! });
    return 'stored';
  }

  @Get('shown') @RequireSession(CustomerSession) shown(@CurrentSession() { customer }: CustomerSession): object {
    return customer as object;
  }
}

export async function check(platform: Platform): Promise<void> {
  const orm = await MikroORM.init({
    driver: LibSqlDriver,
    dbName: ':memory:',
    entities: [customerSchema],
    metadataCache: { enabled: false },
  });
  await orm.getSchemaGenerator().createSchema();
  const em = orm.em.fork();
  em.create(Customer, { id: 7, name: 'Ann', hash: 'of the password' });
  await em.flush();
  const running = await start(platform, {
    providers: [{ provide: MikroORM, useValue: orm }],
    controllers: [CustomerController],
    prepare: (app) => app.useLogger(false),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.post('/customer/login');
  const shown = { status: 200, text: '{"id":7,"name":"Ann"}' };
  for (const path of ['shown', 'entity', 'shown']) {
    const { status, text } = await browser.get(`/customer/${path}`);
    if (path === 'entity') assert.equal(status, 500);
    else assert.deepEqual({ status, text }, shown);
  }
  await running.app.close();
  await orm.close();
}
