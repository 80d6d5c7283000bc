import { PageHeader } from '../../shared/page-header.tsx';

export default function ConnectionsPage() {
  return <PageHeader title="Connections" />;
}
