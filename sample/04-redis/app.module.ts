import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { redisSessionStorage, SessionStorageRedis } from 'nestjs-sessions/redis';
import { DeviceSession } from './device-session.js';
import { DevicesController } from './devices.controller.js';
import { RedisConnection } from './redis-connection.js';

@Module({
  // The class is the injection token of the storage.
  imports: [SessionsModule.forRoot({ sessions: [DeviceSession], storage: SessionStorageRedis })],
  controllers: [DevicesController],
  providers: [
    { provide: RedisConnection, useFactory: () => RedisConnection.open() },
    {
      provide: SessionStorageRedis,
      inject: [RedisConnection],
      useFactory: ({ client }: RedisConnection) =>
        redisSessionStorage({ client, prefix: process.env['REDIS_PREFIX'] ?? 'sample:' }),
    },
  ],
})
export class AppModule {}
