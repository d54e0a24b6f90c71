import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { SessionStorage } from '../../storage/session-storage.js';
import { followUpOf, isReading, outcomesOf, ProcessDied, type CallOutcome, type Faults } from './call-outcome.js';
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
  /** What may go wrong besides the order. Default: nothing. */
  readonly faults?: Faults;
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
  /** By request, as `Promise.allSettled` gives them; rejected by {@link ProcessDied} where its process died. */
  readonly results: ReadonlyArray<PromiseSettledResult<Awaited<R>>>;
  /** The steps in their order, as `0 read`, with their outcome if it was another than success, as `0 replace (late)`. */
  readonly order: readonly string[];
}

/** What was explored. */
export interface Explored {
  /** How many orders were checked: all that differ. */
  readonly orders: number;
  /** How many storage calls that took. */
  readonly steps: number;
}

/**
 * Runs the requests once in every order in which their storage calls can follow one another, and with `faults` once for
 * every way in which that many of these calls can fail. Each call runs to its end before the next one starts; between
 * their calls requests run freely. The same exploration gives the same orders.
 *
 * Two reads that follow each other give the same in either order, and only one of the two is run (sleep sets, Godefroid
 * 1996), unless the requests share what is put `through`, which may notice the difference.
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
  /** Whether it was left because all that could follow was run in another order. */
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
  /** Runs the call and hands the request its answer. */
  readonly answer: () => Promise<void>;
  /** Runs the call; nobody gets its answer. */
  readonly run: () => Promise<unknown>;
  readonly fail: (error: Error) => void;
}

/** The requests of one order: what each waits for, and which of them have died. */
class Waiting {
  readonly calls: WaitingCall[][];
  readonly deaths: ReadonlyArray<Promise<never>>;
  readonly #kill: Array<(error: Error) => void> = [];
  readonly #dead = new Set<number>();

  constructor(count: number) {
    this.calls = Array.from({ length: count }, () => []);
    this.deaths = this.calls.map(() => new Promise<never>((_, reject) => this.#kill.push(reject)));
  }

  /** The process of a request ends: none of its calls is made any more, and none is answered. */
  kill(index: number): void {
    this.#dead.add(index);
    this.calls[index] = [];
    this.#kill[index]!(new ProcessDied());
  }

  add(index: number, call: WaitingCall): void {
    if (!this.#dead.has(index)) this.calls[index]!.push(call);
  }
}

/** Runs one order: at each step the turn that is given, after those the first that is ready. */
async function runOrder<C, R>(
  interleavings: Interleavings<C, R>,
  given: readonly Turn[],
  caller: AsyncLocalStorage<number>,
): Promise<Run> {
  const { storage, close } = await opened(interleavings);
  try {
    const waiting = new Waiting(interleavings.requests.length);
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
    const results = Promise.allSettled(
      requests.map((request, index) => Promise.race([request, waiting.deaths[index]!])),
    );
    const { turns, order, repeats } = await takeTurns(waiting, given, interleavings.faults, !shared);
    if (repeats) return { turns, repeats };
    const outcome = await Promise.race([results, setImmediate(undefined)]);
    if (!outcome) throw new Error(`Requests wait for each other for ever after: ${order.join(', ')}`);
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
  // Requests whose next call was run before, at a step from which only calls that commute with it have followed.
  let asleep: ReadonlySet<number> = new Set();
  const order: string[] = [];
  // What takes effect at some later step, by its name.
  const delayed: Array<readonly [name: string, run: () => Promise<unknown>]> = [];
  let faulty = 0;
  for (;;) {
    // Everything that can go on without a storage call has gone on after this.
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
  /** Which request, or which delayed call. */
  readonly index: number;
  /** Of a request's call; a delayed call has none. */
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
    // Nobody's request: preparation and checks run freely.
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
