import { Controller, Get, Inject, Post } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { drizzle, type SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy';
import libsql from 'libsql';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, type Platform } from './support.js';

const customers = sqliteTable('customer', {
  id: integer().primaryKey(),
  name: text().notNull(),
  since: integer({ mode: 'timestamp' }).notNull(),
});
type Customer = typeof customers.$inferSelect;
const DATABASE = 'DATABASE';

@Session('customer', { tracker: 'by-id' })
class CustomerSession {
  @SessionOwner() customerId?: number;
  customer?: Customer;
}

@Controller('customer')
class CustomerController {
  constructor(@Inject(DATABASE) private readonly database: SqliteRemoteDatabase) {}

  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<void> {
    const [ann] = await this.database.select().from(customers).where(eq(customers.name, 'Ann'));
    await sessions.login(CustomerSession, ann!.id, (session) => {
      session.customer = ann!;
    });
  }

  @Get('shown') @RequireSession(CustomerSession) shown(@CurrentSession() { customer }: CustomerSession): string {
    return `${customer!.id} ${customer!.name} since ${customer!.since.getUTCFullYear()}`;
  }
}

function openDatabase(): SqliteRemoteDatabase {
  const file = new libsql(':memory:');
  file.exec('CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, since INTEGER NOT NULL)');
  return drizzle(async (sql, values, method) => {
    const statement = file.prepare(sql);
    if (method === 'run') return { rows: [statement.run(...values)] };
    return { rows: statement.raw(true).all(...values) };
  });
}

export async function check(platform: Platform): Promise<void> {
  const database = openDatabase();
  await database.insert(customers).values({ id: 7, name: 'Ann', since: new Date('2020-06-01') });
  const running = await start(platform, {
    providers: [{ provide: DATABASE, useValue: database }],
    controllers: [CustomerController],
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/customer/shown')).status, 401);
  await browser.post('/customer/login');
  assert.equal((await browser.get('/customer/shown')).text, '7 Ann since 2020');
  await running.app.close();
}
