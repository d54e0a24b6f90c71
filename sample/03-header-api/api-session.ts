import { Type } from 'class-transformer';
import { Counter, Session, SessionOwner } from 'nestjs-sessions';

export class Note {
  text = '';
  writtenAt = new Date();
}

/**
 * The session of an API client: its id is in the header X-Session of requests and responses. By id, so that the server
 * can end the session: it cannot clear a client's header.
 */
@Session('X-Session', {
  transport: 'header',
  tracker: 'by-id',
  idleTimeoutInSeconds: 3600,
  // Lets scripts of another origin read the header, if CORS allows their requests.
  exposed: true,
})
export class ApiSession {
  @SessionOwner() name = '';
  @Type(() => Note) notes: Note[] = [];
  /** Requests of this session, including parallel ones. */
  @Counter() requests = 0;
}
