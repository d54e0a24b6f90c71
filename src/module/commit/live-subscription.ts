import type { ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../../tracker/session-class.js';
import type { HttpSessions } from '../request/http-sessions.js';
import { freshSessionsOf, rawRequestBehind } from '../request/sessions-of-request.js';
import { refusal, unauthorized } from '../request/refusal.js';

/**
 * Before each event of a GraphQL subscription, reads the sessions and stores changes. If one has ended or a guard
 * rejects, the subscription ends with an error.
 */
export function liveEvents(context: ExecutionContext, sessions: HttpSessions, result: unknown): unknown {
  if (!isAsyncIterable(result)) return result;
  const present = sessions.exchange.presentTypes;
  const { rechecks } = sessions;
  if (present.length === 0 && rechecks.length === 0 && sessions.exchange.heldInstances().length === 0) return result;
  const value: unknown = context.getArgByIndex(2);
  const { req, request } = (value ?? {}) as { req?: unknown; request?: unknown };
  const raw = rawRequestBehind(req ?? request ?? value);
  return events(
    result[Symbol.asyncIterator](),
    async () => {
      const anew = freshSessionsOf(raw);
      await checkPresent(context, anew, present);
      for (const recheck of rechecks) await recheck(anew);
      await sessions.handlerEnded();
    },
    context,
  );
}

/** For replies of a gateway after the first: reads the sessions again. */
export function liveReplies(context: ExecutionContext, sessions: HttpSessions): () => Promise<void> {
  return async () => {
    const present = sessions.exchange.presentTypes;
    if (present.length === 0 && sessions.rechecks.length === 0) return;
    const anew = freshSessionsOf(context.switchToWs().getClient());
    await checkPresent(context, anew, present);
    for (const recheck of sessions.rechecks) await recheck(anew);
  };
}

async function checkPresent(
  context: ExecutionContext,
  { exchange }: HttpSessions,
  types: readonly SessionClass[],
): Promise<void> {
  for (const type of types) if ((await exchange.get(type)) === undefined) throw unauthorized(context);
}

function events(
  source: AsyncIterator<unknown>,
  check: () => Promise<void>,
  context: ExecutionContext,
): AsyncIterableIterator<unknown> {
  return {
    async next() {
      const event = await source.next();
      if (event.done === true) return event;
      try {
        await check();
      } catch (error) {
        await source.return?.();
        throw refusal(context, error);
      }
      return event;
    },
    async return(value?: unknown) {
      return (await source.return?.(value)) ?? { done: true, value };
    },
    async throw(error?: unknown) {
      if (source.throw) return source.throw(error);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
