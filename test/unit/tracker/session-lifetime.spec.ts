import * as fc from 'fast-check';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { NEVER } from '../../../src/storage/session-storage.js';
import { SessionLifetime, type SessionLifetimeOptions } from '../../../src/tracker/session-lifetime.js';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;
const lifetime = (idle: number | null, absolute: number | null, renewAfter?: number) =>
  new SessionLifetime({
    idleTimeoutInSeconds: idle,
    absoluteTimeoutInSeconds: absolute,
    ...(renewAfter === undefined ? {} : { renewAfterInSeconds: renewAfter }),
  });
const at = (createdAt: number, renewedAt = createdAt) => ({ createdAt, renewedAt });

describe('the timeouts', () => {
  it('are 7 days idle and 30 days absolute where nothing is said', () => {
    for (const options of [undefined, {}, { idleTimeoutInSeconds: undefined }] as never[]) {
      expect(new SessionLifetime(options)).toMatchObject({ idle: 7 * DAY, absolute: 30 * DAY });
    }
  });

  it.each([0, null])('are switched off by %s, each for itself', (none) => {
    expect(lifetime(none, 60)).toMatchObject({ idle: 0, absolute: 60_000 });
    expect(lifetime(60, none)).toMatchObject({ idle: 60_000, absolute: 0 });
  });

  it('may be fractions of a second', () => {
    expect(lifetime(1.5, 0.001)).toMatchObject({ idle: 1500, absolute: 1 });
  });

  it.each<SessionLifetimeOptions>([
    { idleTimeoutInSeconds: -1 },
    { idleTimeoutInSeconds: NaN },
    { absoluteTimeoutInSeconds: Infinity },
    { absoluteTimeoutInSeconds: '60' as never },
    { renewAfterInSeconds: -0.001 },
  ])('refuse %j', (options) => {
    const [option] = Object.keys(options);
    expect(() => new SessionLifetime(options)).toThrow(SessionConfigurationError);
    expect(() => new SessionLifetime(options)).toThrow(`${option} must be a number of seconds, 0 or null for no limit`);
  });

  it('refuse a throttle that lets every session end before it is renewed', () => {
    expect(() => lifetime(60, null, 60)).toThrow(/renewAfterInSeconds must be less than idleTimeoutInSeconds/);
    expect(() => lifetime(60, null, 61)).toThrow(SessionConfigurationError);
    expect(() => lifetime(60, null, 59)).not.toThrow();
    expect(() => lifetime(0, 60, 3600)).not.toThrow();
  });
});

describe('the end of a session', () => {
  it('is the earlier of the two timeouts', () => {
    expect(lifetime(60, 600).expiresAt(at(NOW))).toBe(NOW + 60_000);
    expect(lifetime(60, 600).expiresAt(at(NOW, NOW + 590_000))).toBe(NOW + 600_000);
    expect(lifetime(0, 600).expiresAt(at(NOW, NOW + 5000))).toBe(NOW + 600_000);
    expect(lifetime(60, 0).expiresAt(at(NOW, NOW + 10 * DAY))).toBe(NOW + 10 * DAY + 60_000);
  });

  it('never comes where neither is set, and never later than never', () => {
    expect(lifetime(0, 0).expiresAt(at(NOW))).toBe(NEVER);
    expect(lifetime(1e13, 1e13).expiresAt(at(NOW))).toBe(NEVER);
    expect(lifetime(60, 1e13).latestExpiry(at(NOW))).toBe(NEVER);
  });

  it('cannot be put off beyond the absolute timeout', () => {
    expect(lifetime(60, 600).latestExpiry(at(NOW, NOW + 590_000))).toBe(NOW + 600_000);
    expect(lifetime(60, null).latestExpiry(at(NOW))).toBe(NEVER);
  });
});

