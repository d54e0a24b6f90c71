import { CurrentSession, Principal, Session, SessionId, SessionInfo, Sessions } from 'nestjs-sessions';

@Session('user_session')
class UserSession {
  name = '';
}

describe('A parameter decorator on a constructor', () => {
  it.each([
    ['CurrentSession', () => CurrentSession(UserSession)],
    ['Principal', () => Principal(UserSession)],
    ['SessionId', () => SessionId(UserSession)],
    ['SessionInfo', () => SessionInfo(UserSession)],
    ['Sessions', () => Sessions()],
  ])('@%s() is refused with a configuration error', (name, decorator) => {
    const declare = (): unknown => {
      class Controller {
        constructor(readonly session: UserSession) {}
      }
      decorator()(Controller, undefined, 0);
      return Controller;
    };
    expect(declare).toThrow(
      expect.objectContaining({
        name: 'SessionConfigurationError',
        message: `@${name}() is on a parameter of a constructor. Put it on a parameter of a handler.`,
      }),
    );
  });
});
