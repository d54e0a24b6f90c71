import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Get, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import {
  Context,
  Field,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { createClient, type Client } from 'graphql-ws';
import {
  CurrentSession,
  Public,
  RequireSession,
  Session,
  SessionsModule,
  SessionStorageMemory,
  sessionsOf,
} from 'nestjs-sessions';
import { throwError, timeout } from 'rxjs';
import { WebSocket } from 'ws';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('reader', { tracker: 'by-id' })
class ReaderSession {
  name = '';
  books = 0;
  pages = 0;
}

class ShortPatience implements NestInterceptor {
  intercept(_: unknown, next: CallHandler) {
    return next.handle().pipe(timeout(30));
  }
}

@ObjectType()
class Book {
  @Field() title!: string;
}

@Resolver(() => Book)
class BookResolver {
  @Query(() => [Book]) books(): Book[] {
    return [{ title: 'one' }, { title: 'two' }];
  }
  @Mutation(() => Book) borrow(@CurrentSession() session: ReaderSession): Book {
    session.books += 1;
    return { title: 'one' };
  }
  @Mutation(() => Int, { nullable: true }) failBorrow(@CurrentSession() session: ReaderSession) {
    session.books += 100;
    return throwError(() => new Error('Lent out'));
  }
  @Mutation(() => Int) async borrowByHand(@Context() context: object): Promise<number> {
    const session = await sessionsOf(context).get(ReaderSession);
    return (session!.books += 1);
  }
  @Mutation(() => Int, { nullable: true }) async failByHand(@Context() context: object): Promise<number> {
    const session = await sessionsOf(context).get(ReaderSession);
    session!.books += 100;
    throw new Error('Lent out');
  }
  @UseInterceptors(ShortPatience) @Query(() => Int, { nullable: true }) async slow(
    @CurrentSession() session: ReaderSession,
  ): Promise<number> {
    session.books += 100;
    await new Promise((resolve) => setTimeout(resolve, 60));
    return session.books;
  }
  @Query(() => Int) read(@CurrentSession() session: ReaderSession): number {
    return (session.pages += 1);
  }
  @Query(() => Int, { nullable: true }) failRead(@CurrentSession() session: ReaderSession): number {
    session.pages += 100;
    throw new Error('Lost');
  }
  @Subscription(() => Int) async *turns(@CurrentSession() session: ReaderSession) {
    session.pages += 1;
    yield { turns: session.pages };
    session.pages += 1;
    yield { turns: session.pages };
  }

  @ResolveField(() => Int) pages(@CurrentSession() session: ReaderSession): number {
    return (session.pages += 1);
  }
  @ResolveField(() => Int, { nullable: true }) torn(@CurrentSession() session: ReaderSession): number {
    session.pages += 100;
    throw new Error('Torn');
  }
  @ResolveField(() => String) reader(@CurrentSession({ optional: true }) session?: ReaderSession): string {
    return session?.name ?? 'nobody';
  }
  @RequireSession(ReaderSession, { validate: ({ name }) => name === 'ada' })
  @ResolveField(() => String)
  note(): string {
    return 'secret';
  }
}

@ObjectType()
class Shelf {
  @Field() place!: string;
}

@RequireSession(ReaderSession)
@Resolver(() => Shelf)
class ShelfResolver {
  @Public() @Query(() => Shelf) shelf(): Shelf {
    return { place: 'first' };
  }
  @ResolveField(() => String) key(): string {
    return 'secret';
  }
  @Public() @ResolveField(() => String) label(): string {
    return 'A';
  }
}

@Controller()
class ReaderController {
  @Get('enter') enter(@CurrentSession() session: ReaderSession) {
    session.name = 'ada';
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: ReaderSession) {
    return session ?? {};
  }
}

interface Answered {
  readonly data: unknown;
  readonly errors?: ReadonlyArray<{ readonly extensions?: { readonly code?: string } }>;
}

const [express, fastify] = platforms as [(typeof platforms)[number], (typeof platforms)[number]];
const cases = [
  { driver: 'apollo', platform: express },
  { driver: 'apollo', platform: fastify },
  { driver: 'mercurius', platform: fastify },
].flatMap((one) => [
  { ...one, enhancers: [] as string[] },
  { ...one, enhancers: ['guards', 'interceptors', 'filters'] },
]);

describe.each(cases)('$driver on $platform.name, field enhancers: $enhancers', ({ driver, platform, enhancers }) => {
  let running: RunningApp;
  let down = false;
  class FailingStorage extends SessionStorageMemory {
    override read(id: string) {
      return down ? Promise.reject(new Error('down')) : super.read(id);
    }
  }

  beforeAll(async () => {
    const options =
      driver === 'apollo'
        ? {
            driver: ApolloDriver,
            subscriptions: { 'graphql-ws': true },
            playground: false,
            allowBatchedHttpRequests: true,
          }
        : { driver: MercuriusDriver, subscription: { fullWsTransport: true }, allowBatchedQueries: true };
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [ReaderSession], storage: new FailingStorage() }),
        GraphQLModule.forRoot<any>({ ...options, autoSchemaFile: true, fieldResolverEnhancers: enhancers }),
      ],
      controllers: [ReaderController],
      providers: [BookResolver, ShelfResolver],
    });
  });
  const clients: Client[] = [];
  afterEach(async () => {
    down = false;
    for (const client of clients.splice(0)) await client.dispose();
  });
  afterAll(() => running.close());

  const enter = async (): Promise<string> => (await ask(`${running.url}/enter`)).cookie('reader');
  const me = async (cookie: string) => (await ask(`${running.url}/me`, { cookie })).json<Partial<ReaderSession>>();
  async function post<T = Answered>(body: object, cookie = ''): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const answer = await ask(`${running.url}/graphql`, { method: 'POST', cookie, headers, body: JSON.stringify(body) });
    return answer.json<T>();
  }
  function overSocket(query: string, cookie = ''): Promise<Answered[]> {
    class SocketWithCookie extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers: { cookie } });
      }
    }
    const url = `${running.url.replace('http', 'ws')}/graphql`;
    const client = createClient({ url, webSocketImpl: SocketWithCookie, retryAttempts: 0 });
    clients.push(client);
    return new Promise((resolve, reject) => {
      const given: Answered[] = [];
      client.subscribe(
        { query },
        { next: (one) => void given.push(one as Answered), error: reject, complete: () => resolve(given) },
      );
    });
  }
  const code = ({ errors }: Answered): string | undefined => errors?.[0]?.extensions?.code;

  it('guards fields, also by the class', async () => {
    const cookie = await enter();
    expect(await post({ query: '{ books { note } }' }, cookie)).toEqual({
      data: { books: [{ note: 'secret' }, { note: 'secret' }] },
    });
    expect(await post({ query: '{ shelf { key } }' }, cookie)).toEqual({ data: { shelf: { key: 'secret' } } });
    expect(await post({ query: '{ shelf { place label } }' })).toEqual({
      data: { shelf: { place: 'first', label: 'A' } },
    });
    for (const query of ['{ books { note } }', '{ shelf { key } }']) {
      expect(code(await post({ query }))).toBe('UNAUTHENTICATED');
      expect(code((await overSocket(query))[0]!)).toBe('UNAUTHENTICATED');
    }
  });

  it('stores what fields change, over HTTP and over a socket', async () => {
    const cookie = await enter();
    const query = '{ books { pages reader } }';
    const data = {
      books: [
        { pages: 1, reader: 'ada' },
        { pages: 2, reader: 'ada' },
      ],
    };
    expect(await post({ query }, cookie)).toEqual({ data });
    expect(await me(cookie)).toMatchObject({ pages: 2 });
    await overSocket(query, cookie);
    expect(await me(cookie)).toMatchObject({ pages: 4 });
  });

  it('stores nothing of a field that throws, and the mutation above it', async () => {
    const cookie = await enter();
    await post({ query: 'mutation { borrow { torn } }' }, cookie);
    await overSocket('mutation { borrow { torn } }', cookie);
    expect(await me(cookie)).toMatchObject({ books: 2, pages: 0 });
  });

  it('gives the code of an outage in a field', async () => {
    const cookie = await enter();
    down = true;
    expect(code(await post({ query: '{ books { reader } }' }, cookie))).toBe('SESSION_STORAGE_UNAVAILABLE');
    expect(code((await overSocket('{ books { reader } }', cookie))[0]!)).toBe('SESSION_STORAGE_UNAVAILABLE');
  });

  it('stores nothing of a mutation by hand that throws, and all of its neighbours', async () => {
    const cookie = await enter();
    const answer = await post({ query: 'mutation { a: borrowByHand failByHand b: borrowByHand }' }, cookie);
    expect(answer.data).toEqual({ a: 1, failByHand: null, b: 2 });
    expect(await me(cookie)).toMatchObject({ books: 2 });
  });

  it('keeps the operations of a batch apart', async () => {
    const cookie = await enter();
    const queries = [
      'mutation { borrow { title } }',
      'mutation { failBorrow }',
      '{ read }',
      '{ failRead }',
      '{ read }',
    ];
    const answers = await post<Answered[]>(
      queries.map((query) => ({ query })),
      cookie,
    );
    expect(answers.map(({ data }) => data)).toEqual([
      { borrow: { title: 'one' } },
      { failBorrow: null },
      { read: 1 },
      { failRead: null },
      { read: 2 },
    ]);
    expect(await me(cookie)).toMatchObject({ books: 1, pages: 2 });
  });

  it('answers where a timeout leaves a field behind', async () => {
    const cookie = await enter();
    const answer = await post({ query: '{ slow read }' }, cookie);
    expect(answer).toMatchObject({ data: { slow: null }, errors: [{ path: ['slow'] }] });
    expect(await me(cookie)).toMatchObject({ books: 0 });
  });

  it('stores what a subscription changes before each of its events', async () => {
    const cookie = await enter();
    expect(await overSocket('subscription { turns }', cookie)).toEqual([
      { data: { turns: 1 } },
      { data: { turns: 2 } },
    ]);
    expect(await me(cookie)).toMatchObject({ pages: 2 });
  });
});
