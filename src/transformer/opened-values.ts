/** Characters that one of the two generations holds, of values and of what was in them: together a million. */
const MOST_CHARACTERS = 512 * 1024;
/** What an entry takes beside its characters. */
const ENTRY_CHARACTERS = 64;

interface OpenedValue {
  readonly value: string;
  readonly text: string;
}

/**
 * What was in the values that were opened last: a browser sends the same value again until it gets another one, and
 * finding it here takes a fraction of opening it again. Only genuine values may be kept, so that no client can fill it
 * with its own, and only the whole value finds what was in it.
 *
 * There are two generations. When the newer one is full or a period old it becomes the older one, and the older one is
 * forgotten, but for what was asked for meanwhile. So what nobody sends any more goes after one to two periods, by the
 * next value that comes.
 *
 * How long a look-up takes tells nobody how a genuine value begins: the engine compares characters only where two texts
 * agree in a hash of 32 bits, with a seed that is the process's secret.
 */
export class OpenedValues {
  readonly #period: number;
  readonly #now: () => number;
  #newer = new Map<string, OpenedValue>();
  #older = new Map<string, OpenedValue>();
  #room = MOST_CHARACTERS;
  #since: number;

  /** @param now a clock that never steps back, milliseconds. */
  constructor(periodInMilliseconds: number, now: () => number = monotonic) {
    this.#period = periodInMilliseconds;
    this.#now = now;
    this.#since = now();
  }

  /** What was in `value`; `undefined` where that is not known. */
  get(value: string): string | undefined {
    this.#forget();
    const newer = this.#newer.get(value);
    if (newer) return newer.text;
    const older = this.#older.get(value);
    if (older) this.#keep(older);
    return older?.text;
  }

  /** Keeps what was in a genuine value, unless it is very long or no well-formed Unicode. */
  set(value: string, text: string): void {
    this.#forget();
    if (charactersOf({ value, text }) > MOST_CHARACTERS) return;
    // Copies: the engine keeps a whole header for a piece of it.
    const opened = { value: copyOf(value), text: copyOf(text) };
    if (opened.value === value && opened.text === text) this.#keep(opened);
  }

  #keep(opened: OpenedValue): void {
    const characters = charactersOf(opened);
    if (characters > this.#room) this.#startGeneration(this.#now());
    this.#newer.set(opened.value, opened);
    this.#room -= characters;
  }

  #forget(): void {
    const now = this.#now();
    const age = now - this.#since;
    if (age < this.#period) return;
    this.#startGeneration(now);
    if (age >= 2 * this.#period) this.#older.clear();
  }

  #startGeneration(now: number): void {
    this.#older = this.#newer;
    this.#newer = new Map();
    this.#room = MOST_CHARACTERS;
    this.#since = now;
  }
}

function charactersOf({ value, text }: OpenedValue): number {
  return value.length + text.length + ENTRY_CHARACTERS;
}

function copyOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function monotonic(): number {
  return performance.now();
}
