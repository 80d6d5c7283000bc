import { PageHeader } from '../../shared/page-header.tsx';

export default function SettingsPage() {
  return <PageHeader title="Settings" />;
}
