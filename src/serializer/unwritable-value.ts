import { SessionUnserializableError } from '../errors/session.errors.js';

export class UnwritableValue extends Error {
  readonly #steps: string[] = [];
  readonly #advice: string | undefined;
  readonly #holders: object[] = [];

  constructor(message: string, options: { cause?: unknown; advice?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.#advice = options.advice;
  }

  static from(error: unknown): UnwritableValue {
    return error instanceof UnwritableValue ? error : new UnwritableValue('reading it failed', { cause: error });
  }

  /** @param step `undefined` for a key, which may be content. */
  static within(error: unknown, holder: object, step: string | number | undefined): UnwritableValue {
    const unwritable = UnwritableValue.from(error);
    unwritable.#steps.unshift(stepText(step));
    unwritable.#holders.unshift(holder);
    return unwritable;
  }

  toError(root: string): SessionUnserializableError {
    const again = this.#holders.findIndex((holder, index) => this.#holders.indexOf(holder) < index);
    const isCycle = again !== -1;
    const steps = isCycle ? this.#steps.slice(0, again) : this.#steps;
    const problem = isCycle ? 'it refers to an object that contains it (a cycle)' : this.message;
    return new SessionUnserializableError(root + shortened(steps).join(''), problem, {
      ...('cause' in this ? { cause: this.cause } : {}),
      ...(this.#advice === undefined || isCycle ? {} : { advice: this.#advice }),
    });
  }
}

function stepText(step: string | number | undefined): string {
  if (typeof step === 'number') return `[${step}]`;
  return step !== undefined && /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : '[key]';
}

function shortened(steps: readonly string[]): readonly string[] {
  return steps.length > 20 ? [...steps.slice(0, 20), '...'] : steps;
}
