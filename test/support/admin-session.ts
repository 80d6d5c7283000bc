/** Somebody who is signed in at the admin API, as a browser is: cookie, x-csrf-token, Origin. */

/** A password for tests: long enough. */
export const TEST_PASSWORD = 'correct horse battery staple';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or text when it is none. */
  readonly body: unknown;
}

export class AdminSession {
  readonly base: string;
  cookie = '';
  csrf = '';

  constructor(base: string) {
    this.base = base;
  }

  /** Signs in; the password of the first start is changed to TEST_PASSWORD, because nothing else works before. */
  static async start(base: string, name: string, password: string): Promise<AdminSession> {
    const session = new AdminSession(base);
    const answer = await session.call('POST', '/api/session', { name, password });
    if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${JSON.stringify(answer.body)}`);
    if ((answer.body as { must_change_password: boolean }).must_change_password) {
      const changed = await session.call('POST', '/api/session/password', {
        current: password,
        password: TEST_PASSWORD,
      });
      if (changed.status !== 200) throw new Error(`password: ${changed.status} ${JSON.stringify(changed.body)}`);
    }
    return session;
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<AdminAnswer> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: {
        origin: this.base,
        ...(this.cookie === '' ? {} : { cookie: this.cookie }),
        ...(this.csrf === '' ? {} : { 'x-csrf-token': this.csrf }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.cookie = cookie.split(';')[0] ?? '';
    const text = await response.text();
    const parsed = parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'csrf_token' in parsed) this.csrf = String(parsed.csrf_token);
    return { status: response.status, headers: response.headers, body: parsed };
  }
}

/** The password that `serve` printed at its first start, from lines of its standard error. */
export function printedPassword(lines: readonly string[]): string {
  const found = lines.map((line) => /^\s+([a-z2-9]{5}(?:-[a-z2-9]{5}){3})$/.exec(line)?.[1]).find((one) => one);
  if (found === undefined) throw new Error(`no password was printed: ${lines.join('\n')}`);
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
