import { Table } from '@mantine/core';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import type { ShadowRow } from '../../../../ledger/read-model/rows.ts';
import { SeverityBadge, VerdictBadge } from '../../shared/badges.tsx';
import { counted, formatBytes, formatCount, formatDuration } from '../../shared/format.ts';
import { Money } from '../../shared/money.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { DECIDED, MODES_IN_WORDS, OUTCOMES, RECORDING, STATES } from '../../shared/words.ts';
import classes from './exchange.module.css';
import { Facts, Hash, known } from './facts.tsx';
import { SideCard } from './side-card.tsx';

/** Who judged, what it took, and where it stands in the chain. */
export function FactsCards({ detail }: { detail: ExchangeDetail }) {
  return (
    <>
      <JudgeFacts detail={detail} />
      <TrafficFacts detail={detail} />
      {detail.shadows.length > 0 && <Shadows rows={detail.shadows} />}
      <ChainFacts detail={detail} />
    </>
  );
}

function JudgeFacts({ detail }: { detail: ExchangeDetail }) {
  const verdict = detail.verdicts.at(-1);
  if (verdict === undefined) return null;
  const { judge } = verdict;
  return (
    <SideCard title="Judge">
      <Facts
        facts={[
          known('Judge', judge?.name, (name) => name),
          known('Model', judge?.model, (model) => <TrafficText text={model} />),
          known('After', judge?.escalated_from, (model) => `${model}, which was unsure`),
          { name: 'Decided by', value: DECIDED[verdict.decided_by].label },
          { name: 'State', value: STATES[verdict.state].label },
          known('Version', judge?.hash, (hash) => <Hash of={hash} />),
          known('Input', verdict.input_sha256, (hash) => <Hash of={hash} />),
          known('Answer form', judge?.output_mode, (mode) => mode),
          known('Nonce', judge?.nonce_ok, (ok) => (ok ? 'came back' : 'did not come back')),
          judge?.cache_hit === true ? { name: 'From cache', value: 'an equal input was judged before' } : null,
          known('Took', verdict.latency_ms, formatDuration),
          known(
            'Tokens',
            verdict.judge_tokens,
            (tokens) => `${formatCount(tokens.in)} in, ${formatCount(tokens.out)} out`,
          ),
          { name: 'Cost', value: <Money usd={verdict.judge_cost_usd} /> },
          verdict.sampling_probability < 1
            ? { name: 'Sampled with', value: String(verdict.sampling_probability) }
            : null,
          verdict.windows > 0 ? { name: 'Windows', value: String(verdict.windows) } : null,
        ]}
      />
    </SideCard>
  );
}

function TrafficFacts({ detail: { row, opened, completed, sealed } }: { detail: ExchangeDetail }) {
  return (
    <SideCard title="Traffic">
      <Facts
        facts={[
          { name: 'Request', value: <TrafficText text={`${row.method} ${row.path}`} mono /> },
          { name: 'Host', value: <TrafficText text={`${opened.host}:${opened.port}`} mono /> },
          { name: 'Route', value: `${row.route}, ${MODES_IN_WORDS[row.mode].label.toLowerCase()}` },
          known('Outcome', row.outcome, (outcome) => OUTCOMES[outcome].label),
          known('Error', completed?.error_code, (code) => code),
          known('Status', row.status, (status) => String(status)),
          known('API', row.api, (api) => api),
          known('Model asked', completed?.model_requested, (model) => <TrafficText text={model} />),
          known('Model that answered', completed?.model_returned, (model) => <TrafficText text={model} />),
          known('First byte', completed?.first_byte_ms, formatDuration),
          known('Took', row.duration_ms, formatDuration),
          completed === null
            ? null
            : {
                name: 'Bytes',
                value: `${formatBytes(completed.request_bytes)} up, ${formatBytes(completed.response_bytes)} down`,
              },
          known(
            'Tokens',
            row.tokens_in,
            (tokens) => `${formatCount(tokens)} in, ${formatCount(row.tokens_out ?? 0)} out`,
          ),
          { name: 'Cost', value: <Money usd={row.cost_usd} /> },
          { name: 'Recording', value: RECORDING[row.recording].label },
          known('Sealed original', sealed, ({ bytes }) => formatBytes(bytes)),
          { name: 'Exchange', value: <Whole of={row.exchange_id} /> },
          { name: 'Request id', value: <Whole of={opened.request_id} /> },
          known('Client said', completed?.client_request_id, (text) => <TrafficText text={text} mono />),
          known('Origin said', completed?.origin_request_id, (text) => <TrafficText text={text} mono />),
        ]}
      />
    </SideCard>
  );
}

function Shadows({ rows }: { rows: readonly ShadowRow[] }) {
  return (
    <SideCard title="Shadow judges">
      <Table fz="xs">
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={`${row.shadow} ${row.shadow_hash}`}>
              <Table.Td>{row.shadow}</Table.Td>
              <Table.Td>
                <VerdictBadge verdict={{ label: row.shadow_label, state: row.shadow_state }} />
              </Table.Td>
              <Table.Td>
                <SeverityBadge severity={row.shadow_severity} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </SideCard>
  );
}

const KINDS: Readonly<Record<string, string>> = {
  exchange_opened: 'Opened',
  exchange_completed: 'Completed',
  verdict: 'Verdict',
  shadow_verdict: 'Shadow verdict',
  label: 'Label',
};

function ChainFacts({ detail: { chain } }: { detail: ExchangeDetail }) {
  const last = chain.records.at(-1)?.seq ?? 0;
  const signed = chain.checkpoint_size !== null && chain.checkpoint_size >= last;
  return (
    <SideCard title="In the ledger">
      <p className={classes.chainState}>
        {signed
          ? `Under a signed checkpoint (${counted(chain.checkpoint_size ?? 0, 'record')}).`
          : 'Not yet under a signed checkpoint.'}{' '}
        The chain has {counted(chain.head_seq, 'record')}.
      </p>
      <Table fz="xs" verticalSpacing={3} horizontalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Record</Table.Th>
            <Table.Th ta="right">Position</Table.Th>
            <Table.Th>Hash</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {chain.records.map(({ kind, seq, hash }) => (
            <Table.Tr key={seq}>
              <Table.Td>{KINDS[kind] ?? kind.replaceAll('_', ' ')}</Table.Td>
              <Table.Td ta="right">{formatCount(seq)}</Table.Td>
              <Table.Td>
                <Hash of={hash} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </SideCard>
  );
}

function Whole({ of }: { of: string }) {
  return <code className={classes.hash}>{of}</code>;
}
