import { jest } from '@jest/globals';
import { KeyedMutex } from '../../../src/storage/keyed-mutex.js';

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

function gate() {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('KeyedMutex', () => {
  it('runs tasks of one key one after another, in the order of arrival', async () => {
    const mutex = new KeyedMutex(1000);
    const log: number[] = [];
    let running = 0;
    const tasks = [1, 2, 3, 4].map((task) =>
      mutex.run('a', async () => {
        expect(running++).toBe(0);
        await flush();
        log.push(task);
        running--;
        return task;
      }),
    );
    expect(await Promise.all(tasks)).toEqual([1, 2, 3, 4]);
    expect(log).toEqual([1, 2, 3, 4]);
  });

  it('runs tasks of different keys concurrently', async () => {
    const mutex = new KeyedMutex(1000);
    const first = gate();
    const slow = mutex.run('a', () => first.opened);
    await mutex.run('b', async () => {});
    first.open();
    await slow;
  });

  it('runs the next task after a failed one', async () => {
    const mutex = new KeyedMutex(1000);
    const failing = mutex.run('a', () => Promise.reject(new Error('failed')));
    const next = mutex.run('a', async () => 'done');
    await expect(failing).rejects.toThrow('failed');
    expect(await next).toBe('done');
  });

  it('passes a hanging task, and still runs the following ones one after another', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    try {
      const mutex = new KeyedMutex(1000);
      const second = gate();
      const log: string[] = [];
      void mutex.run('a', () => new Promise(() => {}));
      const next = mutex.run('a', async () => {
        log.push('second');
        await second.opened;
      });
      const last = mutex.run('a', async () => log.push('third'));
      await jest.advanceTimersByTimeAsync(999);
      expect(log).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(log).toEqual(['second']);
      await jest.advanceTimersByTimeAsync(999);
      expect(log).toEqual(['second']);
      second.open();
      await next;
      await last;
      expect(log).toEqual(['second', 'third']);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
