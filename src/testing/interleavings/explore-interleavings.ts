import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { SessionStorage } from '../../storage/session-storage.js';
import { gatedStorage, type Gate } from './gated-storage.js';

/** What is to be explored: some requests that run at the same time, over one storage. */
export interface Interleavings<C, R> {
  /** Gives an empty storage for each order. */
  readonly open: () => OpenedStorage | Promise<OpenedStorage>;
  /** Brings the storage into the state that the requests find; its steps are not part of the order. */
  readonly prepare: (storage: SessionStorage) => Promise<C>;
  /** What runs at the same time. Each gets a storage whose every call waits for its turn. */
  readonly requests: ReadonlyArray<(storage: SessionStorage, context: C) => Promise<R>>;
  /** Called after each order with what the requests gave. Whatever it throws ends the exploration, with the order. */
  readonly check: (outcome: Outcome<C, R>) => void | Promise<void>;
  /** Put between the requests and the storage, as a `SessionStorageGuarded`; the calls behind it are the steps then. */
  readonly through?: (storage: SessionStorage) => SessionStorage;
  /** Whether all requests go through one and the same, or each through its own. Default `one`. */
  readonly processes?: 'one' | 'several';
  /** More orders than this are an error. Default 100,000. */
  readonly maxOrders?: number;
}

export interface OpenedStorage {
  readonly storage: SessionStorage;
  close?(): unknown;
}

/** How one order ended. */
export interface Outcome<C, R> {
  /** As the requests saw it. */
  readonly storage: SessionStorage;
  readonly context: C;
  /** By request, as `Promise.allSettled` gives them. */
  readonly results: ReadonlyArray<PromiseSettledResult<Awaited<R>>>;
  /** The steps in their order, as `0 read`. */
  readonly order: readonly string[];
}

/** What was explored. */
export interface Explored {
  /** How many orders were run: all there are. */
  readonly orders: number;
  /** How many storage calls that took. */
  readonly steps: number;
}

/**
 * Runs the requests once in every order in which their storage calls can follow one another. Each call runs to its end
 * before the next one starts; between their calls requests run freely. The same exploration gives the same orders.
 *
 * @throws what `check` throws, with the order in its message; and an error when requests wait for each other for ever.
 */
export async function exploreInterleavings<C, R>(interleavings: Interleavings<C, R>): Promise<Explored> {
  const maxOrders = interleavings.maxOrders ?? 100_000;
  const caller = new AsyncLocalStorage<number>();
  let [orders, steps] = [0, 0];
  try {
    // Which of the requests that were ready had its turn, at each step of the order; depth first, last step first.
    for (let turns: readonly Turn[] | undefined = []; turns; turns = following(turns)) {
      if (++orders > maxOrders) throw new Error(`There are more than ${maxOrders} orders. Explore fewer requests.`);
      turns = await runOrder(interleavings, turns, caller);
      steps += turns.length;
    }
  } finally {
    caller.disable();
  }
  return { orders, steps };
}

interface Turn {
  readonly chosen: number;
  readonly ready: number;
}

function following(turns: readonly Turn[]): readonly Turn[] | undefined {
  const last = turns.findLastIndex(({ chosen, ready }) => chosen + 1 < ready);
  if (last < 0) return undefined;
  const { chosen, ready } = turns[last]!;
  return [...turns.slice(0, last), { chosen: chosen + 1, ready }];
}

interface WaitingCall {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Runs one order: at each step the turn that is given, after those the first that is ready. @returns all turns. */
async function runOrder<C, R>(
  interleavings: Interleavings<C, R>,
  given: readonly Turn[],
  caller: AsyncLocalStorage<number>,
): Promise<readonly Turn[]> {
  const { storage, close } = await opened(interleavings);
  try {
    const waiting: WaitingCall[][] = interleavings.requests.map(() => []);
    const through = interleavings.through ?? ((gated: SessionStorage): SessionStorage => gated);
    // One wrapper for all requests sees only by the context of a call whose it is.
    const shared = interleavings.through && interleavings.processes !== 'several';
    const first = through(
      shared
        ? gatedStorage(
            storage,
            gateOf(waiting, () => caller.getStore()),
          )
        : storage,
    );
    const context = await interleavings.prepare(first);
    const requests = interleavings.requests.map(async (run, index) =>
      shared
        ? caller.run(index, () => run(first, context))
        : run(
            through(
              gatedStorage(
                storage,
                gateOf(waiting, () => index),
              ),
            ),
            context,
          ),
    );
    const results = Promise.allSettled(requests);
    const { turns, order } = await takeTurns(waiting, given);
    const outcome = await Promise.race([results, setImmediate(undefined)]);
    if (!outcome) throw new Error(`Requests wait for each other for ever after: ${order.join(', ')}`);
    await checked(interleavings, { storage: first, context, results: outcome, order });
    return turns;
  } finally {
    await close();
  }
}

async function takeTurns(
  waiting: readonly WaitingCall[][],
  given: readonly Turn[],
): Promise<{ readonly turns: readonly Turn[]; readonly order: readonly string[] }> {
  const turns: Turn[] = [];
  const order: string[] = [];
  for (;;) {
    // Everything that can go on without a storage call has gone on after this.
    await setImmediate();
    const ready = [...waiting.keys()].filter((index) => waiting[index]!.length > 0);
    if (ready.length === 0) return { turns, order };
    const chosen = given[turns.length]?.chosen ?? 0;
    const index = ready[chosen]!;
    turns.push({ chosen, ready: ready.length });
    const call = waiting[index]!.shift()!;
    order.push(`${index} ${call.name}`);
    await call.run();
  }
}

async function opened<C, R>(
  interleavings: Interleavings<C, R>,
): Promise<{ storage: SessionStorage; close: () => Promise<void> }> {
  const open = await interleavings.open();
  return { storage: open.storage, close: async () => void (await open.close?.()) };
}

function gateOf(waiting: readonly WaitingCall[][], caller: () => number | undefined): Gate {
  return (name, call) => {
    const index = caller();
    // Nobody's request: preparation and checks run freely.
    if (index === undefined) return call();
    return new Promise((resolve, reject) => {
      waiting[index]!.push({ name, run: () => call().then(resolve, reject) });
    });
  };
}

async function checked<C, R>(interleavings: Interleavings<C, R>, outcome: Outcome<C, R>): Promise<void> {
  try {
    await interleavings.check(outcome);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new Error(`${problem}\nin the order: ${outcome.order.join(', ')}`, { cause: error });
  }
}
