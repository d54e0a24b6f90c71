import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  SESSION_EVENTS_CHANNEL,
  SessionEvents,
  type SessionEvent,
  type SessionEventListener,
} from '../../../src/session/session-event.js';

const EVENT: SessionEvent = { type: 'created', session: 'user', handle: '12345678' };

describe('SessionEvents', () => {
  it('hands each event to every listener, in order', () => {
    const seen: unknown[] = [];
    const events = new SessionEvents([(event) => seen.push('a', event), (event) => seen.push('b', event)]);
    events.emit(EVENT);
    expect(seen).toEqual(['a', EVENT, 'b', EVENT]);
  });

  it('swallows what a listener throws, and goes on with the next', () => {
    const seen: SessionEvent[] = [];
    const failing = (): never => {
      throw new Error('observer');
    };
    const events = new SessionEvents([failing, (event) => seen.push(event)]);
    expect(() => events.emit(EVENT)).not.toThrow();
    expect(seen).toEqual([EVENT]);
  });

  it('swallows what a listener rejects with, which would end the process', async () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    const failing = (async () => Promise.reject(new Error('observer'))) as SessionEventListener;
    new SessionEvents([failing]).emit(EVENT);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });

  it('tells whether anybody gets events of a type', () => {
    const log = { isObserved: (type: SessionEvent['type']) => type === 'conflict', log: () => {} };
    const quiet = new SessionEvents([], log);
    expect([quiet.isObserved('conflict'), quiet.isObserved('loaded')]).toEqual([true, false]);
    expect(new SessionEvents([() => {}], log).isObserved('loaded')).toBe(true);
    expect(new SessionEvents().isObserved('loaded')).toBe(false);
    const onEvent = (): void => {};
    subscribe(SESSION_EVENTS_CHANNEL, onEvent);
    expect(quiet.isObserved('loaded')).toBe(true);
    unsubscribe(SESSION_EVENTS_CHANNEL, onEvent);
    expect(quiet.isObserved('loaded')).toBe(false);
  });

  it('hands its log events before the other listeners', () => {
    const seen: string[] = [];
    const log = { isObserved: () => true, log: () => void seen.push('log') };
    new SessionEvents([() => void seen.push('listener')], log).emit(EVENT);
    expect(seen).toEqual(['log', 'listener']);
  });

  it('publishes on the diagnostics channel, for subscribers that come and go', () => {
    const seen: unknown[] = [];
    const onEvent = (event: unknown): void => void seen.push(event);
    const events = new SessionEvents();
    events.emit(EVENT);
    subscribe(SESSION_EVENTS_CHANNEL, onEvent);
    events.emit(EVENT);
    unsubscribe(SESSION_EVENTS_CHANNEL, onEvent);
    events.emit(EVENT);
    expect(SESSION_EVENTS_CHANNEL).toBe('nestjs-sessions');
    expect(seen).toEqual([EVENT]);
  });
});
