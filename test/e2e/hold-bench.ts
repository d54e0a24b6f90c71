import { All, Controller, Req, Res, type ModuleMetadata } from '@nestjs/common';
import {
  CurrentSession,
  SessionsModule,
  type SessionEvent,
  type SessionRegistration,
  type SessionsModuleOptions,
} from 'nestjs-sessions';
import { startApp, type Platform, type RunningApp, type StartOptions } from '../support/platforms.js';
import { rawOf, RecordingStorage, send, Visit, type RawAnswer, type RawQuestion } from './hold-support.js';

/** The context of a handler under test. */
export interface Exchange {
  /** A loaded session; `count` was increased by one before the handler. */
  readonly visit: Visit;
  /** The platform's request or response. */
  readonly request: any;
  readonly response: any;
  /** Node's own response. */
  readonly raw: any;
}

export type Handler = (exchange: Exchange) => unknown;

export interface BenchOptions extends ModuleMetadata, Pick<StartOptions, 'prepare' | 'adapter'> {
  readonly options?: Omit<SessionsModuleOptions, 'sessions' | 'onEvent'>;
  /** A second session. */
  readonly sessions?: readonly SessionRegistration[];
}

/** A running application; each test supplies the handler. */
export class HoldBench {
  readonly storage = new RecordingStorage();
  readonly events: SessionEvent[] = [];
  url = '';
  running: RunningApp | undefined;
  handler: Handler = () => undefined;

  /** Calls a handler that responds through `@Res()`, after a change of the session. */
  res(handler: Handler, question: RawQuestion = {}): Promise<RawAnswer> {
    return this.#ask('res', handler, question);
  }

  /** Calls a handler that returns a value, after a change of the session. */
  value(handler: Handler, question: RawQuestion = {}): Promise<RawAnswer> {
    return this.#ask('value', handler, question);
  }

  /** Calls a handler without a session; the request has no `visit`. */
  bare(handler: Handler, question: RawQuestion = {}): Promise<RawAnswer> {
    return this.#ask('bare', handler, question);
  }

  get(path: string, question: RawQuestion = {}): Promise<RawAnswer> {
    return send(`${this.url}${path}`, { onHead: this.arrive, ...question });
  }

  /** The stored count for a cookie. */
  async stored(cookie: string): Promise<number | null> {
    return (JSON.parse((await send(`${this.url}/peek`, { cookie })).text) as { count: number | null }).count;
  }

  readonly arrive = (): void => void this.storage.sequence.push('the head arrives');

  eventTypes(): string[] {
    return this.events.map(({ type }) => type);
  }

  #ask(path: string, handler: Handler, question: RawQuestion): Promise<RawAnswer> {
    this.handler = handler;
    return this.get(`/${path}`, question);
  }
}

/** Starts a bench before the tests of the current `describe`, and stops it after them. */
export function holdBench(platform: Platform, bench: BenchOptions = {}): HoldBench {
  const made = new HoldBench();
  const { options = {}, sessions = [], imports = [], controllers = [], ...rest } = bench;

  @Controller()
  class BenchController {
    @All('res') res(@CurrentSession() visit: Visit, @Req() request: any, @Res() response: any) {
      visit.count++;
      return made.handler({ visit, request, response, raw: rawOf(response) });
    }
    @All('value') value(
      @CurrentSession() visit: Visit,
      @Req() request: any,
      @Res({ passthrough: true }) response: any,
    ) {
      visit.count++;
      return made.handler({ visit, request, response, raw: rawOf(response) });
    }
    @All('bare') bare(@Req() request: any, @Res() response: any) {
      return made.handler({ visit: new Visit(), request, response, raw: rawOf(response) });
    }
    @All('peek') peek(@CurrentSession({ optional: true }) visit?: Visit) {
      return { count: visit?.count ?? null };
    }
  }

  beforeAll(async () => {
    made.running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          ...options,
          sessions: [{ type: Visit, storage: made.storage }, ...sessions],
          onEvent: (event) => made.events.push(event),
        }),
        ...imports,
      ],
      controllers: [...controllers, BenchController],
      ...rest,
    });
    made.url = made.running.url;
  });
  afterAll(() => made.running?.close());
  beforeEach(() => {
    made.storage.taken();
    made.storage.failing = false;
    made.storage.gate = undefined;
    made.storage.delayInMilliseconds = 10;
    made.events.length = 0;
  });
  return made;
}
