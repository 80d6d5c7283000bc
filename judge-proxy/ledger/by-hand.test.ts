/** Contract: what docs/ledger.md says to check a record by hand with gives the hashes that the ledger has. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { RECORDS, VerifyRig } from './verify-rig.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/ledger.md'), 'utf8');
const SCRIPT = /```sh\n(ask\(\) [\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
/** What the command sqlite3 prints of one value. */
const SQLITE3 = `sqlite3() { ${JSON.stringify(process.execPath)} -e '
  const { DatabaseSync } = require("node:sqlite");
  const [row] = new DatabaseSync(process.argv[1], { readOnly: true }).prepare(process.argv[2]).all();
  console.log(Object.values(row)[0]);' "$@"; }`;

it.runIf(hasOpenSsl())('anybody can check a record with OpenSSL, as the documentation says', async () => {
  const rig = new VerifyRig();
  await rig.write();
  const db = new DatabaseSync(rig.file, { readOnly: true });
  for (let seq = 1; seq <= RECORDS; seq += 3) {
    const script = SCRIPT.replaceAll('data/ledger.db', rig.file).replaceAll('seq = 7', `seq = ${seq}`);
    const printed = execFileSync('sh', ['-c', `${SQLITE3}\n${script.replace('"seq":7}', `"seq":${seq}}`)}`]).toString();
    const row = db.prepare('SELECT body_sha256, hash FROM records WHERE seq = ?').get(seq);
    expect(printed.split('\n').map((line) => line.split(' ')[0])).toEqual([row?.body_sha256, row?.hash, '']);
  }
  db.close();
  rig.remove();
});

function hasOpenSsl(): boolean {
  try {
    return execFileSync('openssl', ['version']).toString().startsWith('OpenSSL 3');
  } catch {
    return false;
  }
}
