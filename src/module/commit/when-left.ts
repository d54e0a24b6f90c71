import { Observable } from 'rxjs';

/** The same values. Calls `act` if a subscriber, such as a timeout, unsubscribes before they end. */
export function whenLeft<T>(values: Observable<T>, act: () => void): Observable<T> {
  return new Observable((subscriber) => {
    let hasEnded = false;
    const subscription = values.subscribe({
      next: (value) => subscriber.next(value),
      error: (error: unknown) => {
        hasEnded = true;
        subscriber.error(error);
      },
      complete: () => {
        hasEnded = true;
        subscriber.complete();
      },
    });
    return () => {
      subscription.unsubscribe();
      if (!hasEnded) act();
    };
  });
}
