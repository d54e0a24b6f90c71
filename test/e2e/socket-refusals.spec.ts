import {
  Catch,
  Controller,
  Get,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  BaseWsExceptionFilter,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
  type WsResponse,
} from '@nestjs/websockets';
import {
  CurrentSession,
  Public,
  RequireFresh,
  RequireSession,
  RequireSessionGuard,
  Session,
  SessionLimitError,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
  SessionWrongValueError,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { concat, map, of, throwError, timeout } from 'rxjs';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { socketKinds, type Message, type Socket } from '../support/sockets.js';

@Session('account', { tracker: 'by-id', maxPerOwner: { limit: 1, beyond: 'refuse' }, onClash: 'reject' })
class AccountSession {
  @SessionOwner() user = '';
  messages = 0;
  broken?: unknown;
}

@Session('wallet')
class WalletSession {
  coins = 0;
}

const said = (data: unknown): WsResponse<unknown> => ({ event: 'said', data });
const seen: unknown[] = [];
let handled: string[] = [];

@Catch(WsException)
class SeeingFilter extends BaseWsExceptionFilter {
  override handleError(...args: Parameters<BaseWsExceptionFilter['handleError']>): void {
    seen.push((args[1] as WsException).getError());
    super.handleError(...args);
  }
}

class OwnGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    return (await sessionsOf(context.switchToWs().getClient()).get(AccountSession)) !== undefined;
  }
}

class EditingInterceptor implements NestInterceptor {
  intercept(_: unknown, next: CallHandler<WsResponse<Partial<AccountSession>>>) {
    return next.handle().pipe(
      map((answer) => {
        answer.data.user = 'edited';
        delete answer.data.messages;
        return answer;
      }),
    );
  }
}

class ShortPatience implements NestInterceptor {
  intercept(_: unknown, next: CallHandler) {
    // An error would not be sent by Nest 11 to a native socket.
    return next.handle().pipe(timeout({ each: 20, with: () => of({ event: 'said', data: 'timeout' }) }));
  }
}

@UseFilters(SeeingFilter)
class Handlers {
  @Public() @SubscribeMessage('required') required(@CurrentSession({ required: true }) session: AccountSession) {
    return said(session.user);
  }
  @Public() @RequireSession(AccountSession) @SubscribeMessage('guarded') guarded() {
    return said('in');
  }
  @Public() @RequireFresh(AccountSession, { withinSeconds: 60 }) @SubscribeMessage('fresh') fresh() {
    return said('in');
  }
  @SubscribeMessage('everywhere') everywhere() {
    return said('in');
  }
  @Public() @SubscribeMessage('look') look(@CurrentSession({ optional: true }) session?: AccountSession) {
    return said(session?.user ?? 'nobody');
  }
  @Public() @SubscribeMessage('count') count(@CurrentSession() session: AccountSession) {
    handled.push('handler');
    session.messages += 1;
    return said(session.messages);
  }
  @Public() @SubscribeMessage('count-twice') countTwice(@CurrentSession() session: AccountSession) {
    session.messages += 1;
    return concat(of(said('first')), of(said('second')));
  }
  @Public() @SubscribeMessage('pay') pay(@CurrentSession() wallet: WalletSession) {
    wallet.coins -= 1;
    return said('paid');
  }
  @Public() @SubscribeMessage('pay-twice') payTwice(@CurrentSession() wallet: WalletSession) {
    wallet.coins -= 1;
    return concat(of(said('first')), of(said('second')));
  }
  @Public() @SubscribeMessage('limit') limit() {
    throw new SessionLimitError('account', 1, []);
  }
  @Public() @SubscribeMessage('login') async login(@Sessions() sessions: RequestSessions) {
    await sessions.login(AccountSession, 'ada');
    return said('in');
  }
  @Public() @SubscribeMessage('broken') broken(@CurrentSession() session: AccountSession) {
    session.broken = () => {};
    return said('done');
  }
  @Public() @SubscribeMessage('by-hand') async byHand(...[client]: object[]) {
    const session = await sessionsOf(client!).get(AccountSession);
    return said(session?.user ?? 'nobody');
  }
  @Public() @SubscribeMessage('save-by-hand') async saveByHand(...[client]: object[]) {
    const sessions = sessionsOf(client!);
    const session = await sessions.get(AccountSession);
    session!.messages += 1;
    await sessions.save();
    return said('stored');
  }
  @Public() @UseGuards(OwnGuard) @SubscribeMessage('own-guard') ownGuard() {
    return said('in');
  }
  @Public() @SubscribeMessage('count-then-throw') countThenThrow(@CurrentSession() session: AccountSession) {
    session.messages += 1;
    return concat(
      of(said('first')),
      throwError(() => new WsException('second')),
    );
  }
  @Public() @UseInterceptors(EditingInterceptor) @SubscribeMessage('show') show(
    @CurrentSession() session: AccountSession,
  ) {
    return said(session);
  }
  @Public() @UseInterceptors(ShortPatience) @SubscribeMessage('slow') async slow(
    @CurrentSession() session: AccountSession,
  ) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    session.messages += 1;
    return said('done');
  }
  @Public() @SubscribeMessage('wrong') wrong() {
    throw new SessionWrongValueError('A sentence for developers.');
  }
}

