import type { OutgoingHttpHeaders } from 'node:http';
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
  it.each([
    ['public', 'private'],
    ['public, max-age=60', 'private, max-age=60'],
    ['max-age=60 , s-maxage=600', 'private, max-age=60'],
    ['PUBLIC,S-MaxAge = 1,immutable', 'private, immutable'],
    ['private, public', 'private'],
    ['max-age=60', 'max-age=60'],
    ['no-store', 'no-store'],
    ['publicly', 'publicly'],
  ])('makes Cache-Control %s, which shared caches may keep, to %s', (theirs, result) => {
    const { response } = wiredResponse();
    response.setHeader('cache-control', theirs);
    const head = new ResponseHead();
    head.forbidSharing();
    head.applyTo(response);
    expect(response.getHeaders()).toEqual({ 'cache-control': result });
    expect(head.joinedWith({ 'Cache-Control': theirs })).toEqual({ 'Cache-Control': result });
  });

  it('adds no Cache-Control to forbid sharing', () => {
    const head = new ResponseHead();
    head.forbidSharing();
    expect(head.joinedWith({})).toEqual({});
  });

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

  describe('joined with headers that are handed over', () => {
    const joined = (ours: Array<[string, string]>, handed: OutgoingHttpHeaders) => {
      const head = new ResponseHead();
      for (const [name, value] of ours) head.setHeader(name, value);
      return head.joinedWith(handed);
    };

    it('leaves the object that was handed over as it is', () => {
      const handed = { vary: 'Origin' };
      expect(joined([['Vary', 'Cookie']], handed)).toEqual({ vary: 'Origin, Cookie' });
      expect(handed).toEqual({ vary: 'Origin' });
    });

    it('finds a header whatever the case of its name', () => {
      expect(joined([['Vary', 'Cookie']], { 'Content-Type': 'text/plain', Vary: 'Origin' })).toEqual({
        'Content-Type': 'text/plain',
        Vary: 'Origin, Cookie',
      });
    });

    it.each<[string, OutgoingHttpHeaders, OutgoingHttpHeaders]>([
      ['none', {}, { 'set-cookie': ['a=1'] }],
      ['one', { 'Set-Cookie': 'own=1' }, { 'Set-Cookie': ['own=1', 'a=1'] }],
      ['a list', { 'set-cookie': ['own=1', 'own=2'] }, { 'set-cookie': ['own=1', 'own=2', 'a=1'] }],
    ])('puts our cookies behind those of the application: %s', (_what, handed, expected) => {
      const head = new ResponseHead();
      head.setCookie('a', 'a=1');
      expect(head.joinedWith(handed)).toEqual(expected);
    });

    it('gives what putting everything on the response gives', () => {
      const values = fc.stringMatching(/^[a-z0-9=, -]{0,12}$/);
      const names = fc.constantFrom('vary', 'cache-control', 'access-control-expose-headers', 'x-own', 'retry-after');
      fc.assert(
        fc.property(fc.dictionary(names, values), fc.array(fc.tuple(names, values)), (handed, ours) => {
          expect({ ...joined(ours, handed) }).toEqual({ ...applied(ours, handed) });
        }),
      );
    });
  });
});
