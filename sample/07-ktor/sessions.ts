import { Session } from 'nestjs-sessions';
import { int, list, string } from 'nestjs-sessions/ktor';

/** `data class UserSession(val id: String, val count: Int)` */
@Session('user_session')
export class UserSession {
  @string() id = '';
  @int() count = 0;
}

/** `data class CartSession(val userID: String, val productIDs: List<Int>)` */
@Session('cart_session')
export class CartSession {
  @string() userID = '';
  @list(int()) productIDs: number[] = [];
}

/** The same in a header and a directory. */
@Session('cart_header')
export class HeaderCartSession extends CartSession {}
