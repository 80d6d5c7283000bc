/** The peer from npm that terminates TLS in Node: http-mitm-proxy 1.1. It forwards and records nothing. */

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LoggedProcess } from '../../test/support/process.ts';
import type { Arm, ArmSetup } from '../arm.ts';

export async function httpMitmProxyArm(setup: ArmSetup): Promise<Arm> {
  const folder = join(setup.folder, 'http-mitm-proxy');
  await mkdir(folder, { recursive: true });
  const child = new LoggedProcess([join(import.meta.dirname, 'http-mitm-proxy-process.ts')], {
    PEER_FOLDER: folder,
    PEER_ORIGIN: `${setup.host}:443=127.0.0.1:${setup.originPort}`,
    NODE_EXTRA_CA_CERTS: setup.originCa.certFile,
  });
  const port = Number((await child.event('listening')).port);
  return {
    name: 'http-mitm-proxy',
    proxyUrl: `http://127.0.0.1:${port}`,
    ca: await readFile(join(folder, 'certs/ca.pem'), 'utf8'),
    target: { host: setup.host, port: 443 },
    processes: { node: child.pid },
    recorded: async () => null,
    settled: async () => {},
    close: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}
