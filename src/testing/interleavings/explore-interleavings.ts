import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { SessionStorage } from '../../storage/session-storage.js';
import { followUpOf, isReading, outcomesOf, ProcessDied, type CallOutcome, type Faults } from './call-outcome.js';
import { gatedStorage, type Gate } from './gated-storage.js';

/** Requests that run at the same time on one storage. */
export interface Interleavings<C, R> {
  /** Returns an empty storage per order. */
  readonly open: () => OpenedStorage | Promise<OpenedStorage>;
  /** Prepares the storage; its steps are not part of the order. */
  readonly prepare: (storage: SessionStorage) => Promise<C>;
  /** The concurrent requests. Each gets a storage whose calls wait for their turn. */
  readonly requests: ReadonlyArray<(storage: SessionStorage, context: C) => Promise<R>>;
  /** Called after each order. An error ends the exploration and shows the order. */
  readonly check: (outcome: Outcome<C, R>) => void | Promise<void>;
  /** A wrapper around the storage, such as `SessionStorageGuarded`; the calls behind it are the steps. */
  readonly through?: (storage: SessionStorage) => SessionStorage;
  /** One wrapper for all requests, or one each. Default `one`. */
  readonly processes?: 'one' | 'several';
  /** Default: no faults. */
  readonly faults?: Faults;
  /** An error is thrown beyond this. Default 100,000. */
  readonly maxOrders?: number;
}

export interface OpenedStorage {
  readonly storage: SessionStorage;
  close?(): unknown;
}

/** The result of one order. */
export interface Outcome<C, R> {
  readonly storage: SessionStorage;
  readonly context: C;
  /** By request, as in `Promise.allSettled`; rejected with {@link ProcessDied} if its process died. */
  readonly results: ReadonlyArray<PromiseSettledResult<Awaited<R>>>;
  /** The steps, such as `0 read`, with an outcome other than success: `0 replace (late)`. */
  readonly order: readonly string[];
}

export interface Explored {
  /** Number of different orders. */
  readonly orders: number;
  /** Number of storage calls. */
  readonly steps: number;
}

/**
 * Runs the requests in every order of their storage calls, and with `faults` with every combination of failures.
 * Deterministic. Each call finishes before the next one starts.
 *
 * Two consecutive reads are run in one order only (sleep sets, Godefroid 1996), unless the requests share a wrapper.
 *
 * @throws the error of `check` with the order in its message; an error for a deadlock.
 */
