import {
  Catch,
  Controller,
  createParamDecorator,
  Get,
  Header,
  HttpCode,
  Injectable,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_PIPE, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { jest } from '@jest/globals';
import { map, of, timer, type Observable } from 'rxjs';
import {
  CurrentSession,
  RequireSession,
  Session,
  Sessions,
  SessionsInterceptor,
  SessionsModule,
  SessionStorageMemory,
  SessionStorageUnavailableError,
  type RequestSessions,
  type SessionToStore,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

@Session('visit', { tracker: 'by-id' })
class Visit {
  count = 0;
}

/** The handler and the interceptors of a call. */
const seen: string[] = [];

@Injectable()
class LookingGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const note = this.reflector.get<string>('note', handler);
    seen.push(`${context.getClass().name}.${handler.name}/${handler.length} ${note}`);
    return true;
  }
}

@Injectable()
class NoticingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => `noticed ${String(value)}`));
  }
}

@Catch(SessionStorageUnavailableError)
class UnavailableFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    if (response.raw) response.code(503).send('the filter says: later');
    else response.status(503).send('the filter says: later');
  }
}

/** Makes plain copies of all objects, like pipes that trim strings. */
const copyingPipe: PipeTransform = {
  transform: (value) => (isTheSession(value) || typeof value !== 'object' || value === null ? value : { ...value }),
};

function isTheSession(value: unknown): boolean {
  return value instanceof Visit || typeof (value as Partial<RequestSessions>)?.getOrSet === 'function';
}

const Argument = createParamDecorator((data: string) => data);

/** {@link Argument} for each of `count` parameters behind the first: `1`, `2`, ... */
function Arguments(count: number): MethodDecorator {
  return (target, name) => {
    for (let index = 1; index <= count; index++) Argument(String(index))(target, name, index);
  };
}

class BaseController {
  @Get('inherited') inherited(@CurrentSession() visit: Visit): string {
    return `inherited ${++visit.count}`;
  }

  @Get('overridden') overridden(@CurrentSession() visit: Visit): string {
    return `base ${++visit.count}`;
  }
}

@Controller()
class VisitController extends BaseController {
  @Get('value') value(@CurrentSession() visit: Visit): string {
    return `visit ${++visit.count}`;
  }

  @Get('promise') async promise(@CurrentSession() visit: Visit): Promise<string> {
    await Promise.resolve();
    return `visit ${++visit.count}`;
  }

  @Get('observable') observable(@CurrentSession() visit: Visit): Observable<string> {
    return timer(1).pipe(map(() => `visit ${++visit.count}`));
  }

  @Get('promised-observable') async promisedObservable(@CurrentSession() visit: Visit): Promise<Observable<string>> {
    return of(`visit ${++visit.count}`);
  }

  @Get('sessions') async sessions(@Sessions() sessions: RequestSessions): Promise<string> {
    const visit = (await sessions.get(Visit)) ?? new Visit();
    visit.count++;
    sessions.set(visit);
    return `visit ${visit.count}`;
  }

  @Get('marked')
  @HttpCode(202)
  @Header('x-own', 'kept')
  @SetMetadata('note', 'noted')
  @UseGuards(LookingGuard)
  marked(@CurrentSession() visit: Visit, @Argument('given') given: string): string {
    return `${given} ${++visit.count} of ${arguments.length}`;
  }

  @Get('many') @Arguments(20) many(@CurrentSession() visit: Visit, ...others: unknown[]): string {
    return `${others.join()} ${++visit.count}`;
  }

  @Get('noticed') @UseInterceptors(NoticingInterceptor) noticed(@CurrentSession() visit: Visit): string {
    return `visit ${++visit.count}`;
  }

  @Get('guarded') @RequireSession(Visit) guarded(): string {
    return `guarded ${this.constructor.name}`;
  }

  @Get('overridden') override overridden(@CurrentSession() visit: Visit, @Argument('more') more?: string): string {
    return `${more} ${++visit.count}`;
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Get() value(@CurrentSession() visit: Visit): string {
    return `visit ${++visit.count}`;
  }
}

class FailingStorage extends SessionStorageMemory {
  fails = false;

