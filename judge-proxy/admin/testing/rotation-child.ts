/**
 * A process that a test kills: `node rotation-child.ts URL TOKEN_ID`. It rotates the token of `admin` without end, and
 * prints each secret as soon as there is an answer with it.
 */

import { writeSync } from 'node:fs';
import process from 'node:process';
import { ROLE_PERMISSIONS } from '../../contract/roles.ts';
import { KeptLog } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { act } from '../accounts/act.ts';
import { createTokenHandlers } from '../accounts/token-handlers.ts';
import { Passwords } from '../auth/passwords.ts';
import type { Context } from '../handlers.ts';

const [url = '', id = ''] = process.argv.slice(2);
const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
const handlers = createTokenHandlers({ ledger, clock: systemClock, passwords: new Passwords() });
const actor = { kind: 'user', name: 'admin' } as const;
const context: Context = {
  caller: { actor, user: 'admin', role: 'admin', permissions: new Set(ROLE_PERMISSIONS.admin) },
  requestId: newId(),
  signal: new AbortController().signal,
  act: (action, object, before, after) => act({ clock: systemClock, newId }, actor, action, object, before, after),
};
for (;;) {
  const { token } = await handlers.rotate_token({ params: { id }, query: {}, body: {} }, context);
  writeSync(1, `${token}\n`);
}
