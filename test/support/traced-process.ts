/**
 * `traced-process.ts TRACE CONFIG`: the judge proxy under strace, which writes each sync of a file to TRACE. SIGTERM
 * goes to the judge proxy, which strace ends with.
 */

import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import process from 'node:process';

const [trace = '', config = ''] = process.argv.slice(2);
const cli = join(resolve(import.meta.dirname, '../..'), 'judge-proxy/cli.ts');
const options = ['-f', '-qq', '--seccomp-bpf', '-y', '-e', 'trace=fsync,fdatasync', '-o', trace];
const child = spawn('strace', [...options, process.execPath, cli, 'serve', '--config', config], {
  stdio: 'inherit',
  detached: true,
});
// To the group: strace itself takes no notice of it.
process.on('SIGTERM', () => process.kill(-(child.pid ?? 0), 'SIGTERM'));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
