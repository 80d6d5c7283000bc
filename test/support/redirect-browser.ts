/** A browser without pages: it keeps cookies as RFC 6265 asks, and goes where redirects lead, one step at a time. */

export interface Step {
  readonly status: number;
  /** Where it leads, whole; empty when nowhere. */
  readonly location: string;
  readonly headers: Headers;
  readonly text: string;
}

export class RedirectBrowser {
  readonly cookies = new Map<string, string>();

  async visit(url: string, { headers, ...init }: RequestInit = {}): Promise<Step> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { ...(cookie === '' ? {} : { cookie }), ...(headers as Record<string, string> | undefined) },
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const location = response.headers.get('location');
    return {
      status: response.status,
      location: location === null ? '' : new URL(location, url).href,
      headers: response.headers,
      text: await response.text(),
    };
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
    const ended =
      /; *max-age=0/i.test(line) || (Date.parse(/; *expires=([^;]+)/i.exec(line)?.[1] ?? '') || 9e15) < Date.now();
    if (ended) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
