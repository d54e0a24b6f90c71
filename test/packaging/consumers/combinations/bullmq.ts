import { BullModule, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Controller, Post } from '@nestjs/common';
import { QueueEvents, type Job, type Queue } from 'bullmq';
import { CurrentSession, RequireSession, SessionsService } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { startRedis } from './redis-server.js';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

const QUEUE = 'sign-outs';

@Processor(QUEUE)
class SignOuts extends WorkerHost {
  constructor(private readonly sessions: SessionsService) {
    super();
  }

  process(job: Job<{ name: string }>): Promise<number> {
    return this.sessions.revokeAll(UserSession, job.data.name);
  }
}

@Controller()
class SignOutController {
  constructor(@InjectQueue(QUEUE) private readonly queue: Queue<{ name: string }, number>) {}

  @Post('later') @RequireSession(UserSession) async later(@CurrentSession() session: UserSession): Promise<string> {
    const job = await this.queue.add('sign-out', { name: session.name! });
    return job.id!;
  }
}

export async function check(platform: Platform): Promise<void> {
  const redis = await startRedis();
  const connection = { host: redis.host, port: redis.port };
  const prefix = `t${randomBytes(6).toString('hex')}`;
  const running = await start(platform, {
    imports: [BullModule.forRoot({ connection, prefix }), BullModule.registerQueue({ name: QUEUE })],
    providers: [SignOuts],
    controllers: [SignOutController],
  });
  const events = new QueueEvents(QUEUE, { connection, prefix });
  await events.waitUntilReady();
  await expectSessions(running);
  const browser = new Browser(running.url);
  await browser.post('/login');
  const completed = new Promise((resolve) => events.on('completed', resolve));
  await browser.post('/later');
  await completed;
  assert.equal((await browser.get('/secret')).status, 401);
  await events.close();
  await running.app.get<Queue>(`BullQueue_${QUEUE}`).obliterate({ force: true });
  await running.app.close();
  await redis.close();
}
