import {
  BadRequestException,
  Catch,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  HttpException,
  Injectable,
  Logger,
  Module,
  Param,
  ParseIntPipe,
  Post,
  Body,
  Query,
  Res,
  ServiceUnavailableException,
  Sse,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { jest } from '@jest/globals';
import { catchError, of, type Observable } from 'rxjs';
import { CurrentSession, RequireSession, Sessions, sessionsOf, type RequestSessions } from 'nestjs-sessions';
import { platforms } from '../support/platforms.js';
import { holdBench } from './hold-bench.js';
import { Visit, watchUncaught } from './hold-support.js';

async function touch(request: object): Promise<void> {
  const visit = await sessionsOf(request).getOrSet(Visit, () => new Visit());
  visit.count++;
}

@Injectable()
class AllowingTouchGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await touch(context.switchToHttp().getRequest());
    return true;
  }
}

@Injectable()
class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class TouchingThenRefusingGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await touch(context.switchToHttp().getRequest());
    return false;
  }
}

@Injectable()
class TouchingThenThrowingGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await touch(context.switchToHttp().getRequest());
    throw new BadRequestException('not like this');
  }
}

@Injectable()
class TouchingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    if (value === 'bad') throw new BadRequestException('bad value');
    return value;
  }
}

/** Responds directly, without Nest. */
@Catch(HttpException)
class AnsweringFilter implements ExceptionFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse().status(error.getStatus()).send({ answeredBy: 'the filter' });
  }
}

/** Changes the session on an error, for example for a flash message. */
@Catch()
class TouchingFilter implements ExceptionFilter {
  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    await touch(http.getRequest());
    const status = error instanceof HttpException ? error.getStatus() : 500;
    const response = http.getResponse();
    // On Fastify, a filter gets Node's response for an error of middleware.
    if (response.status) response.status(status).send({ touched: true });
    else response.writeHead(status).end('{"touched":true}');
  }
}

@Injectable()
class RescuingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError(() => of('rescued')));
  }
}

@Controller()
class RefusalsController {
  @Get('guard') @UseGuards(RefusingGuard) guard(@CurrentSession() visit: Visit) {
    return ++visit.count;
  }
  @Get('guard-touched') @UseGuards(TouchingThenRefusingGuard) guardTouched(@CurrentSession() visit: Visit) {
    return ++visit.count;
  }
  @Get('guard-thrown') @UseGuards(TouchingThenThrowingGuard) guardThrown() {
    return 'never';
  }
  @Get('required') @RequireSession(Visit) required() {
    return 'in';
  }
  @Get('required/redirect') @RequireSession(Visit, { redirectTo: '/login' }) requiredRedirect() {
    return 'in';
  }
  @Get('pipe/:value') pipe(@CurrentSession() visit: Visit, @Param('value', ParseIntPipe) value: number) {
    visit.count += value;
    return 'never for words';
  }
  @Get('pipe-guarded') @UseGuards(AllowingTouchGuard) pipeGuarded(
    @CurrentSession() _visit: Visit,
    @Query('value', TouchingPipe) value: string,
  ) {
    return value;
  }
  @Get('param/required') paramRequired(@CurrentSession({ required: true }) visit: Visit) {
    return visit.count;
  }
  @Get('throws/:status') throws(@CurrentSession() visit: Visit, @Param('status') status: string): never {
    visit.count++;
    throw new HttpException('as asked', Number(status));
  }
  @Get('throws-unknown') throwsUnknown(@CurrentSession() visit: Visit): never {
    visit.count++;
    throw new TypeError('a bug');
  }
  @Get('throws-after-save') async throwsAfterSave(
    @CurrentSession() visit: Visit,
    @Sessions() sessions: RequestSessions,
  ): Promise<never> {
    visit.count++;
    await sessions.save();
    visit.count = 100;
    throw new ServiceUnavailableException();
  }
  @Get('throws-after-clear') throwsAfterClear(@Sessions() sessions: RequestSessions): never {
    sessions.clear(Visit);
    throw new TypeError('a bug after the logout');
  }
  @Get('status/:status') status(
    @CurrentSession() visit: Visit,
    @Param('status') status: string,
    @Res({ passthrough: true }) response: any,
  ) {
    visit.count++;
    response.status(Number(status));
    return 'by status alone';
  }
  @Get('http-code') @HttpCode(503) httpCode(@CurrentSession() visit: Visit) {
    return `visit ${++visit.count}`;
  }
  @Get('res-status/:status') resStatus(
    @CurrentSession() visit: Visit,
    @Param('status') status: string,
    @Res() response: any,
  ) {
    visit.count++;
    response.status(Number(status)).send('by status alone');
  }
  @Get('rescued') @UseInterceptors(RescuingInterceptor) rescued(@CurrentSession() visit: Visit): never {
    visit.count++;
    throw new TypeError('a bug that somebody catches');
  }
  @Get('filter/:status') @UseFilters(AnsweringFilter) filter(
    @CurrentSession() visit: Visit,
    @Param('status') status: string,
  ): never {
    visit.count++;
    throw new HttpException('as asked', Number(status));
  }
  @Get('filter-touching/:status') @UseFilters(TouchingFilter) filterTouching(@Param('status') status: string): never {
    throw new HttpException('as asked', Number(status));
  }
  @Sse('sse/:status') sse(@CurrentSession() visit: Visit, @Param('status') status: string): never {
    visit.count++;
    throw new HttpException('as asked', Number(status));
  }
  @Post('body') body(@CurrentSession() visit: Visit, @Body() _body: object) {
    return ++visit.count;
  }
}

