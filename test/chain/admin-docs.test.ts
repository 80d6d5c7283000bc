/**
 * Contract: docs/admin-api.md is true. Its commands run as they stand, one after the other, against the real program; its
 * tables of roles and of errors are those of the code.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROBLEMS } from '../../judge-proxy/admin/problems.ts';
import { PERMISSIONS, ROLE_PERMISSIONS, ROLES } from '../../judge-proxy/contract/roles.ts';
import { printedPassword } from '../support/admin-session.ts';
import { Chain, ROOT } from '../support/chain.ts';
import { run } from '../support/clients.ts';

const page = await readFile(join(ROOT, 'docs/admin-api.md'), 'utf8');

/** Cells of the table whose first head is this word. */
function table(head: string): string[][] {
  const [, rows = ''] = new RegExp(`^\\| ${head} .*\\n\\|[ |-]+\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? [];
  const cells = (row: string) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return rows.trim().split('\n').map(cells);
}

it('the table of roles is that of the code', () => {
  expect(page).toContain(`| permission | ${ROLES.join(' | ')} |`);
  expect(table('permission')).toEqual(
    PERMISSIONS.map((permission) => [
      `\`${permission}\``,
      ...ROLES.map((role) => (ROLE_PERMISSIONS[role].includes(permission) ? '✓' : '')),
    ]),
  );
});

it('the table of errors is that of the code', () => {
  expect(table('code')).toEqual(
    Object.entries(PROBLEMS).map(([code, [status, title]]) => [`\`${code}\``, String(status), title]),
  );
});

it('the commands work', { timeout: 60_000 }, async () => {
  await using chain = await Chain.start({ hop: 'plain', config: { listen: { admin: { open_metrics: false } } } });
  await chain.proxy.said(/shown this once/);
  const folder = await mkdtemp(join(tmpdir(), 'admin-docs-'));
  const script = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text).join('\n');
  const ran = await run('bash', ['-euo', 'pipefail', '-c', `cd '${folder}'\n${script}\necho all commands ran`], {
    JUDGE: `http://127.0.0.1:${chain.adminPort}`,
    PASSWORD: printedPassword(chain.proxy.text),
    NEW_PASSWORD: 'a password of this test',
  });
  await rm(folder, { recursive: true });
  expect(ran.stderr.replace(/curl: \(28\).*\n/, '')).toBe('');
  expect(ran.stdout).toContain('judge_proxy_not_judged_total');
  expect(ran.stdout).toContain(': connected');
  expect(ran.stdout).toMatch(/all commands ran\n$/);
});
