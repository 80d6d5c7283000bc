/** Permissions as people choose them: in groups, each with what it lets a program do. */

import type { Permission } from '../../../../contract/roles.ts';

export interface ScopeGroup {
  readonly label: string;
  readonly scopes: readonly Permission[];
}

const WORDS: Readonly<Record<Permission, { readonly group: string; readonly says: string }>> = {
  'exchanges:read': { group: 'Traffic', says: 'Read exchanges, verdicts and their redacted words' },
  'metrics:read': { group: 'Traffic', says: 'Read /metrics' },
  'health:read': { group: 'Traffic', says: 'Read the state of the parts' },
  'labels:write': { group: 'Review', says: 'Read queues and give labels' },
  'quality:read': { group: 'Review', says: 'Read how judge and people agree' },
  'policies:read': { group: 'Judging', says: 'Read rubrics and their versions' },
  'policies:write': { group: 'Judging', says: 'Change, publish and roll back rubrics' },
  'replays:read': { group: 'Judging', says: 'Read replays and estimates' },
  'replays:write': { group: 'Judging', says: 'Start replays, which cost money' },
  'judges:read': { group: 'Judging', says: 'Read judges, models, budgets and shadows' },
  'exports:read': { group: 'Records', says: 'Take whole records off this machine' },
  'sealed:read': { group: 'Records', says: 'Take encrypted originals off this machine' },
  'erasures:write': { group: 'Records', says: 'Destroy content' },
  'sinks:read': { group: 'Records', says: 'Read where records go' },
  'sinks:write': { group: 'Records', says: 'Send test events' },
  'users:write': { group: 'People', says: 'Make and change users' },
  'tokens:write': { group: 'People', says: 'Change tokens of anybody' },
  'audit:read': { group: 'People', says: 'Read who changed what' },
};

/** The groups that somebody with these permissions may give away; a token never reaches further than its maker. */
export function scopeGroups(own: readonly Permission[]): readonly ScopeGroup[] {
  const groups = new Map<string, Permission[]>();
  for (const [scope, { group }] of Object.entries(WORDS) as [Permission, { group: string }][]) {
    if (own.includes(scope)) groups.set(group, [...(groups.get(group) ?? []), scope]);
  }
  return [...groups].map(([label, scopes]) => ({ label, scopes }));
}

export function scopeSays(scope: Permission): string {
  return WORDS[scope].says;
}

const DAY_MS = 86_400_000;
/** Longest first chosen is not the default: a token that nobody misses is one that nobody revokes. */
export const LIFETIMES = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
] as const;

/** @returns RFC 3339; a minute less than said, since the server allows a year at most */
export function expiryOf(days: number, now: number): string {
  return new Date(now + days * DAY_MS - 60_000).toISOString();
}

export type TokenState = 'valid' | 'expired' | 'revoked';

export function tokenState(
  token: { readonly revoked_at: string | null; readonly expires_at: string },
  now: number,
): TokenState {
  if (token.revoked_at !== null) return 'revoked';
  return Date.parse(token.expires_at) <= now ? 'expired' : 'valid';
}