@Controller()
class AccountController {
  @Public() @Get('enter') async enter(@Sessions() sessions: RequestSessions, @CurrentSession() wallet: WalletSession) {
    wallet.coins = 9;
    await sessions.login(AccountSession, `user-${(entered += 1)}`);
  }
  @Public() @Get('me') me(@CurrentSession({ optional: true }) session?: AccountSession) {
    return { messages: session?.messages };
  }
}
let entered = 0;

const cases = platforms.flatMap((platform) => socketKinds.map((kind) => ({ platform, kind })));

describe.each(cases)('a message that is refused over $kind.name on $platform.name', ({ platform, kind }) => {
  let running: RunningApp;
  let down: 'nothing' | 'reads' | 'writes' = 'nothing';
  let sockets: Socket[] = [];
  const events: string[] = [];

  class FailingStorage extends SessionStorageMemory {
    override read(id: string) {
      return down === 'reads' ? Promise.reject(new Error('down')) : super.read(id);
    }
    override async replace(...args: Parameters<SessionStorageMemory['replace']>) {
      if (down === 'writes') throw new Error('down');
      await new Promise((resolve) => setTimeout(resolve, 5));
      const replaced = await super.replace(...args);
      handled.push('stored');
      return replaced;
    }
  }

  beforeAll(async () => {
    @WebSocketGateway()
    class AccountGateway extends Handlers {}

    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [AccountSession, WalletSession],
          storage: new FailingStorage(),
          onEvent: ({ type }: SessionEvent) => void events.push(type),
        }),
      ],
      controllers: [AccountController],
      providers: [AccountGateway, { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(AccountSession) }],
      prepare: (app) => kind.prepare(app),
    });
  });
  beforeEach(() => {
    down = 'nothing';
    handled = [];
    seen.length = 0;
  });
  afterEach(() => {
    for (const socket of sockets) socket.close();
    sockets = [];
  });
  afterAll(() => running.close());

  async function connect(cookie?: string): Promise<Socket> {
    const socket = await kind.connect(running.url, cookie ? { cookie } : {});
    sockets.push(socket);
    return socket;
  }
  async function enter(): Promise<string> {
    const answer = await ask(`${running.url}/enter`);
    return `${answer.cookie('account')}; ${answer.cookie('wallet')}`;
  }
  const refused = (code: string, message: unknown = expect.any(String)): Message => ({
    event: 'exception',
    data: { status: 'error', code, message },
  });
  const ways = ['required', 'guarded', 'fresh', 'everywhere'];

  it.each(ways)('gives UNAUTHENTICATED without a session, and 503 while the storage is down: %s', async (event) => {
    const stranger = await connect();
    expect(await stranger.ask(event)).toEqual(refused('UNAUTHENTICATED', 'Unauthorized'));
    const socket = await connect(await enter());
    expect((await socket.ask(event)).event).toBe('said');
    down = 'reads';
    expect(await socket.ask(event)).toEqual(
      refused('SESSION_STORAGE_UNAVAILABLE', 'Sessions are not available right now. Try again.'),
    );
    down = 'nothing';
    expect((await socket.ask(event)).event).toBe('said');
  });
  it('reaches the filters of the application as a WsException', async () => {
    await (await connect()).ask('guarded');
    expect(seen).toEqual([{ status: 'error', code: 'UNAUTHENTICATED', message: 'Unauthorized' }]);
  });
  it('contains the code, never "Internal server error"', async () => {
    const socket = await connect(await enter());
    expect(await socket.ask('limit')).toEqual(refused('SESSION_LIMIT', expect.stringContaining('account')));
    expect(await socket.ask('login')).toEqual(refused('SESSION_TOO_LATE'));
    expect(await socket.ask('broken')).toEqual(refused('SESSION_UNSERIALIZABLE', 'The session could not be used.'));
    expect(await socket.ask('wrong')).toEqual(refused('SESSION_WRONG_VALUE', 'The session could not be used.'));
  });
  it('contains the same code if the handler uses sessionsOf', async () => {
    const socket = await connect(await enter());
    expect((await socket.ask('by-hand')).data).toMatch(/^user-/);
    down = 'reads';
    expect(await socket.ask('by-hand')).toEqual(refused('SESSION_STORAGE_UNAVAILABLE'));
    down = 'writes';
    expect(await socket.ask('save-by-hand')).toEqual(refused('SESSION_STORAGE_UNAVAILABLE'));
    down = 'nothing';
    expect(await socket.ask('save-by-hand')).toEqual(said('stored'));
  });
  it('says the same where a guard of the application uses sessions', async () => {
    const socket = await connect(await enter());
    down = 'reads';
    expect(await socket.ask('own-guard')).toEqual(refused('SESSION_STORAGE_UNAVAILABLE'));
    down = 'nothing';
    expect(await socket.ask('own-guard')).toEqual(said('in'));
  });
  it('comes after the answers before it', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    expect(await socket.ask('count-then-throw')).toEqual(said('first'));
    expect((await ask(`${running.url}/me`, { cookie })).json()).toEqual({ messages: 1 });
  });
  it('stores nothing of what an interceptor edits in the answer', async () => {
    const cookie = await enter();
    const socket = await connect(cookie);
    expect((await socket.ask('show')).data).toEqual({ user: 'edited' });
    expect((await socket.ask('look')).data).toMatch(/^user-/);
    expect((await ask(`${running.url}/me`, { cookie })).json()).toEqual({ messages: 0 });
  });
  it('reports what a handler changes after a timeout', async () => {
    const socket = await connect(await enter());
    events.length = 0;
    expect(await socket.ask('slow')).toEqual(said('timeout'));
    for (let waited = 0; waited < 100 && !events.includes('too-late'); waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(events).toContain('too-late');
  });
  it('is sent after the session is stored', async () => {
    const socket = await connect(await enter());
    handled = [];
    const answer = await socket.ask('count');
    handled.push('answer');
    expect(answer).toEqual({ event: 'said', data: 1 });
    expect(handled).toEqual(['handler', 'stored', 'answer']);
  });
  it.each(['count', 'count-twice'])(
    'gives an error instead of the reply if the session is not stored: %s',
    async (event) => {
      const cookie = await enter();
      const socket = await connect(cookie);
      down = 'writes';
      expect(await socket.ask(event)).toEqual(refused('SESSION_STORAGE_UNAVAILABLE'));
      down = 'nothing';
      // The next message is the next reply: the refused one sent nothing else.
      expect((await socket.ask('look')).data).toMatch(/^user-/);
      expect((await ask(`${running.url}/me`, { cookie })).json()).toEqual({ messages: 0 });
    },
  );
  it.each(['pay', 'pay-twice'])('by value is refused before the reply, with the reason: %s', async (event) => {
    const socket = await connect(await enter());
    expect(await socket.ask(event)).toEqual(
      refused('SESSION_TOO_LATE', 'The session cannot be changed over this connection.'),
    );
    expect((await socket.ask('look')).data).toMatch(/^user-/);
  });
});