export async function exploreInterleavings<C, R>(interleavings: Interleavings<C, R>): Promise<Explored> {
  const maxOrders = interleavings.maxOrders ?? 100_000;
  const caller = new AsyncLocalStorage<number>();
  let [orders, steps] = [0, 0];
  try {
    // Depth first: the choices at each step of the order, changing the last step first.
    for (let turns: readonly Turn[] | undefined = []; turns; turns = following(turns)) {
      const run = await runOrder(interleavings, turns, caller);
      turns = run.turns;
      steps += turns.length;
      if (run.repeats) continue;
      if (++orders > maxOrders) throw new Error(`There are more than ${maxOrders} orders. Explore fewer requests.`);
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

interface Run {
  readonly turns: readonly Turn[];
  /** Abandoned: all continuations were run in another order. */
  readonly repeats?: boolean;
}

function following(turns: readonly Turn[]): readonly Turn[] | undefined {
  const last = turns.findLastIndex(({ chosen, ready }) => chosen + 1 < ready);
  if (last < 0) return undefined;
  const { chosen, ready } = turns[last]!;
  return [...turns.slice(0, last), { chosen: chosen + 1, ready }];
}

interface WaitingCall {
  readonly name: string;
  readonly answer: () => Promise<void>;
  /** Without answering. */
  readonly run: () => Promise<unknown>;
  readonly fail: (error: Error) => void;
}

class Waiting {
  readonly calls: WaitingCall[][];
  readonly deaths: ReadonlyArray<Promise<never>>;
  readonly #kill: Array<(error: Error) => void> = [];
  readonly #dead = new Set<number>();

  constructor(count: number) {
    this.calls = Array.from({ length: count }, () => []);
    this.deaths = this.calls.map(() => new Promise<never>((_, reject) => this.#kill.push(reject)));
  }

  kill(index: number): void {
    this.#dead.add(index);
    this.calls[index] = [];
    this.#kill[index]!(new ProcessDied());
  }

  add(index: number, call: WaitingCall): void {
    if (!this.#dead.has(index)) this.calls[index]!.push(call);
  }
}

async function runOrder<C, R>(
  interleavings: Interleavings<C, R>,
  given: readonly Turn[],
  caller: AsyncLocalStorage<number>,
): Promise<Run> {
  const { storage, close } = await opened(interleavings);
  try {
    const waiting = new Waiting(interleavings.requests.length);
    const through = interleavings.through ?? ((gated: SessionStorage): SessionStorage => gated);
    // A shared wrapper identifies the request by asynchronous context.
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
    const results = Promise.allSettled(
      requests.map((request, index) => Promise.race([request, waiting.deaths[index]!])),
    );
    const { turns, order, repeats } = await takeTurns(waiting, given, interleavings.faults, !shared);
    if (repeats) return { turns, repeats };
    const outcome = await Promise.race([results, setImmediate(undefined)]);
    if (!outcome) throw new Error(`Deadlock of requests after: ${order.join(', ')}`);
    await checked(interleavings, { storage: first, context, results: outcome, order });
    return { turns };
  } finally {
    await close();
  }
}

async function takeTurns(
  waiting: Waiting,
  given: readonly Turn[],
  faults: Faults | undefined,
  readsCommute: boolean,
): Promise<Run & { readonly order: readonly string[] }> {
  const turns: Turn[] = [];
  // Requests whose next call was run at an earlier step, after which only commuting calls followed.
  let asleep: ReadonlySet<number> = new Set();
  const order: string[] = [];
  const delayed: Array<readonly [name: string, run: () => Promise<unknown>]> = [];
  let faulty = 0;
  for (;;) {
    // Everything that needs no storage call has run after this.
    await setImmediate();
    const left = (faults?.count ?? 0) - faulty;
    const options = optionsOf(waiting, asleep, delayed.length, left > 0 ? faults : undefined);
    if (options.length === 0) return { turns, order, repeats: asleep.size > 0 };
    const chosen = given[turns.length]?.chosen ?? 0;
    turns.push({ chosen, ready: options.length });
    const option = options[chosen]!;
    const before = [
      ...asleep,
      ...options.slice(0, chosen).flatMap((each) => (each.outcome === 'success' ? each.index : [])),
    ];
    asleep = new Set(
      readsCommute && isRead(waiting, option)
        ? before.filter((index) => isRead(waiting, { index, outcome: 'success' }))
        : [],
    );
    if (option.outcome === undefined) {
      const [[name, run]] = delayed.splice(option.index, 1) as [(typeof delayed)[number]];
      order.push(name);
      await run();
      continue;
    }
    const { index, outcome } = option;
    const call = waiting.calls[index]!.shift()!;
    const name = `${index} ${call.name}`;
    order.push(outcome === 'success' ? name : `${name} (${outcome})`);
    if (outcome === 'success') {
      await call.answer();
      continue;
    }
    faulty++;
    const later = await followUpOf(outcome, call);
    if (later) delayed.push([`${name}, ${later.name}`, later.run]);
    if (outcome === 'death') waiting.kill(index);
  }
}

interface Option {
  readonly index: number;
  readonly outcome?: CallOutcome;
}

function isRead(waiting: Waiting, { index, outcome }: Option): boolean {
  return outcome === 'success' && isReading(waiting.calls[index]![0]!.name);
}

function optionsOf(
  waiting: Waiting,
  asleep: ReadonlySet<number>,
  delayed: number,
  faults: Faults | undefined,
): readonly Option[] {
  const ready = [...waiting.calls.keys()].filter((index) => waiting.calls[index]!.length > 0);
  return [
    ...ready.filter((index) => !asleep.has(index)).map((index): Option => ({ index, outcome: 'success' })),
    ...Array.from({ length: delayed }, (_, index): Option => ({ index })),
    ...ready.flatMap((index) =>
      outcomesOf(waiting.calls[index]![0]!.name, faults).map((outcome): Option => ({ index, outcome })),
    ),
  ];
}

async function opened<C, R>(
  interleavings: Interleavings<C, R>,
): Promise<{ storage: SessionStorage; close: () => Promise<void> }> {
  const open = await interleavings.open();
  return { storage: open.storage, close: async () => void (await open.close?.()) };
}

function gateOf(waiting: Waiting, caller: () => number | undefined): Gate {
  return (name, call) => {
    const index = caller();
    if (index === undefined) return call();
    return new Promise((resolve, reject) => {
      waiting.add(index, { name, answer: () => call().then(resolve, reject), run: call, fail: reject });
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
