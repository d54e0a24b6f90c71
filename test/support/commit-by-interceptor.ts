// A setup file of Jest: every application of a spec commits by the interceptor.
import { SessionsModule } from '../../src/module/sessions.module.js';

const { forRoot } = SessionsModule;
SessionsModule.forRoot = (options) => forRoot.call(SessionsModule, { commit: 'interceptor', ...options });
