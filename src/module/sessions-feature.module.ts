import { Module, type DynamicModule } from '@nestjs/common';
import type { SessionRegistration } from '../config/session-options.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** What `SessionsModule.forFeature` gives: it only adds to the application's sessions. */
@Module({})
export class SessionsFeatureModule {
  static register(sessions: readonly SessionRegistration[]): DynamicModule {
    return {
      module: SessionsFeatureModule,
      providers: [
        {
          provide: Symbol('nestjs-sessions:feature'),
          useFactory: (runtime: SessionsRuntime) => runtime.registerFeature(sessions),
          inject: [SessionsRuntime],
        },
      ],
    };
  }
}
