import { Type } from 'class-transformer';
import { Counter, Session, SessionOwner } from 'nestjs-sessions';

export class Note {
  text = '';
  writtenAt = new Date();
}

/**
 * The session of an API client: its id travels in the header X-Session of requests and responses. By id, because a
 * header cannot be taken back from a client: what ends the session is that the server forgets it.
 */
@Session('X-Session', {
  transport: 'header',
  tracker: 'by-id',
  idleTimeoutInSeconds: 3600,
  // Lets scripts of another origin read the header, where CORS lets them send requests at all.
  exposed: true,
})
export class ApiSession {
  @SessionOwner() name = '';
  @Type(() => Note) notes: Note[] = [];
  /** Requests of this session; of parallel ones each counts. */
  @Counter() requests = 0;
}