  override async write(id: string, session: SessionToStore): Promise<string> {
    if (this.fails) throw new Error('the disk is full');
    return super.write(id, session);
  }
}

describe.each(platforms)('a handler that stores its session without an interceptor, on $name', (platform) => {
  const storage = new FailingStorage();
  let url: string;
  let close: () => Promise<void>;
  let controller: VisitController;

  beforeAll(async () => {
    const running = await startApp(platform, {
      // Not by the interceptor, even with COMMIT=interceptor.
      imports: [SessionsModule.forRoot({ storage, sessions: [Visit], commit: 'handler' })],
      controllers: [VisitController, ScopedController],
      providers: [
        { provide: APP_FILTER, useClass: UnavailableFilter },
        { provide: APP_PIPE, useValue: copyingPipe },
      ],
    });
    url = running.url;
    close = () => running.close();
    controller = running.app.get(VisitController);
  });
  afterAll(() => close());
  beforeEach(() => {
    seen.length = 0;
  });

  const ways = ['value', 'promise', 'observable', 'promised-observable', 'sessions', 'scoped'];

  it.each(ways)('%s: is stored when the result is complete', async (way) => {
    const first = await ask(`${url}/${way}`);
    expect(first.text).toBe('visit 1');
    expect((await ask(`${url}/value`, { cookie: first.cookie('visit') })).text).toBe('visit 2');
  });

  it('is unchanged for guards, and gets only its own arguments', async () => {
    const answer = await ask(`${url}/marked`);
    expect([answer.status, answer.headers.get('x-own'), answer.text]).toEqual([202, 'kept', 'given 1 of 2']);
    expect(seen).toEqual(['VisitController.marked/2 noted']);
  });

  it('gets any number of arguments, and its session is stored', async () => {
    const first = await ask(`${url}/many`);
    expect(first.text).toBe('1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20 1');
    expect((await ask(`${url}/value`, { cookie: first.cookie('visit') })).text).toBe('visit 2');
  });

  it('still runs the other interceptors', async () => {
    expect((await ask(`${url}/noticed`)).text).toBe('noticed visit 1');
  });

  it('works without a session parameter, on its own controller', async () => {
    const { cookie } = await ask(`${url}/value`).then((answer) => ({ cookie: answer.cookie('visit') }));
    expect((await ask(`${url}/guarded`, { cookie })).text).toBe('guarded VisitController');
    expect((await ask(`${url}/guarded`)).status).toBe(401);
  });

  it('may be inherited or overridden', async () => {
    expect((await ask(`${url}/inherited`)).text).toBe('inherited 1');
    expect((await ask(`${url}/overridden`)).text).toBe('more 1');
  });

  it('can be called directly, as in unit tests', () => {
    const visit = new Visit();
    expect(controller.value(visit)).toBe('visit 1');
    expect(new VisitController().value(visit)).toBe('visit 2');
  });

  it.each(['handler', 'interceptor'] as const)('commit: %s stores the session', async (commit) => {
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [Visit], commit })],
      controllers: [VisitController],
    });
    const first = await ask(`${running.url}/value`);
    expect((await ask(`${running.url}/value`, { cookie: first.cookie('visit') })).text).toBe('visit 2');
    expect(Object.hasOwn(running.app.get(VisitController), 'value')).toBe(commit === 'handler');
    await running.close();
  });

  it('does not change the class: another application may override the interceptor', async () => {
    const intercept = jest.fn((_: unknown, next: { handle(): unknown }) => next.handle());
    const module = await Test.createTestingModule({
      imports: [SessionsModule.forRoot({ sessions: [Visit] })],
      controllers: [VisitController],
    })
      .overrideInterceptor(SessionsInterceptor)
      .useValue({ intercept })
      .compile();
    const app = module.createNestApplication(platform.adapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    expect((await ask(`${await app.getUrl()}/value`)).text).toBe('visit 1');
    await app.close();
    expect(intercept).toHaveBeenCalledTimes(1);
  });

  it('is stored even if a global pipe removes unknown fields', async () => {
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [Visit] })],
      controllers: [VisitController],
      providers: [
        { provide: APP_PIPE, useValue: { transform: (value: unknown) => (isTheSession(value) ? value : null) } },
      ],
    });
    const first = await ask(`${running.url}/value`);
    expect((await ask(`${running.url}/value`, { cookie: first.cookie('visit') })).text).toBe('visit 2');
    await running.close();
  });

  // Last, because the breaker pauses the storage afterwards.
  it.each([...ways, 'noticed'])('%s: a storage failure reaches exception filters', async (way) => {
    storage.fails = true;
    const answer = await ask(`${url}/${way}`);
    expect([answer.status, answer.text]).toEqual([503, 'the filter says: later']);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});
