/**
 * Contract: a client that refuses our certificate is counted and reported, leaves nothing behind, and switches nothing
 * off: the host is terminated for the next one as before.
 */

import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { nothingIsLeft, tunnelEnds } from './testing/leftovers.ts';
import { HOST, Rig, type RigOptions } from './testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

describe('clients that refuse our certificate', () => {
  test('curl with another pinned key: nothing is left, and the host is still terminated', async () => {
    await start();
    const pin = createHash('sha256')
      .update(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    const caFile = join(tmpdir(), `intercept-ca-${process.pid}.crt`);
    await writeFile(caFile, rig.caPem);
    const curl = spawn(
      'curl',
      [
        '-sS',
        '-x',
        `http://127.0.0.1:${rig.port}`,
        '--cacert',
        caFile,
        '--pinnedpubkey',
        `sha256//${pin}`,
        `https://${HOST}/`,
      ],
      { stdio: 'ignore' },
    );
    const [code] = await once(curl, 'exit');
    expect(code).toBe(90); // CURLE_SSL_PINNEDPUBKEYNOTMATCH
    await nothingIsLeft(rig, 'h1');
    expect(rig.origin.seen).toEqual([]);
    expect((await rig.request()).status).toBe(200);
  });

  test('curl that does not know the CA is a certain case', async () => {
    await start();
    const curl = spawn('curl', ['-sS', '-x', `http://127.0.0.1:${rig.port}`, `https://${HOST}/`], { stdio: 'ignore' });
    const [code] = await once(curl, 'exit');
    expect(code).toBe(60); // CURLE_PEER_FAILED_VERIFICATION
    await nothingIsLeft(rig, 'h1');
    expect(rig.handshakes).toEqual(['distrust']);
    expect(rig.ends).toEqual(['client_distrusts']);
  });

  test('a hundred times: one report, a hundred counts, the action unchanged', async () => {
    await start();
    for (let i = 0; i < 100; i += 1) {
      const socket = rig.startTls(await rig.tunnel(), { ca: [] });
      await once(socket, 'error');
      socket.destroy();
      await tunnelEnds(rig, i + 1);
    }
    expect(rig.handshakes).toHaveLength(100);
    const kinds = new Set(rig.handshakes).size;
    expect(rig.log.filter((line) => line.event === 'client_handshake')).toHaveLength(kinds);
    const socket = await rig.secure();
    expect(socket.getPeerCertificate().issuer.CN).toMatch(/interception CA/);
    expect((await rig.request({}, socket)).status).toBe(200);
  });
});
