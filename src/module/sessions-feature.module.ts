import { Module, type DynamicModule } from '@nestjs/common';
import type { SessionRegistration } from '../config/session-options.js';
import { SessionsRuntime } from './sessions-runtime.js';

/** For `SessionsModule.forFeature`. */
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
