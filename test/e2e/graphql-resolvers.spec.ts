import { ApolloDriver } from '@nestjs/apollo';
import { Controller, Get } from '@nestjs/common';
import {
  Args,
  Context,
  GraphQLModule,
  GraphQLSchemaHost,
  Info,
  Mutation,
  Parent,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
} from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { graphql } from 'graphql';
import { CurrentSession, Public, RequireSession, Session, SessionsModule, sessionsOf } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('keeper', { tracker: 'by-id' })
class KeeperSession {
  name = '';
  reads = 0;
  writes = 0;
}

@Controller()
class KeeperController {
  @Get('enter') enter(@CurrentSession() session: KeeperSession) {
    session.name = 'ada';
  }
  @Get('me') me(@CurrentSession({ optional: true }) session?: KeeperSession) {
    return session ?? {};
  }
}

interface Reference {
  readonly id: string;
}

type Resolve = (...args: unknown[]) => unknown;

let references: Readonly<Record<string, { readonly __resolveReference: Resolve }>>;

/** Gives access to the resolvers that a subgraph's driver gives to @apollo/subgraph. */
class ReferencesDriver extends ApolloDriver {
  override async start(options: any): Promise<void> {
    references = (this.graphQlFactory as any).resolversExplorerService.explore();
    await super.start(options);
  }
}

@Resolver('User')
class UserResolver {
  @RequireSession(KeeperSession)
  @ResolveReference()
  resolve(@Parent() { id }: Reference, @Context() context: object, @CurrentSession() session: KeeperSession) {
    session.reads += 1;
    return { __typename: 'User', id, name: `${session.name} ${'req' in context}` };
  }
}

@Resolver('Pet')
@RequireSession(KeeperSession)
class PetResolver {
  @ResolveReference() resolve({ id }: Reference) {
    return { __typename: 'Pet', id, name: 'cat' };
  }
}

@Resolver('Plant')
@RequireSession(KeeperSession)
class PlantResolver {
  @Public() @ResolveReference() resolve({ id }: Reference) {
    return { __typename: 'Plant', id, name: 'fern' };
  }
}

@Resolver('Thing')
@RequireSession(KeeperSession)
class ThingResolver {
  @ResolveField() __resolveType({ ['__typename']: type }: { readonly __typename?: string }) {
    return type ?? 'Pet';
  }
}

@Resolver()
class QueryResolver {
  readonly #host: GraphQLSchemaHost;
  constructor(host: GraphQLSchemaHost) {
    this.#host = host;
  }

