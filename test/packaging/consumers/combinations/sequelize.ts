import { Controller, Get, Post } from '@nestjs/common';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { DataTypes, Model, Sequelize } from 'sequelize';
import { Browser, expectSessions, start, type Platform } from './support.js';

class Customer extends Model {}

@Session('customer', { tracker: 'by-id' })
class CustomerSession {
  @SessionOwner() customerId?: number;
  customer?: unknown;
}

/** A database row, without a database. */
const ann = (): Customer =>
  Customer.build({ id: 7, name: 'Ann', since: new Date('2020-06-01') }, { isNewRecord: false });

@Controller('customer')
class CustomerController {
  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.login(CustomerSession, 7, (session) => {
      session.customer = ann().get({ plain: true });
    });
  }

  /** A model has getters for its values. */
  @Get('model') @RequireSession(CustomerSession) model(@CurrentSession() session: CustomerSession): string {
    session.customer = ann();
    return 'stored';
  }

  @Get('shown') @RequireSession(CustomerSession) shown(@CurrentSession() session: CustomerSession): string {
    const customer = session.customer as { id: number; name: string; since: Date };
    return `${customer.id} ${customer.name} since ${customer.since.getUTCFullYear()}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const sequelize = new Sequelize({ dialect: 'postgres', logging: false });
  const attributes = {
    id: { type: DataTypes.INTEGER, primaryKey: true },
    name: DataTypes.STRING,
    since: DataTypes.DATE,
  };
  Customer.init(attributes, { sequelize });
  const running = await start(platform, {
    controllers: [CustomerController],
    prepare: (app) => app.useLogger(false),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.post('/customer/login');
  assert.equal((await browser.get('/customer/shown')).text, '7 Ann since 2020');
  assert.equal((await browser.get('/customer/model')).status, 500);
  assert.equal((await browser.get('/customer/shown')).text, '7 Ann since 2020');
  await running.app.close();
}