@Module({})
class TouchingMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(async (request: any) => {
        await touch(request);
        throw new ForbiddenException('refused by middleware');
      })
      .forRoutes('middleware-fails');
    consumer
      .apply((request: any, response: any, next: () => void) => {
        if (!request.originalUrl.includes('middleware-answers')) return next();
        void touch(request).then(() => response.end('answered by middleware'));
      })
      .forRoutes('{*splat}');
  }
}

describe.each(platforms)('a response without a handler value, on $name', (platform) => {
  const bench = holdBench(platform, { imports: [TouchingMiddleware], controllers: [RefusalsController] });
  watchUncaught();
  // Nest logs errors of handlers.
  beforeEach(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  /** The status, and the session afterwards; `undefined` if no session was sent. */
  async function outcome(path: string, method = 'GET'): Promise<[status: number, count: number | null | undefined]> {
    const answer = await bench.get(path, { method });
    const stored = answer.cookies('visit').length > 0 ? await bench.stored(answer.cookie('visit')) : undefined;
    return [answer.status, stored];
  }

  const rows: Array<[what: string, path: string, status: number, count: number | undefined]> = [
    ['a guard that refuses without a session', '/guard', 403, undefined],
    ['a guard that changes the session and refuses', '/guard-touched', 403, 1],
    ['a guard that changes the session and throws', '/guard-thrown', 400, 1],
    ['@RequireSession', '/required', 401, undefined],
    ['@RequireSession with redirect', '/required/redirect', 302, undefined],
    ['@CurrentSession({ required: true })', '/param/required', 401, undefined],
    ['a pipe that fails', '/pipe/words', 400, undefined],
    ['a pipe that fails after the session was changed', '/pipe-guarded?value=bad', 400, 1],
    ['middleware that changes the session and fails', '/middleware-fails', 403, 1],
    ['middleware that changes the session and answers', '/middleware-answers', 200, 1],
    ['an unknown route', '/nowhere', 404, undefined],
    ['a handler that throws 400', '/throws/400', 400, 1],
    ['a handler that throws 404', '/throws/404', 404, 1],
    ['a handler that throws 499', '/throws/499', 499, 1],
    ['a handler that throws 500', '/throws/500', 500, undefined],
    ['a handler that throws 503', '/throws/503', 503, undefined],
    ['a handler with a bug', '/throws-unknown', 500, undefined],
    ['a handler that saves and throws 503', '/throws-after-save', 503, 1],
    ['a handler that sets status 404', '/status/404', 404, 1],
    ['a handler that sets status 500', '/status/500', 500, undefined],
    ['a handler with @HttpCode(503)', '/http-code', 503, undefined],
    ['a handler that sends with status 404', '/res-status/404', 404, 1],
    ['a handler that sends with status 500', '/res-status/500', 500, undefined],
    ['a bug that an outer interceptor makes good', '/rescued', 200, 1],
    ['a filter that answers by itself, 4xx', '/filter/418', 418, 1],
    ['a filter that answers by itself, 5xx', '/filter/501', 501, undefined],
    ['a filter that changes the session, 4xx', '/filter-touching/418', 418, 1],
    ['a filter that changes the session, 5xx', '/filter-touching/500', 500, undefined],
  ];

  it.each(rows)('%s: %s answers %i, the session holds %p', async (_what, path, status, count) => {
    expect(await outcome(path)).toEqual([status, count]);
    const sequence = bench.storage.taken();
    if (count === undefined) expect(sequence).toEqual(['the head arrives']);
    else expect(sequence).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(bench.eventTypes()).not.toContain('too-late');
  });

  // Nest 12 responds with the status, Nest 11 with 200 and an error event.
  it('an @Sse handler that throws: the status of the response determines whether changes are stored', async () => {
    for (const [asked, path] of [400, 500].map((status) => [status, `/sse/${status}`] as const)) {
      const [status, count] = await outcome(path);
      expect([200, asked]).toContain(status);
      expect(count).toBe(status < 500 ? 1 : undefined);
    }
  });

  it('an invalid JSON body: 400, sessions unchanged, before middleware (Express) or after it', async () => {
    const answer = await bench.get('/body', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"broken":',
    });
    expect(answer.status).toBe(400);
    for (const name of ['set-cookie', 'vary']) expect(answer.all(name)).toEqual([]);
  });

  it('a redirect of @RequireSession has Location and Vary', async () => {
    const answer = await bench.get('/required/redirect');
    expect([answer.all('location'), answer.all('vary')]).toEqual([['/login'], ['Cookie']]);
  });

  it('an invalid cookie is cleared with any response', async () => {
    for (const path of ['/required', '/param/required', '/throws/400', '/throws-unknown', '/guard-touched']) {
      const answer = await bench.get(path, { cookie: 'visit=dead' });
      expect([path, answer.cookies('visit').length]).toEqual([path, 1]);
    }
    const refused = await bench.get('/required', { cookie: 'visit=dead' });
    expect(refused.cookies('visit')[0]).toContain('Max-Age=0');
  });

  it('clear() takes effect even if the handler fails with 500', async () => {
    const cookie = (await bench.value(() => 'in')).cookie('visit');
    bench.storage.taken();
    const answer = await bench.get('/throws-after-clear', { cookie });
    expect(answer.status).toBe(500);
    expect(answer.cookies('visit')).toEqual([expect.stringContaining('Max-Age=0')]);
    expect(bench.storage.taken().slice(-3)).toEqual(['invalidate begins', 'invalidate ends', 'the head arrives']);
    expect(await bench.stored(cookie)).toBeNull();
  });

  it('a 500 does not change the stored session', async () => {
    const cookie = (await bench.value(() => 'in')).cookie('visit');
    expect((await bench.get('/throws-unknown', { cookie })).status).toBe(500);
    expect(await bench.stored(cookie)).toBe(1);
  });
});

