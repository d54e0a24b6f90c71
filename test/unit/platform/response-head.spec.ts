import * as fc from 'fast-check';
import { ResponseHead } from '../../../src/platform/response-head.js';
import { wiredResponse } from './wire.js';

function applied(ours: Array<[string, string]>, theirs: Record<string, string | number | string[]> = {}) {
  const { response } = wiredResponse();
  for (const [name, value] of Object.entries(theirs)) response.setHeader(name, value);
  const head = new ResponseHead();
  for (const [name, value] of ours) head.setHeader(name, value);
  head.applyTo(response);
  return response.getHeaders();
}

describe('ResponseHead', () => {
  it('puts nothing on a response when there is nothing', () => {
    expect(applied([])).toEqual({});
  });

  it('replaces a header that is no list', () => {
    expect(applied([['X-Session', 'ours']], { 'x-session': 'theirs' })).toEqual({ 'x-session': 'ours' });
  });

  it('adds to Vary and Access-Control-Expose-Headers what is not there yet, whatever its case', () => {
    expect(
      applied(
        [
          ['Vary', 'Cookie'],
          ['Vary', 'X-Session'],
          ['Access-Control-Expose-Headers', 'X-Session'],
        ],
        { vary: 'Origin, COOKIE', 'access-control-expose-headers': 'ETag' },
      ),
    ).toEqual({ vary: 'Origin, COOKIE, X-Session', 'access-control-expose-headers': 'ETag, X-Session' });
  });

  it('keeps a star', () => {
    expect(applied([['Vary', 'Cookie']], { vary: 'Accept, *' })).toEqual({ vary: 'Accept, *' });
  });

  it('takes an empty header for none', () => {
    expect(applied([['Vary', 'Cookie']], { vary: '' })).toEqual({ vary: 'Cookie' });
  });

  it('reads a header that was set as a list or a number', () => {
    expect(applied([['Vary', 'Cookie']], { vary: ['Origin', 'Accept'] })).toEqual({ vary: 'Origin, Accept, Cookie' });
    expect(applied([['Retry-After', '1']], { 'retry-after': 5 })).toEqual({ 'retry-after': '1' });
  });

  it.each([
    ['public, max-age=60', 'no-store'],
    ['no-store', 'no-store'],
    ['NO-STORE , private', 'NO-STORE , private'],
    ['no-storage', 'no-store'],
    ['no-transform', 'no-store, no-transform'],
    ['max-age=1, No-Transform', 'no-store, no-transform'],
  ])('makes Cache-Control %s at least no-store: %s', (theirs, result) => {
    expect(applied([['Cache-Control', 'no-store']], { 'cache-control': theirs })).toEqual({ 'cache-control': result });
  });

  it('keeps one cookie line for each name, the last, behind those of the application', () => {
    const { response } = wiredResponse();
    response.setHeader('Set-Cookie', 'own=1');
    const head = new ResponseHead();
    head.setCookie('a', 'a=1');
    head.setCookie('b', 'b=1');
    head.setCookie('a', 'a=2');
    head.applyTo(response);
    expect(response.getHeader('set-cookie')).toEqual(['own=1', 'a=2', 'b=1']);
  });

  it('never loses a member of a list and never doubles one', () => {
    const member = fc.stringMatching(/^[abAB]{1,2}$/);
    fc.assert(
      fc.property(fc.array(member), fc.array(member), (theirs, ours) => {
        const vary = applied(
          ours.map((name) => ['Vary', name]),
          theirs.length > 0 ? { vary: theirs.join(', ') } : {},
        )['vary'];
        const result = (vary ?? '')
          .split(', ')
          .filter(Boolean)
          .map((name) => name.toLowerCase());
        for (const name of [...theirs, ...ours]) expect(result).toContain(name.toLowerCase());
        const added = result.slice(theirs.length);
        expect(new Set(added).size).toBe(added.length);
      }),
    );
  });
});
