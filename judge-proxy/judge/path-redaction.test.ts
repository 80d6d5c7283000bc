/** Contract: of a path nothing stays that a rule, a pattern or a header of the request calls a secret; all else does. */

import { describe, expect, it } from 'vitest';
import { storedPath } from '../enforcement/stored-path.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
import { createPathRedaction } from './path-redaction.ts';
import { SECRETS } from './testing/secrets.ts';

const PATTERNS = [
  { name: 'employee', pattern: '\\bEMP-[0-9]{6}\\b' },
  { name: 'pair', pattern: 'left/right-[0-9]+' },
];
// Time stands still: its bounds have tests of their own.
const redact = createPathRedaction({ patterns: PATTERNS }, Buffer.alloc(32, 3), { monotonic: () => 0 });
const headers: readonly SecretHeader[] = [['x-tenant', 'velvet-marmalade']];
const read = (path: string) => redact(path, 'exchange-1', headers);
const escaped = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('');

describe('paths', () => {
  it.each([
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions?key=EMP-123456', '/v1/chat/completions'],
    ['/v1/people/EMP-123456/notes', /^\/v1\/people\/\[REDACTED:employee:[0-9a-f]{8}\]\/notes$/],
    ['/v1/velvet-marmalade', /^\/v1\/\[REDACTED:header_x_tenant:[0-9a-f]{8}\]$/],
    [`/v1/${escaped('velvet-marmalade')}`, /^\/v1\/\[REDACTED:header_x_tenant:[0-9a-f]{8}\]$/],
    ['/v1/velvet%2Dmarmalade', /^\/v1\/\[REDACTED:header_x_tenant:[0-9a-f]{8}\]$/],
    [`/v1/${escaped('EMP-123456')}`, /^\/v1\/\[REDACTED:employee:[0-9a-f]{8}\]$/],
    ['/v1/%zz-%45MP-123456%', /^\/v1\/\[REDACTED:employee:[0-9a-f]{8}\]$/],
    ['/v1/%ff-%45MP-123456', /^\/v1\/\[REDACTED:employee:[0-9a-f]{8}\]$/],
    ['/left/right-7/x', /^\/\[REDACTED:pair:[0-9a-f]{8}\]$/],
    ['/v1/[REDACTED:employee:00000000]', '/v1/[NOT_REDACTED:employee:00000000]'],
    ['/v1/%zz/%', '/v1/%zz/%'],
    ['', ''],
    ['*', '*'],
  ])('%s', (path, expected) => {
    expect(read(path)).toMatch(typeof expected === 'string' ? new RegExp(`^${RegExp.escape(expected)}$`) : expected);
    expect(read(path)).toBe(read(path));
  });

  it.each(SECRETS.filter(({ text, secret }) => text === secret && /^[\w.-]+$/.test(secret)))('$name', ({ secret }) => {
    const path = storedPath(read(`/v1/files/${secret}/content`));
    expect(path).toMatch(/^\/v1\/files\/\[REDACTED:[a-z0-9_]+:[0-9a-f]{8}\]\/content$/);
  });

  it('a path that was clean for one client is read again for the secret of another', () => {
    expect(read('/v1/rooms/blue-lagoon')).toBe('/v1/rooms/blue-lagoon');
    expect(redact('/v1/rooms/blue-lagoon', 'e', [['x-tenant', 'blue-lagoon']])).toContain('[REDACTED:header_x_tenant:');
    expect(read('/v1/rooms/blue%2dlagoon')).toBe('/v1/rooms/blue%2dlagoon');
    const again = redact('/v1/rooms/blue%2dlagoon', 'e', [['x-tenant', 'blue-lagoon']]);
    expect(again).toContain('[REDACTED:header_x_tenant:');
  });

  it('a secret with escapes in it is found where it is shorter than it was sent', () => {
    const tenant = [...'blue-lagoon'].map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`).join('');
    expect(redact('/v1/rooms/blue-lagoon', 'e', [['x-tenant', tenant]])).toContain('[REDACTED:header_x_tenant:');
  });

  it('is bounded: what is not read is not kept', () => {
    expect(read(`/${'a/'.repeat(5_000)}EMP-123456`).length).toBeLessThanOrEqual(1_024);
  });
});
