/** Contract: an address says what the page shows, as text, in one order; what no schema takes is dropped. */

import { describe, expect, it } from 'vitest';
import { exchangeFilter } from '../../../contract/requests.ts';
import { parseSearch, searchOf, stringifySearch } from './search.ts';

describe('search parameters', () => {
  it('are text, whatever they look like', () => {
    expect(parseSearch('?q=007&judged=true')).toEqual({ q: '007', judged: 'true' });
  });

  it('have one order, and none that says nothing', () => {
    expect(stringifySearch({ route: 'a b', label: 'clean', q: '', client: undefined })).toBe('?label=clean&route=a+b');
    expect(stringifySearch({})).toBe('');
  });

  it('come back as they were', () => {
    const search = { q: '<a&b>=%', since: '2026-11-21T00:00:00.000Z' };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });

  it.each([
    [
      { label: 'clean', judged: 'true' },
      { label: 'clean', judged: 'true' },
    ],
    [{ label: 'surely', coverage: 'full' }, { coverage: 'full' }],
    [{ nonsense: '1', since: 'yesterday', q: '' }, {}],
  ])('%j are taken as %j', (given, taken) => {
    expect(searchOf(exchangeFilter)(given)).toEqual(taken);
  });
});