describe.each(platforms)('saveOnServerError, on $name', (platform) => {
  const bench = holdBench(platform, {
    controllers: [RefusalsController],
    options: { saveOnServerError: true },
  });
  watchUncaught();
  beforeEach(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  it.each(['/throws/500', '/throws-unknown', '/res-status/500', '/http-code', '/filter/501'])(
    '%s is stored before the head is sent, as in Ktor',
    async (path) => {
      const answer = await bench.get(path);
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
      expect(await bench.stored(answer.cookie('visit'))).toBe(1);
    },
  );
});

describe.each(platforms)('a global filter that changes a session, on $name', (platform) => {
  const bench = holdBench(platform, {
    imports: [TouchingMiddleware],
    controllers: [RefusalsController],
    prepare: (app) => void app.useGlobalFilters(new TouchingFilter()),
  });
  watchUncaught();
  beforeEach(() => void jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined));
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['an unknown route', '/nowhere', 404, 1],
    ['a guard that refuses', '/guard', 403, 1],
    ['a guard that changed it too', '/guard-touched', 403, 2],
    ['middleware that changed it too', '/middleware-fails', 403, 2],
    ['a handler that throws 400', '/throws/400', 400, 2],
  ])('%s: %s', async (_what, path, status, count) => {
    const answer = await bench.get(path);
    expect([answer.status, answer.text]).toEqual([status, '{"touched":true}']);
    expect(bench.storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(await bench.stored(answer.cookie('visit'))).toBe(count);
  });

  it('an invalid JSON body: the change of the filter is stored, except with a 5xx', async () => {
    const answer = await bench.get('/body', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"broken":',
    });
    expect(answer.text).toBe('{"touched":true}');
    expect(bench.storage.taken().at(-1)).toBe('the head arrives');
    if (answer.status < 500) expect(await bench.stored(answer.cookie('visit'))).toBe(1);
  });
});
