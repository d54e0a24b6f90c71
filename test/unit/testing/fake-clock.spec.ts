import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('FakeClock', () => {
  it('moves only by advance, also back', () => {
    const clock = new FakeClock(1000);
    expect(clock.now()).toBe(1000);
    clock.advance(500);
    expect(clock.now()).toBe(1500);
    clock.advance(-700);
    expect(clock.now()).toBe(800);
  });

  it('starts at the current time', () => {
    const before = Date.now();
    expect(new FakeClock().now()).toBeGreaterThanOrEqual(before);
  });

  it('runs timers in order, each at its time, including timers started by timers', () => {
    const clock = new FakeClock(0);
    const log: string[] = [];
    clock.startTimer(() => log.push(`late ${clock.now()}`), 300);
    clock.startTimer(() => {
      log.push(`early ${clock.now()}`);
      clock.startTimer(() => log.push(`inner ${clock.now()}`), 50);
    }, 100);
    clock.startTimer(() => log.push('never'), 1000);
    clock.advance(400);
    expect(log).toEqual(['early 100', 'inner 150', 'late 300']);
    expect(clock.now()).toBe(400);
  });
});
