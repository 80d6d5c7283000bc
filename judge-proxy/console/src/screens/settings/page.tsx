import { Paper, SegmentedControl, SimpleGrid, Text, Title, useMantineColorScheme } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useApi } from '../../api/hooks.ts';
import { becomes, useMe } from '../../app/session.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { Time } from '../../shared/time.tsx';
import { PasswordForm } from '../sign-in/password-form.tsx';

export default function SettingsPage() {
  const me = useMe();
  const api = useApi();
  const queryClient = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <PageHeader title="Settings" about={`Signed in as ${me.name}`} />
      <SimpleGrid cols={{ base: 1, md: 2 }} maw={960}>
        <Paper p="lg">
          <Title order={2} size="1rem" mb="sm">
            Password
          </Title>
          <PasswordForm
            onChanged={(changed) => {
              becomes({ api, queryClient }, changed);
              notifications.show({ title: 'Password changed', message: 'Your other sessions have ended.' });
            }}
          />
        </Paper>
        <div>
          <Paper p="lg" mb="md">
            <Title order={2} size="1rem" mb="sm">
              Colours
            </Title>
            <SegmentedControl
              aria-label="Colours"
              value={colorScheme}
              onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
              data={[
                { value: 'auto', label: 'As the system' },
                { value: 'light', label: 'Light' },
                { value: 'dark', label: 'Dark' },
              ]}
            />
          </Paper>
          <Paper p="lg">
            <Title order={2} size="1rem" mb="sm">
              What you may do
            </Title>
            <Text size="sm" mb={4}>
              Role {me.role.replace('_', ' ')}. This session ends at <Time ts={me.expires_at} /> at the latest.
            </Text>
            <Text size="sm" c="dimmed">
              {me.permissions.join(', ')}
            </Text>
          </Paper>
        </div>
      </SimpleGrid>
    </>
  );
}
