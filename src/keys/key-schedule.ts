import { SessionConfigurationError } from '../errors/session.errors.js';
import type { KeyMaterial } from './key-material.js';

/** Number: epoch milliseconds. String: ISO 8601. */
export type KeyMoment = Date | number | string;

export interface ScheduledKey {
  readonly key: KeyMaterial | undefined;
  /**
   * Start of protecting; before, it only reads, so that every process can load it first. The latest past `from` wins.
   * Default: at once.
   */
  readonly from?: KeyMoment | undefined;
  /** End of reading. Default: never. */
  readonly until?: KeyMoment | undefined;
}

/** Returns the current keys, such as from a secret manager. */
export type KeySource = () => Promise<readonly ScheduledKey[]> | readonly ScheduledKey[];

export interface KeySourceOptions {
  /** Default 300. */
  readonly reloadEveryInSeconds?: number;
  /** Called when a reload fails. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown) => void;
  /** In epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
  /** Calls `run` once. Default: an unreferenced timer. */
  readonly startTimer?: (run: () => void, milliseconds: number) => void;
}

export interface KeyPeriod {
  readonly key: KeyMaterial | undefined;
  readonly from: number;
  readonly until: number;
}

const MAX_TIMER_IN_MILLISECONDS = 2 ** 31 - 1;

export class KeySchedule {
  readonly #source: KeySource;
  readonly #reloadEvery: number;
  readonly #onError: (error: unknown) => void;
  readonly #startTimer: (run: () => void, milliseconds: number) => void;
  readonly now: () => number;
  #periods: readonly KeyPeriod[] = [];
  #reloadAt = 0;
  #closed = false;

  constructor(source: KeySource, options: KeySourceOptions = {}) {
    const { reloadEveryInSeconds = 300 } = options;
    if (!Number.isFinite(reloadEveryInSeconds) || reloadEveryInSeconds <= 0) {
      throw new SessionConfigurationError('reloadEveryInSeconds must be a positive number.');
    }
    this.#source = source;
    this.#reloadEvery = reloadEveryInSeconds * 1000;
    this.#onError = options.onError ?? warn;
    this.now = options.now ?? Date.now;
    this.#startTimer = options.startTimer ?? ((run, milliseconds) => void setTimeout(run, milliseconds).unref());
  }

  get periods(): readonly KeyPeriod[] {
    return this.#periods;
  }

  async load(): Promise<readonly KeyPeriod[]> {
    const keys = await this.#source();
    if (!Array.isArray(keys))
      throw new SessionConfigurationError('A key source must return a list of { key, from, until }.');
    return keys.map((key: ScheduledKey, index) => periodOf(key, index));
  }

  start(periods: readonly KeyPeriod[], apply: (periods: readonly KeyPeriod[]) => void): void {
    apply(periods);
    this.#periods = periods;
    this.#reloadAt = this.now() + this.#reloadEvery;
    this.#startNext(apply);
  }

  close(): void {
    this.#closed = true;
  }

  /** The protecting key first; empty without one. */
  static active(periods: readonly KeyPeriod[], now: number): readonly KeyPeriod[] {
    const reading = periods.filter(({ until }) => until > now);
    const protecting = reading
      .filter(({ from }) => from <= now)
      .reduce<KeyPeriod | undefined>(
        (best, one) => (best === undefined || one.from > best.from ? one : best),
        undefined,
      );
    return protecting ? [protecting, ...reading.filter((one) => one !== protecting)] : [];
  }

  #startNext(apply: (periods: readonly KeyPeriod[]) => void): void {
    const now = this.now();
    const moments = this.#periods.flatMap(({ from, until }) => [from, until]).filter((moment) => moment > now);
    const next = Math.min(this.#reloadAt, ...moments);
    this.#startTimer(
      () => {
        if (!this.#closed) void this.#update(apply).then(() => this.#startNext(apply));
      },
      Math.min(next - now, MAX_TIMER_IN_MILLISECONDS),
    );
  }

  async #update(apply: (periods: readonly KeyPeriod[]) => void): Promise<void> {
    try {
      let periods = this.#periods;
      if (this.now() >= this.#reloadAt) {
        this.#reloadAt = this.now() + this.#reloadEvery;
        periods = await this.load();
      }
      apply(periods);
      this.#periods = periods;
    } catch (error) {
      this.#onError(error);
      apply(this.#periods);
    }
  }
}

function periodOf({ key, from, until }: ScheduledKey, index: number): KeyPeriod {
  const period = {
    key,
    from: momentOf(from, `keys[${index}].from`, -Infinity),
    until: momentOf(until, `keys[${index}].until`, Infinity),
  };
  if (period.until <= period.from) {
    throw new SessionConfigurationError(`keys[${index}]: until must be after from.`);
  }
  return period;
}

function momentOf(moment: KeyMoment | undefined, place: string, otherwise: number): number {
  if (moment === undefined || moment === null) return otherwise;
  const at = moment instanceof Date ? moment.getTime() : typeof moment === 'number' ? moment : Date.parse(moment);
  if (Number.isFinite(at)) return at;
  throw new SessionConfigurationError(
    `${place} is not a point in time. Use a Date, epoch milliseconds, or a string such as 2027-01-31T00:00:00Z.`,
  );
}

function warn(error: unknown): void {
  const kind = error instanceof SessionConfigurationError ? error.message : (error as Error | undefined)?.name;
  process.emitWarning(`The key source failed. The previous keys stay in use. ${kind ?? ''}`, 'SessionWarning');
}