  /** As @apollo/subgraph resolves the field `_entities`. */
  @Query() entity(@Args('type') type: string, @Context() context: object, @Info() info: object) {
    return references[type]!['__resolveReference']({ __typename: type, id: '1' }, context, info);
  }
  @Query() thing() {
    return { id: '1', name: 'cat' };
  }
  @Query() read(@CurrentSession() session: KeeperSession) {
    return (session.reads += 1);
  }
  @Query() fail(@CurrentSession() session: KeeperSession) {
    session.reads += 100;
    throw new Error('no');
  }
  @Query() async byHand(@Context() context: object) {
    return (await sessionsOf(context).get(KeeperSession))?.reads;
  }
  @Mutation() async nested(
    @Args('source') source: string,
    @Context() contextValue: object,
    @CurrentSession() session: KeeperSession,
  ) {
    session.writes += 1;
    const { data } = await graphql({ schema: this.#host.schema, source, contextValue });
    return JSON.stringify(data);
  }
}

const typeDefs = `
  interface Thing { id: ID name: String }
  type User implements Thing { id: ID name: String }
  type Pet implements Thing { id: ID name: String }
  type Plant implements Thing { id: ID name: String }
  type Query { entity(type: String): Thing thing: Thing read: Int fail: Int byHand: Int }
  type Mutation { nested(source: String): String }
`;

/** Contexts of applications, from the arguments of the driver. */
const contexts: Readonly<Record<string, ((first: any, second: any) => object) | undefined>> = {
  default: undefined,
  'a copied request': ({ req, res }) => ({ req: { ...req }, res }),
  'a request and its headers': (first, second) =>
    first.req ? { ...first, headers: first.req.headers } : { req: first, res: second, headers: first.headers },
  'an inherited request': ({ req, res }) => ({ req: Object.create(req), res }),
};
const ofExpress = new Set(['a copied request', 'an inherited request']);

const cases = [
  ...platforms.flatMap((platform) =>
    Object.keys(contexts)
      .filter((context) => platform.name === 'express' || !ofExpress.has(context))
      .map((context) => ({ platform, context, driver: ReferencesDriver, options: {} })),
  ),
  ...[{}, { jit: 1 }].map((options) => ({
    platform: platforms[1]!,
    context: 'default',
    driver: MercuriusDriver,
    options,
  })),
];

describe.each(cases)('$driver.name on $platform.name with context: $context, $options', (one) => {
  const { platform, context, driver, options } = one;
  let running: RunningApp;
  beforeAll(async () => {
    const ofContext = contexts[context];
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ sessions: [KeeperSession] }),
        GraphQLModule.forRoot<any>({ driver, typeDefs, ...options, ...(ofContext ? { context: ofContext } : {}) }),
      ],
      controllers: [KeeperController],
      providers: [UserResolver, PetResolver, PlantResolver, ThingResolver, QueryResolver],
    });
  });
  afterAll(() => running.close());

  const enter = async (): Promise<string> => (await ask(`${running.url}/enter`)).cookie('keeper');
  const me = async (cookie: string) => (await ask(`${running.url}/me`, { cookie })).json<KeeperSession>();
  async function post(query: string, cookie = ''): Promise<any> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query });
    return (await ask(`${running.url}/graphql`, { method: 'POST', cookie, headers, body })).json();
  }

  it('finds and stores sessions', async () => {
    const cookie = await enter();
    expect(await post('{ a: read b: read }', cookie)).toEqual({ data: { a: 1, b: 2 } });
    expect(await post('{ byHand }', cookie)).toEqual({ data: { byHand: 2 } });
    expect(await me(cookie)).toMatchObject({ reads: 2 });
  });

  it('executes an operation within a resolver, and stores what both change', async () => {
    const cookie = await enter();
    expect(await post('mutation { nested(source: "{ read }") }', cookie)).toEqual({ data: { nested: '{"read":1}' } });
    expect(await me(cookie)).toMatchObject({ reads: 1, writes: 1 });
  });

  it('stores what a resolver changes around an operation that fails', async () => {
    const cookie = await enter();
    const answer = await post('mutation { nested(source: "{ fail }") }', cookie);
    expect(answer).toEqual({ data: { nested: '{"fail":null}' } });
    expect(await me(cookie)).toMatchObject({ writes: 1 });
  });

  it('resolves the type of an interface whose resolver requires a session', async () => {
    expect(await post('{ thing { __typename name } }')).toEqual({
      data: { thing: { __typename: 'Pet', name: 'cat' } },
    });
  });
});

const enhancers = [[], ['guards', 'interceptors']];

describe.each(platforms.flatMap((platform) => enhancers.map((enhanced) => ({ platform, enhanced }))))(
  'a @ResolveReference() on $platform.name with fieldResolverEnhancers: $enhanced',
  ({ platform, enhanced }) => {
    // The second application has the same classes.
    it.each([1, 2])('is guarded, also by its class, in application %i', async () => {
      const running = await startApp(platform, {
        imports: [
          SessionsModule.forRoot({ sessions: [KeeperSession] }),
          GraphQLModule.forRoot<any>({ driver: ReferencesDriver, typeDefs, fieldResolverEnhancers: enhanced }),
        ],
        controllers: [KeeperController],
        providers: [UserResolver, PetResolver, PlantResolver, QueryResolver],
      });
      const cookie = (await ask(`${running.url}/enter`)).cookie('keeper');
      const entity = async (type: string, as = ''): Promise<any> => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({ query: `{ entity(type: "${type}") { ...on ${type} { id name } } }` });
        return (await ask(`${running.url}/graphql`, { method: 'POST', cookie: as, headers, body })).json();
      };
      for (const type of ['User', 'Pet']) {
        const code = 'UNAUTHENTICATED';
        expect(await entity(type)).toMatchObject({ errors: [{ extensions: { code } }] });
      }
      expect(await entity('User', cookie)).toEqual({ data: { entity: { id: '1', name: 'ada true' } } });
      expect(await entity('Pet', cookie)).toEqual({ data: { entity: { id: '1', name: 'cat' } } });
      expect(await entity('Plant')).toEqual({ data: { entity: { id: '1', name: 'fern' } } });
      expect((await ask(`${running.url}/me`, { cookie })).json()).toMatchObject({ reads: 1 });
      await running.close();
    });
  },
);

describe('a guarded @ResolveReference()', () => {
  it('can be called directly, as in unit tests', async () => {
    const pet: unknown = await Promise.resolve(new PetResolver().resolve({ id: '7' }));
    expect(pet).toMatchObject({ id: '7', name: 'cat' });
  });
});
