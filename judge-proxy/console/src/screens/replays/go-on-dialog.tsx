import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReplayJob } from '../../../../contract/responses.ts';
import { useAct } from '../../api/hooks.ts';
import { BoundField } from './bound-field.tsx';
import { boundInWords, boundOf, fieldsOf } from './job-words.ts';

interface Props {
  readonly job: ReplayJob;
  readonly onClose: () => void;
}

/** A replay whose bound is spent goes on with a higher one, which somebody has to name. */
export function GoOnDialog({ job, onClose }: Props) {
  const bound = boundOf(job);
  const [most, setMost] = useState<number | null>(bound.value * 2);
  const resume = useAct('resume_replay', { changes: ['read_replay', 'list_replays'], onDone: onClose });
  const fits = most !== null && most > bound.value;
  return (
    <Modal opened onClose={onClose} title="Go on with a higher bound" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) resume.mutate({ params: { id: job.job_id }, body: fieldsOf({ unit: bound.unit, value: most }) });
        }}
      >
        <Text size="sm" mb="md">
          Its bound of {boundInWords(bound)} is spent. What was judged is kept and not asked again.
        </Text>
        <BoundField
          label="Stop at"
          description={`In all, more than ${boundInWords(bound)}`}
          unit={bound.unit}
          value={most}
          onChange={setMost}
        />
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={resume.isPending} disabled={!fits}>
            Go on
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
