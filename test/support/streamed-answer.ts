/** The answer to one request as it arrives, for tests that ask what a client has at which moment. */

import { EventEmitter, once } from 'node:events';
import http from 'node:http';

export interface StreamRequest {
  readonly host: string;
  readonly path: string;
  readonly body: string;
  /** Comes back as `client_request_id` of the verdict. */
  readonly id: string;
}

export class StreamedAnswer {
  readonly #request: http.ClientRequest;
  readonly #changed = new EventEmitter();
  #text = '';
  #head: http.IncomingMessage | null = null;
  #ended: 'whole' | 'cut' | null = null;

  private constructor(request: http.ClientRequest) {
    this.#request = request;
    request.once('response', (response) => {
      this.#head = response;
      this.#changed.emit('change');
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        this.#text += text;
        this.#changed.emit('change');
      });
      response.once('close', () => this.#end(response.complete ? 'whole' : 'cut'));
    });
    request.once('error', () => this.#end('cut'));
  }

  /** Sends a POST in absolute-form on a connection of its own. */
  static post(port: number, { host, path, body, id }: StreamRequest): StreamedAnswer {
    const request = http.request({
      agent: false,
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: `http://${host}${path}`,
      headers: { host, 'content-type': 'application/json', 'x-client-request-id': id },
    });
    const answer = new StreamedAnswer(request);
    request.end(body);
    return answer;
  }

  /** A chat completion, streamed. `id` is the model, too. */
  static chat(port: number, host: string, id: string, text: string): StreamedAnswer {
    const body = JSON.stringify({ model: id, stream: true, messages: [{ role: 'user', content: text }] });
    return StreamedAnswer.post(port, { host, path: '/v1/chat/completions', body, id });
  }

  /** What has arrived so far. */
  get text(): string {
    return this.#text;
  }

  /** null while no head has arrived. */
  get status(): number | null {
    return this.#head?.statusCode ?? null;
  }

  /** Resolves when this text has arrived. Rejects when the answer ends without it. */
  async until(wanted: string): Promise<void> {
    while (!this.#text.includes(wanted)) {
      if (this.#ended !== null) throw new Error(`the answer ended without ${wanted}: ${this.#text}`);
      await once(this.#changed, 'change');
    }
  }

  /** Resolves at the end. */
  async end(): Promise<{
    status: number | null;
    headers: http.IncomingHttpHeaders;
    text: string;
    how: 'whole' | 'cut';
  }> {
    while (this.#ended === null) await once(this.#changed, 'change');
    return { status: this.status, headers: this.#head?.headers ?? {}, text: this.#text, how: this.#ended };
  }

  /** The client goes away. */
  leave(): void {
    this.#request.destroy();
  }

  #end(how: 'whole' | 'cut'): void {
    this.#ended ??= how;
    this.#changed.emit('change');
  }
}
