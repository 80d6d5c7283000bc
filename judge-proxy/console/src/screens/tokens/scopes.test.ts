/** Whoever makes a token can give away no more than they may do themselves. */

import { describe, expect, it } from 'vitest';
import { PERMISSIONS, ROLE_PERMISSIONS, ROLES } from '../../../../contract/roles.ts';
import { expiryOf, scopeGroups, scopeSays, tokenState } from './scopes.ts';

describe('scopes', () => {
  it.each(ROLES)('of %s are those of the role, each once', (role) => {
    const offered = scopeGroups(ROLE_PERMISSIONS[role]).flatMap(({ scopes }) => scopes);
    expect([...offered].sort()).toEqual([...ROLE_PERMISSIONS[role]].sort());
  });

  it('are all explained', () => {
    expect(PERMISSIONS.map(scopeSays).every((text) => text.length > 5)).toBe(true);
  });
});

describe('a token', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const token = { revoked_at: null, expires_at: '2026-11-22T00:00:00.000Z' };

  it('of a year ends within a year', () => {
    expect(Date.parse(expiryOf(365, now)) - now).toBeLessThan(365 * 86_400_000);
  });

  it('that was revoked is so before it expires and after', () => {
    expect(tokenState(token, now)).toBe('valid');
    expect(tokenState({ ...token, expires_at: '2026-11-21T12:00:00Z' }, now)).toBe('expired');
    expect(tokenState({ revoked_at: 'x', expires_at: '2020-01-01T00:00:00Z' }, now)).toBe('revoked');
  });
});
