import { PageHeader } from '../../shared/page-header.tsx';

export default function ClientsPage() {
  return <PageHeader title="Clients" />;
}
