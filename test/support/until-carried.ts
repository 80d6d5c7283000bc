/** Waits until a proxy that somebody else starts carries traffic. */

import http from 'node:http';

const PAUSE_MS = 200;

/**
 * Resolves when CONNECT to the authority gets its 200.
 * @throws Error with the last answer when the signal ends the wait
 */
export async function untilCarried(proxyUrl: string, authority: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await tryConnect(proxyUrl, authority);
    if (answer === '200') return;
    if (signal.aborted) throw new Error(`${proxyUrl} does not carry traffic: ${answer}`);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

/** The status of one CONNECT, or the code of the error. */
function tryConnect(proxyUrl: string, authority: string): Promise<string> {
  return new Promise((done) => {
    const request = http.request(proxyUrl, { method: 'CONNECT', path: authority, timeout: 5_000 });
    request.once('connect', (response, socket) => {
      socket.destroy();
      done(String(response.statusCode));
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    request.end();
  });
}
