import { Controller, Get, Post } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Type } from 'class-transformer';
import libsql from 'libsql';
import { CurrentSession, RequireSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
import { Browser, expectSessions, start, type Platform } from './support.js';

@Entity()
class Customer {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
  @Column({ type: 'datetime' }) since!: Date;

  greeting(): string {
    return `${this.name} since ${this.since.getUTCFullYear()}`;
  }
}

@Session('customer', { tracker: 'by-id' })
class CustomerSession {
  @SessionOwner() customerId?: number;
  @Type(() => Customer) shown?: Customer;
}

@Controller('customer')
class CustomerController {
  constructor(@InjectRepository(Customer) private readonly customers: Repository<Customer>) {}

  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<void> {
    const ann = await this.customers.save({ name: 'Ann', since: new Date('2020-06-01') });
    await sessions.login(CustomerSession, ann.id, async (session) => {
      session.shown = (await this.customers.findOneBy({ id: ann.id }))!;
    });
  }

  @Get('shown') @RequireSession(CustomerSession) shown(@CurrentSession() { shown }: CustomerSession): string {
    return `${shown instanceof Customer} ${shown!.greeting()}`;
  }

  @Get('name') @RequireSession(CustomerSession) async name(
    @CurrentSession() session: CustomerSession,
  ): Promise<string> {
    return (await this.customers.findOneByOrFail({ id: session.customerId! })).name;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    imports: [
      TypeOrmModule.forRoot({
        type: 'better-sqlite3',
        driver: libsql,
        database: ':memory:',
        entities: [Customer],
        synchronize: true,
      }),
      TypeOrmModule.forFeature([Customer]),
    ],
    controllers: [CustomerController],
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/customer/name')).status, 401);
  assert.equal((await browser.post('/customer/login')).status, 201);
  assert.equal((await browser.get('/customer/name')).text, 'Ann');
  assert.equal((await browser.get('/customer/shown')).text, 'true Ann since 2020');
  await running.app.close();
}