describe('isAlive', () => {
  it('holds until the last millisecond', () => {
    expect(lifetime(60, 0).isAlive(at(NOW), NOW + 59_999)).toBe(true);
    expect(lifetime(60, 0).isAlive(at(NOW), NOW + 60_000)).toBe(false);
    expect(lifetime(0, 60).isAlive(at(NOW, NOW + 59_000), NOW + 60_000)).toBe(false);
    expect(lifetime(0, 0).isAlive(at(0), NOW)).toBe(true);
  });

  it('accepts clocks of two servers that differ by up to a minute', () => {
    const unlimited = lifetime(0, 0);
    expect(unlimited.isAlive(at(NOW + 60_000), NOW)).toBe(true);
    expect(unlimited.isAlive(at(NOW + 60_001), NOW)).toBe(false);
    expect(unlimited.isAlive(at(NOW, NOW + 60_000), NOW)).toBe(true);
    expect(unlimited.isAlive(at(NOW, NOW + 60_001), NOW)).toBe(false);
  });

  it('never holds beyond either timeout, whatever the stored times say', () => {
    const seconds = fc.oneof(fc.constant(0), fc.integer({ min: 2, max: 10_000 }));
    const moment = fc.integer({ min: 0, max: 40_000_000 });
    fc.assert(
      fc.property(seconds, seconds, moment, moment, moment, (idle, absolute, createdAt, renewedAt, now) => {
        const times = at(createdAt, renewedAt);
        if (!lifetime(idle, absolute).isAlive(times, now)) return;
        if (idle > 0) expect(now).toBeLessThan(renewedAt + idle * 1000);
        if (absolute > 0) expect(now).toBeLessThan(createdAt + absolute * 1000);
        expect(Math.max(createdAt, renewedAt)).toBeLessThanOrEqual(now + 60_000);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a session in use until exactly the absolute timeout', () => {
    const policy = lifetime(900, 28_800);
    let renewedAt = 0;
    let now = 0;
    for (; policy.isAlive(at(0, renewedAt), now); now += 840_000) {
      if (policy.isRenewalDue(at(0, renewedAt), now)) renewedAt = now;
    }
    expect(now).toBeGreaterThanOrEqual(28_800_000);
    expect(now - 840_000).toBeLessThan(28_800_000);
  });
});

describe('renewal', () => {
  const dueAfter = (policy: SessionLifetime, times = at(NOW)): number => {
    let [early, late] = [0, 40 * DAY];
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      if (policy.isRenewalDue(times, NOW + middle)) late = middle;
      else early = middle;
    }
    return late;
  };

  it.each([
    ['a tenth of the idle timeout', lifetime(7 * 86_400, null), 60_480_000],
    ['at least a minute', lifetime(300, null), 60_000],
    ['at most half of the idle timeout', lifetime(100, null), 50_000],
    ['what was said', lifetime(3600, null, 5), 5000],
  ])('is due after %s', (_, policy, expected) => {
    expect(dueAfter(policy)).toBe(expected);
  });

  it('is always due where the throttle is switched off, unless no time has passed', () => {
    expect(lifetime(60, null, 0).isRenewalDue(at(NOW), NOW)).toBe(false);
    expect(lifetime(60, null, 0).isRenewalDue(at(NOW), NOW + 1)).toBe(true);
  });

  it('is never due without an idle timeout, and where it would gain nothing', () => {
    expect(lifetime(0, 600).isRenewalDue(at(NOW), NOW + 500_000)).toBe(false);
    expect(lifetime(600, 600).isRenewalDue(at(NOW), NOW + 500_000)).toBe(false);
    expect(lifetime(400, 600).isRenewalDue(at(NOW, NOW + 200_000), NOW + 300_000)).toBe(false);
  });

  it('is not due where the clock stepped back', () => {
    expect(lifetime(600, null).isRenewalDue(at(NOW), NOW - 30_000)).toBe(false);
  });

  it('comes at most once within the throttle, however often a session is used', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30_000 }), { maxLength: 100 }), (pauses) => {
        const policy = lifetime(3600, null, 60);
        let [now, renewedAt, last] = [NOW, NOW, -Infinity];
        for (const pause of pauses) {
          now += pause;
          if (!policy.isRenewalDue(at(NOW, renewedAt), now)) continue;
          expect(now - last).toBeGreaterThanOrEqual(60_000);
          [renewedAt, last] = [now, now];
        }
      }),
    );
  });
});
