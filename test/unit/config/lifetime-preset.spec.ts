import { lifetimeOptionsOf, type LifetimePreset } from '../../../src/config/lifetime-preset.js';
import { assertSessionsOptions, SESSIONS_OPTION_RULES } from '../../../src/config/session-option-rules.js';
import { SessionProviderBuilder } from '../../../src/config/session-provider.builder.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';

const HOUR = 3600;

class Member {
  name = '';
}

describe('A lifetime preset', () => {
  it.each<[LifetimePreset, number, number]>([
    ['owasp-low', 1800, 8 * HOUR],
    ['owasp-high', 300, 4 * HOUR],
    ['nist-aal2', HOUR, 24 * HOUR],
    ['nist-aal3', 900, 12 * HOUR],
  ])('%s gives an idle timeout of %d s and an absolute one of %d s', (lifetimes, idle, absolute) => {
    const expected = { idleTimeoutInSeconds: idle, absoluteTimeoutInSeconds: absolute };
    expect(lifetimeOptionsOf('a', { lifetimes }, {})).toEqual(expected);
    expect(lifetimeOptionsOf('a', {}, { lifetimes })).toEqual(expected);
  });

  it('lets a session have shorter timeouts', () => {
    const options = lifetimeOptionsOf('a', { lifetimes: 'nist-aal2' }, { idleTimeoutInSeconds: 600 });
    expect(options).toEqual({ idleTimeoutInSeconds: 600, absoluteTimeoutInSeconds: 24 * HOUR });
  });

  it("of a session comes before the module's timeouts", () => {
    const options = lifetimeOptionsOf('a', { idleTimeoutInSeconds: 7 * 24 * HOUR }, { lifetimes: 'nist-aal3' });
    expect(options.idleTimeoutInSeconds).toBe(900);
  });

  it.each([
    ['a longer idle timeout', { idleTimeoutInSeconds: HOUR + 1 }, 'idleTimeoutInSeconds is 3601'],
    ['no idle timeout', { idleTimeoutInSeconds: null }, 'idleTimeoutInSeconds is switched off'],
    ['no absolute timeout', { absoluteTimeoutInSeconds: 0 }, 'absoluteTimeoutInSeconds is switched off'],
  ])('refuses %s and says what to write', (_what, session, message) => {
    const build = (): unknown => lifetimeOptionsOf('a', { lifetimes: 'nist-aal2' }, session);
    expect(build).toThrow(SessionConfigurationError);
    expect(build).toThrow(message);
    expect(build).toThrow("lifetimes: 'nist-aal2' allows at most");
  });

  it('of another name is refused on the module and on a session', () => {
    const lifetimes = 'owasp' as LifetimePreset;
    const options = { lifetimes };
    expect(() => assertSessionsOptions('SessionsModule', options, SESSIONS_OPTION_RULES)).toThrow(
      "lifetimes must be one of 'owasp-low'",
    );
    const builder = new SessionProviderBuilder({});
    expect(() => builder.build({ type: Member, name: 'm', lifetimes })).toThrow("lifetimes must be one of 'owasp-low'");
  });

  it('shows in the description of the session', () => {
    const builder = new SessionProviderBuilder({ lifetimes: 'nist-aal3' });
    expect(builder.build({ type: Member, name: 'm' }).description).toContain('idle 15 min, absolute 12 h');
  });
});
