/**
 * The message of an incoming webhook of Slack. It is made of closed words, names from the configuration and client names,
 * all as `plain_text`: nothing in it is markup, a mention or a link, and no words of traffic are in it at all.
 */

import { title } from '../exports/flagged.ts';
import type { SinkEvent, SinkItem } from './event.ts';

/** One message lists so many; the rest is counted. A section takes 3,000 characters. */
const MOST_LISTED = 10;
const MOST_CHARACTERS = 2_900;

export function slackMessage(events: readonly SinkEvent[]): object {
  const lines = events.slice(0, MOST_LISTED).map(({ item }) => line(item));
  const more = events.length - lines.length;
  const text = [headline(events), ...lines, ...(more > 0 ? [`and ${more} more, in the console`] : [])].join('\n');
  const shown = text.slice(0, MOST_CHARACTERS);
  return {
    // Shown in notifications only; there the three characters of Slack's markup are escaped.
    text: escaped(headline(events)),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [{ type: 'section', text: { type: 'plain_text', text: shown, emoji: false } }],
  };
}

function headline(events: readonly SinkEvent[]): string {
  const violations = events.filter(
    ({ item }) => item.subject === 'verdicts' && item.record.overall.label === 'violation',
  );
  const [only] = events;
  if (events.length === 1 && only !== undefined) return `Judge proxy: ${what(only.item)}`;
  return `Judge proxy: ${events.length} events, ${violations.length} of them violations`;
}

function what(item: SinkItem): string {
  return item.subject === 'verdicts' ? title(item.record) : item.subject;
}

function line(item: SinkItem): string {
  switch (item.subject) {
    case 'verdicts': {
      const { client, route, exchange_id } = item.record;
      return `${title(item.record)} · client ${client} · route ${route} · ${exchange_id}`;
    }
    case 'exchanges': {
      const { opened, completed } = item.record;
      return `exchange ${completed.outcome} · client ${opened.client} · route ${opened.route} · ${opened.exchange_id}`;
    }
    case 'connections':
      return `connection ${item.record.action} · client ${item.record.client} · ${item.record.host}`;
    case 'audit':
      return `${item.kind} · record ${item.seq}`;
    case 'checkpoints':
      return `checkpoint · ${item.seq} records`;
    default:
      item satisfies never;
      return '';
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
