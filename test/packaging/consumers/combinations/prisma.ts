import { Controller, Get, Post } from '@nestjs/common';
import { Decimal } from '@prisma/client-runtime-utils';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, type Platform } from './support.js';

/** A row like those of Prisma's client, whose engine is not on npm. */
const row = () => ({ id: 7, name: 'Ann', balance: new Decimal('12.30'), since: new Date('2020-06-01') });

@Session('customer', { tracker: 'by-id' })
class CustomerSession {
  @SessionOwner() customerId?: number;
  customer?: ReturnType<typeof row>;
}

@Controller('customer')
class CustomerController {
  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.login(CustomerSession, 7, (session) => {
      session.customer = row();
    });
  }

  @Get('shown') @RequireSession(CustomerSession) shown(@CurrentSession() { customer }: CustomerSession): string {
    const { balance, since } = customer!;
    return `${typeof balance} ${new Decimal(balance).add(1)} since ${since.getUTCFullYear()}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, { controllers: [CustomerController] });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/customer/shown')).status, 401);
  await browser.post('/customer/login');
  // The Decimal is stored as text.
  assert.equal((await browser.get('/customer/shown')).text, 'string 13.3 since 2020');
  await running.app.close();
}
