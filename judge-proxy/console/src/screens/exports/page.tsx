import { Button, Group, Paper, Radio, Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { Hint } from '../policies/hint.tsx';
import { ErasurePanel } from './erasure-panel.tsx';
import { DateField, TextField } from './fields.tsx';
import { asksOf, type ExportSubject, FORMATS, SUBJECTS, wordsOf } from './formats.ts';

const LABELS = [
  { value: 'violation', label: 'Violation' },
  { value: 'undetermined', label: 'Undetermined' },
  { value: 'clean', label: 'Clean' },
];
const SEVERITIES = ['low', 'medium', 'high', 'critical'];

/** Records as a file; the browser itself downloads it, so that its size does not matter. */
export default function ExportsPage() {
  const search = useSearch({ from: '/signed-in/exports' });
  const navigate = useNavigate({ from: '/exports' });
  const api = useApi();
  const mayErase = useMay('erasures:write');
  const go = (changed: Partial<typeof search>) => void navigate({ search: { ...search, ...changed }, replace: true });
  const subject = search.subject ?? 'verdicts';
  // An address can name what does not go together.
  const asked = asksOf(search, subject);
  const format = asked.format ?? 'jsonl';
  const { says, formats, filters } = wordsOf(subject);
  const address = api.address('export', { query: { ...asked, format, subject } });
  return (
    <>
      <PageHeader title="Exports" about="Whole records leave this machine. Each download stands in the audit." />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <Paper p="md" component="section" aria-label="Download">
          <Select
            label="What"
            description={says}
            inputWrapperOrder={['label', 'input', 'description']}
            allowDeselect={false}
            data={SUBJECTS.map(({ value, label }) => ({ value, label }))}
            value={subject}
            onChange={(value) =>
              void navigate({ search: asksOf(search, (value ?? 'verdicts') as ExportSubject), replace: true })
            }
          />
          <Radio.Group
            mt="md"
            label="Format"
            value={format}
            onChange={(value) => go({ format: value as typeof format })}
          >
            <SimpleGrid cols={2} spacing="xs" mt={6}>
              {FORMATS.filter(({ value }) => formats.includes(value)).map((one) => (
                <Radio key={one.value} value={one.value} label={one.label} description={one.says} />
              ))}
            </SimpleGrid>
          </Radio.Group>
          <SimpleGrid cols={2} spacing="sm" mt="md">
            <DateField label="From" value={search.since} onChange={(since) => go({ since })} />
            <DateField label="Until" value={search.until} onChange={(until) => go({ until })} />
            {filters.includes('route') && (
              <TextField label="Route" value={search.route} onChange={(route) => go({ route })} />
            )}
            {filters.includes('client') && (
              <TextField label="Client" value={search.client} onChange={(client) => go({ client })} />
            )}
            {filters.includes('label') && (
              <Select
                label="Label"
                placeholder="all"
                clearable
                data={LABELS}
                value={search.label ?? null}
                onChange={(label) => go({ label: (label ?? undefined) as typeof search.label })}
              />
            )}
            {filters.includes('min_severity') && (
              <Select
                label="Severity, at least"
                placeholder="any"
                clearable
                data={SEVERITIES}
                value={search.min_severity ?? null}
                onChange={(value) => go({ min_severity: (value ?? undefined) as typeof search.min_severity })}
              />
            )}
          </SimpleGrid>
          <Group mt="lg" justify="flex-end">
            <Button component="a" href={address} download leftSection={<IconDownload size={16} />}>
              Download
            </Button>
          </Group>
        </Paper>
        <div>
          <Paper p="md" component="section" aria-label="By a program" mb="md">
            <Text size="sm" fw={600} mb={4}>
              The same by a program
            </Text>
            <Text size="sm" mb="xs">
              With a token that has exports:read:
            </Text>
            <TextInput
              readOnly
              aria-label="Address of this export"
              value={address}
              mb="sm"
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.75rem' } }}
            />
            <Hint>
              For a steady stream use a sink: it remembers what was delivered, repeats what failed and counts gaps.
            </Hint>
          </Paper>
          {mayErase && <ErasurePanel />}
        </div>
      </SimpleGrid>
    </>
  );
}
